// A listener that lets nobody in until the test says so: its queue is full, so the kernel drops each further SYN, which the
// caller sends again after a second. What a long way or a lost packet does, and until it is released a black hole.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export type SlowListener = AsyncDisposable & {
  readonly port: number;
  /** Lets in whoever comes, and those that waited. */
  readonly release: () => void;
};

type Work = { readonly host: string; readonly port: number; readonly to: number; readonly gate: Int32Array };

/** @param to connections are passed on to this port of 127.0.0.1. */
export async function startSlowListener(options: {
  readonly to: number;
  readonly host?: string;
  readonly port?: number;
}): Promise<SlowListener> {
  const { to, host = '127.0.0.1', port = 0 } = options;
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const work: Work = { host, port, to, gate };
  const worker = new Worker(import.meta.filename, { workerData: work });
  const [bound] = (await once(worker, 'message')) as [number];
  const fillers = Array.from({ length: 4 }, () => connect(bound, host).on('error', () => undefined));
  // The first two stand; the others wait as the caller will.
  await Promise.all(fillers.slice(0, 2).map((socket) => once(socket, 'connect')));
  const release = () => {
    for (const socket of fillers) socket.destroy();
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  };
  return {
    port: bound,
    release,
    async [Symbol.asyncDispose]() {
      release();
      await worker.terminate();
    },
  };
}

function serve({ host, port, to, gate }: Work): void {
  const server = createServer((near: Socket) => {
    const far = connect(to, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  server.listen({ host, port, backlog: 1 }, () => {
    const address = server.address();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    parentPort?.postMessage(address !== null && typeof address === 'object' ? address.port : 0);
    // Nothing is accepted while this thread stands still.
    setImmediate(() => Atomics.wait(gate, 0, 0));
  });
}

if (!isMainThread) serve(workerData as Work);
