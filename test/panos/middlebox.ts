// Something between a client and a server that looks at the first bytes of each connection, and may not like them.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { close, listen } from './listen.ts';

export type Middlebox = AsyncDisposable & {
  readonly port: number;
  /** Bytes of the TLS records with which the connections so far began, in their order. */
  readonly hellos: readonly number[];
};

/** Bytes of a TLS record's head: its type, version and length (RFC 8446, 5.1). */
const headBytes = 5;

/**
 * Passes connections on to a port of loopback.
 * @param to asked for the port at each connection.
 * @param likes asked of the length of the first TLS record, which holds the ClientHello; false: the connection is reset.
 * @param changes what comes back from the server.
 */
export async function startMiddlebox(
  to: () => number,
  likes: (helloBytes: number) => boolean,
  changes: (bytes: Buffer) => Buffer = (bytes) => bytes,
): Promise<Middlebox> {
  const hellos: number[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    return socket.on('close', () => sockets.delete(socket));
  };

  const carry = async (client: Socket): Promise<void> => {
    let hello = Buffer.alloc(0);
    while (hello.length < headBytes || hello.length < headBytes + hello.readUInt16BE(3)) {
      const [chunk] = (await once(client, 'data')) as [Buffer];
      hello = Buffer.concat([hello, chunk]);
    }
    client.pause();
    hellos.push(hello.length);
    if (!likes(hello.length)) {
      client.resetAndDestroy();
      return;
    }
    const server = keep(connect(to(), '127.0.0.1'));
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
    server.on('data', (bytes: Buffer) => client.write(changes(bytes)));
    server.write(hello);
    client.pipe(server);
  };
  const server = createServer((client) => {
    keep(client);
    carry(client).catch(() => client.destroy());
  });
  const port = await listen(server);
  return {
    port,
    hellos,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await close(server);
    },
  };
}
