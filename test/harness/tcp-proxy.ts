// A TCP proxy on loopback that can fail the way networks do: silence, resets, refusals.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';

export type TcpProxy = {
  /** On 127.0.0.1; the same for the proxy's whole life. */
  readonly port: number;
  /** How many connections have an end that is open. */
  readonly connections: () => number;
  /**
   * Nothing passes any more, in either direction, and no end of a connection does; new connections are accepted and
   * hear nothing. As behind a dead peer, each side can send until its buffers are full.
   */
  readonly freeze: () => void;
  /** What was sent meanwhile arrives late, as after a network that healed. */
  readonly thaw: () => void;
  /** RST to every client and every server connection. */
  readonly resetAll: () => void;
  /** New connections are refused; those that are open go on. */
  readonly refuse: () => void;
  /** Ends refuse(); resolves when connections are accepted again. */
  readonly accept: () => Promise<void>;
  /** Another machine is at this address from now on: what is open is reset, new connections go to that port. */
  readonly retarget: (port: number) => void;
  readonly close: () => Promise<void>;
} & AsyncDisposable;

/** Forwards from a free port on 127.0.0.1 to host:port. host defaults to 127.0.0.1. */
export async function startTcpProxy(target: {
  readonly port: number;
  readonly host?: string;
}): Promise<TcpProxy> {
  const { host = '127.0.0.1' } = target;
  let targetPort = target.port;
  const pairs = new Set<Pair>();
  let frozen = false;
  const admit = (client: Socket): void => {
    const upstream = connect({ port: targetPort, host, allowHalfOpen: true });
    const pair = makePair(client, upstream, () => pairs.delete(pair));
    pairs.add(pair);
    if (frozen) pair.hold();
  };
  let server: Server | undefined = await listen(0, admit);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const { port } = address;
  const refuse = (): void => {
    server?.close();
    server = undefined;
  };
  const resetAll = (): void => pairs.forEach((pair) => pair.reset());
  const close = async (): Promise<void> => {
    refuse();
    resetAll();
    // Sockets are destroyed already; this waits for their 'close' events.
    while (pairs.size > 0) await setImmediate();
  };
  return {
    port,
    connections: () => pairs.size,
    retarget(port) {
      targetPort = port;
      resetAll();
    },
    freeze() {
      frozen = true;
      for (const pair of pairs) pair.hold();
    },
    thaw() {
      frozen = false;
      for (const pair of pairs) pair.letGo();
    },
    resetAll,
    refuse,
    async accept() {
      server ??= await listen(port, admit);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listen(port: number, admit: (client: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, admit).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

type Pair = {
  readonly hold: () => void;
  readonly letGo: () => void;
  readonly reset: () => void;
};

function makePair(client: Socket, upstream: Socket, gone: () => void): Pair {
  let held = false;
  // Ends and failures that came while nothing may pass; data waits in the sockets' own buffers.
  let late: (() => void)[] = [];
  const pass = (act: () => void): void => {
    if (held) late.push(act);
    else act();
  };
  const reset = (): void => {
    resetSocket(client);
    resetSocket(upstream);
  };
  const forward = (from: Socket, to: Socket): void => {
    from.on('data', (chunk) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (!held) from.resume();
    });
    from.on('end', () => pass(() => to.end()));
    // One side failed: the other has to learn of it in the same way.
    from.on('error', () => pass(reset));
    from.on('close', () => {
      pass(() => to.destroySoon());
      if (to.closed) gone();
    });
  };
  forward(client, upstream);
  forward(upstream, client);
  return {
    hold() {
      held = true;
      client.pause();
      upstream.pause();
    },
    letGo() {
      held = false;
      client.resume();
      upstream.resume();
      for (const act of late) act();
      late = [];
    },
    reset,
  };
}

/**
 * A plain destroy where Node's reset would fail: it waits for a connection that is still being made, perhaps for
 * minutes, and one whose end is being sent at this moment it neither resets nor closes, ever, nor can Node 24 exit then.
 */
function resetSocket(socket: Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished;
  if (socket.connecting || isEnding) socket.destroy();
  else socket.resetAndDestroy();
}
