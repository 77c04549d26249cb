// The proxy's faults, as the two ends of a connection feel them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { waitFor } from './wait-for.ts';

/** A server that sends back what it gets, and a proxy in front of it. */
async function startEcho(t: TestContext): Promise<{ proxy: TcpProxy; served: Set<Socket> }> {
  const served = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    served.add(socket);
    socket.on('error', () => undefined).on('close', () => served.delete(socket));
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startTcpProxy({ port: (server.address() as AddressInfo).port });
  t.after(async () => {
    await proxy.close();
    server.close();
  });
  return { proxy, served };
}

type Client = { socket: Socket; heard: () => string; error: () => string | undefined };

async function startClient(proxy: TcpProxy): Promise<Client> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  let heard = '';
  let error: string | undefined;
  socket.on('data', (chunk) => (heard += chunk.toString()));
  socket.on('error', (cause) => (error = 'code' in cause ? String(cause.code) : cause.message));
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return { socket, heard: () => heard, error: () => error };
}

test('bytes pass in both directions, and the end of one direction leaves the other open', async (t) => {
  const { proxy } = await startEcho(t);
  const { socket, heard } = await startClient(proxy);
  const large = 'x'.repeat(5_000_000);
  socket.end(large);
  await once(socket, 'end');
  assert.equal(heard().length, large.length);
  await waitFor(() => proxy.connections() === 0, { what: 'the connection to be gone' });
});

test('a frozen connection stays open and silent, and what was sent arrives when it thaws', async (t) => {
  const { proxy } = await startEcho(t);
  const client = await startClient(proxy);
  client.socket.write('before ');
  await waitFor(() => client.heard() === 'before ', { what: 'the echo' });
  proxy.freeze();
  client.socket.write('meanwhile');
  await sleep(100);
  assert.equal(client.heard(), 'before ');
  assert.equal(client.error(), undefined);
  assert.equal(proxy.connections(), 1);
  proxy.thaw();
  await waitFor(() => client.heard() === 'before meanwhile', { what: 'the late echo' });
});

test('a frozen proxy accepts new connections and says nothing on them', async (t) => {
  const { proxy } = await startEcho(t);
  proxy.freeze();
  const client = await startClient(proxy);
  client.socket.write('hello');
  await sleep(100);
  assert.equal(client.heard(), '');
  assert.equal(client.error(), undefined);
  proxy.thaw();
  await waitFor(() => client.heard() === 'hello', { what: 'the late echo' });
});

test('the end of a frozen connection is not passed on before it thaws', async (t) => {
  const { proxy, served } = await startEcho(t);
  const client = await startClient(proxy);
  client.socket.write('x');
  await waitFor(() => client.heard() === 'x', { what: 'the echo' });
  proxy.freeze();
  client.socket.destroy();
  await sleep(100);
  assert.equal(served.size, 1, 'the server still believes in its client');
  proxy.thaw();
  await waitFor(() => served.size === 0, { what: 'the server to learn of it' });
});

test('resetAll resets both ends, also of a frozen connection, and new ones work', async (t) => {
  const { proxy, served } = await startEcho(t);
  for (const frozen of [false, true]) {
    const client = await startClient(proxy);
    client.socket.write('x');
    await waitFor(() => client.heard() === 'x', { what: 'the echo' });
    if (frozen) proxy.freeze();
    proxy.resetAll();
    await waitFor(() => client.error() === 'ECONNRESET', { what: 'the reset' });
    await waitFor(() => served.size === 0, { what: 'the reset of the server' });
    proxy.thaw();
  }
  assert.equal(proxy.connections(), 0);
});

test('resetAll closes a connection whose end is being passed on at that very moment', async (t) => {
  const { proxy, served } = await startEcho(t);
  const client = await startClient(proxy);
  client.socket.write('x');
  await waitFor(() => client.heard() === 'x', { what: 'the echo' });
  for (const socket of served) socket.unpipe().resume();
  // The bell rings in the same round of the event loop in which the proxy learns of the end.
  const bell = createServer((socket) => socket.on('data', proxy.resetAll)).listen(0, '127.0.0.1');
  await once(bell, 'listening');
  const ringer = connect((bell.address() as AddressInfo).port, '127.0.0.1');
  await once(ringer, 'connect');
  client.socket.end(() => ringer.write('ring'));
  const isClosed = () => {
    for (const socket of served) socket.write('still there?');
    return served.size === 0;
  };
  await waitFor(isClosed, { what: 'the server to learn of it', timeoutMs: 2_000 });
  ringer.destroy();
  bell.close();
});

test('refuse turns away new connections only, and accept ends it on the same port', async (t) => {
  const { proxy } = await startEcho(t);
  const { port } = proxy;
  const old = await startClient(proxy);
  proxy.refuse();
  assert.equal((await startClient(proxy)).error(), 'ECONNREFUSED');
  old.socket.write('still here');
  await waitFor(() => old.heard() === 'still here', { what: 'the echo on the open connection' });
  await proxy.accept();
  assert.equal(proxy.port, port);
  const client = await startClient(proxy);
  client.socket.write('again');
  await waitFor(() => client.heard() === 'again', { what: 'the echo' });
});

test('a client of a server that is not there is reset', async () => {
  const nobody = createServer().listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  const { port } = nobody.address() as AddressInfo;
  nobody.close();
  await once(nobody, 'close');
  await using proxy = await startTcpProxy({ port });
  const client = await startClient(proxy);
  await waitFor(() => client.error() === 'ECONNRESET', { what: 'the reset' });
  assert.equal(proxy.connections(), 0);
});

test('close ends every connection and frees the port', async (t) => {
  const { proxy } = await startEcho(t);
  const client = await startClient(proxy);
  client.socket.write('x');
  await waitFor(() => client.heard() === 'x', { what: 'the echo' });
  await proxy.close();
  await waitFor(() => client.socket.closed, { what: "the client's end" });
  assert.equal((await startClient(proxy)).error(), 'ECONNREFUSED');
  await proxy.close();
});
