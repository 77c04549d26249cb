// Identity in TLS handshakes: the name by which the peer is known, and what of one connection serves the next.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createServer, type SecureVersion } from 'node:tls';
import { createConnector, type ConnectorOptions } from '../../src/net/connector.ts';
import { issue } from '../harness/pki.ts';
import { close, listen } from '../panos/listen.ts';

const authority = issue({ name: 'ca', isAuthority: true });

type Peer = {
  readonly port: number;
  /** Whether each connection whose handshake ended resumed a session. */
  readonly resumed: boolean[];
  /** How many of the next connections end before their handshake. */
  cuts: number;
};

async function startPeer(
  context: TestContext,
  alternatives: readonly string[],
  maxVersion: SecureVersion = 'TLSv1.3',
): Promise<Peer> {
  const { cert, key } = issue({ name: 'peer', issuer: authority, alternatives });
  const open = new Set<Socket>();
  const server = createServer({ cert, key, maxVersion }, (socket) => {
    peer.resumed.push(socket.isSessionReused());
    socket.on('error', () => undefined).write('hello');
  });
  server.on('connection', (socket: Socket) => {
    open.add(socket.on('error', () => undefined));
    if (peer.cuts <= 0) return;
    peer.cuts -= 1;
    socket.end();
  });
  const peer: Peer = { port: await listen(server), resumed: [], cuts: 0 };
  context.after(async () => {
    for (const socket of open) socket.destroy();
    await close(server);
  });
  return peer;
}

function connecting(context: TestContext, tls: ConnectorOptions['tls']) {
  const connector = createConnector({
    tls: { ca: authority.cert, ...tls },
    limits: { nameMs: 5000, connectMs: 5000 },
  });
  context.after(() => connector.close());
  /** Resolves when the peer has said something: with TLS 1.3 the session comes with that. */
  return async (hostname: string, { port }: Peer): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const target = { hostname, protocol: 'https:', port: String(port) };
    connector.connect(target, (error, socket) => {
      if (error !== null) return reject(error);
      socket.once('data', () => {
        socket.destroy();
        resolve();
      });
    });
    await promise;
  };
}

test('where an address is the name that the certificate must have, that of the host is none', async (context) => {
  const asked = await startPeer(context, ['10.96.0.1']);
  const other = await startPeer(context, ['127.0.0.1', 'localhost']);
  const connect = connecting(context, { servername: '10.96.0.1' });
  for (const host of ['127.0.0.1', 'localhost']) {
    await connect(host, asked);
    await assert.rejects(connect(host, other), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  }
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`the next connection resumes the session, unless a handshake failed meanwhile, ${version}`, async (context) => {
    const peer = await startPeer(context, ['127.0.0.1'], version);
    const connect = connecting(context, {});
    for (let i = 0; i < 3; i++) await connect('127.0.0.1', peer);
    assert.deepEqual(peer.resumed, [false, true, true]);
    peer.cuts = 1;
    await assert.rejects(connect('127.0.0.1', peer), { name: 'HandshakeCut' });
    // It may have been the session that the peer, or something on the way, does not bear.
    await connect('127.0.0.1', peer);
    assert.deepEqual(peer.resumed, [false, true, true, false]);
  });
}
