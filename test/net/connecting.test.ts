// Connecting, by real sockets, with a resolver and listeners that do as the test says.
import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { firstConnection } from '../../src/net/first-connection.ts';
import { addressesOf } from '../../src/net/names.ts';
import { within } from '../../src/net/within.ts';
import { close, listen } from '../panos/listen.ts';
import { scriptResolver } from './resolver.ts';
import { startSlowListener } from './slow-listener.ts';

const never = new AbortController().signal;
const keepAliveMs = 60_000;

async function startServer(context: TestContext, server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => open.add(socket));
  const port = await listen(server);
  context.after(async () => {
    for (const socket of open) socket.destroy();
    await close(server);
  });
  return port;
}

const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;

/** Connects, and says where to. */
async function reached(addresses: readonly string[], port: number, ms = 10_000): Promise<string | undefined> {
  const late = () => new Error('late');
  const socket = await within({ ms, late }, never, (signal) =>
    firstConnection({ addresses, port, keepAliveMs }, signal),
  );
  const { remoteAddress } = socket;
  socket.destroy();
  return remoteAddress;
}

for (const addresses of [
  ['127.0.0.1', '127.0.0.2'],
  ['127.0.0.2', '127.0.0.1'],
]) {
  test(`a TCP handshake of a second goes on beside other tries: ${addresses.join(', ')}`, async (context) => {
    const to = await startServer(context, createServer());
    await using slow = await startSlowListener({ to });
    const answer = reached(addresses, slow.port);
    setTimeout(() => slow.release(), 500);
    // Nobody listens at 127.0.0.2: it refuses at once, as an address without a way does.
    assert.equal(await answer, '127.0.0.1');
  });
}

test('an address that swallows everything leaves the others their time', async (context) => {
  const port = await startServer(context, createServer());
  await using hole = await startSlowListener({ to: port, host: '127.0.0.2', port });
  assert.equal(hole.port, port);
  assert.equal(await reached(['127.0.0.2', '127.0.0.1'], port), '127.0.0.1');
});

test('where every address fails, the error is that of the first which was reached', async () => {
  const server = createServer();
  const port = await listen(server);
  await close(server);
  await assert.rejects(reached(['127.0.0.1', '127.0.0.2'], port), { code: 'ECONNREFUSED' });
  // A multicast address is no destination of TCP: there is no way to it.
  await assert.rejects(reached(['224.0.0.1', '127.0.0.2'], port), { code: 'ECONNREFUSED' });
  await assert.rejects(reached(['224.0.0.1'], port), { code: 'ENETUNREACH' });
});

test('a limit ends all tries, and leaves no socket behind', async (context) => {
  const to = await startServer(context, createServer());
  await using slow = await startSlowListener({ to });
  const before = sockets();
  await assert.rejects(reached(['127.0.0.1', '127.0.0.1'], slow.port, 400), /late/);
  // They are closed in the next turns.
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(sockets(), before);
});

test('addresses are tried in the order of the resolver, families by turns', async (context) => {
  scriptResolver(context, {
    'fw-a.example.net': ['10.0.0.1', '10.0.0.2', '10.0.0.3', '2001:db8::1'],
    'fw-b.example.net': ['2001:db8::1', '2001:db8::2', '10.0.0.1'],
  });
  const a = await addressesOf('fw-a.example.net', 1000, never);
  assert.deepEqual(a, ['10.0.0.1', '2001:db8::1', '10.0.0.2', '10.0.0.3']);
  const b = await addressesOf('fw-b.example.net', 1000, never);
  assert.deepEqual(b, ['2001:db8::1', '10.0.0.1', '2001:db8::2']);
});

test('an address is not looked up', async (context) => {
  const resolver = scriptResolver(context, {});
  for (const address of ['10.0.0.1', '2001:db8::1'])
    assert.deepEqual(await addressesOf(address, 1000, never), [address]);
  assert.deepEqual(resolver.asked, []);
});

test('a lookup that never ends is given up by whoever asked, and asked once for all', async (context) => {
  const resolver = scriptResolver(context, { 'fw-a.example.net': undefined });
  const early = { name: 'NameError', code: 'DNS_TIMEOUT', message: /fw-a\.example\.net.*in 0\.05 s/ };
  await assert.rejects(addressesOf('fw-a.example.net', 50, never), early);
  const late = addressesOf('fw-a.example.net', 10_000, never);
  await assert.rejects(addressesOf('fw-a.example.net', 50, never), early);
  const stop = new AbortController();
  const stopped = addressesOf('fw-a.example.net', 10_000, stop.signal);
  stop.abort(new Error('stopping'));
  await assert.rejects(stopped, /stopping/);
  assert.deepEqual(resolver.asked, ['fw-a.example.net']);
  resolver.answer(['10.0.0.1']);
  assert.deepEqual(await late, ['10.0.0.1']);
});

test('a resolver that fails is told with its code, and asked again the next time', async (context) => {
  const resolver = scriptResolver(context, {
    'no-such.example.net': 'ENOTFOUND',
    'away.example.net': 'EAI_AGAIN',
    'empty.example.net': [],
  });
  for (const [host, code, message] of [
    ['no-such.example.net', 'ENOTFOUND', /unknown to the DNS/],
    ['away.example.net', 'EAI_AGAIN', /could not be resolved/],
    ['empty.example.net', 'ENOTFOUND', /has no address/],
  ] as const) {
    await assert.rejects(addressesOf(host, 1000, never), { name: 'NameError', code, host, message });
  }
  await assert.rejects(addressesOf('away.example.net', 1000, never), { code: 'EAI_AGAIN' });
  assert.equal(resolver.asked.length, 4);
});

test('a process that stood still hears what had arrived meanwhile before its time limit', async (context) => {
  const port = await startServer(context, createServer());
  const socket = within({ ms: 20, late: () => new Error('late') }, never, () => {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const made = connect(port, '127.0.0.1', () => resolve(made));
    return promise;
  });
  // The connection is made by the kernel while nothing here runs.
  const until = performance.now() + 60;
  while (performance.now() < until);
  (await socket).destroy();
});

test('names without an answer are looked up one after the other: they leave others the threads', async (context) => {
  const away = ['a.away.example.net', 'b.away.example.net', 'c.away.example.net'];
  const resolver = scriptResolver(context, { 'fw-a.example.net': ['10.0.0.1'] });
  const ask = (names: readonly string[], ms: number) =>
    Promise.allSettled(names.map((name) => addressesOf(name, ms, never)));
  for (const name of away) {
    await ask([name], 1_100);
    resolver.answer([]);
    await new Promise(setImmediate);
  }
  assert.deepEqual(resolver.asked, away);
  const again = ask(away, 10_000);
  assert.deepEqual(await addressesOf('fw-a.example.net', 1000, never), ['10.0.0.1']);
  const [first, ...others] = away;
  assert.deepEqual(resolver.asked.slice(3).sort(), [first, 'fw-a.example.net']);
  // They answer again: each in its turn, and from then on at once.
  for (let turn = 0; turn < away.length; turn += 1) {
    resolver.answer(['10.0.0.2']);
    await new Promise(setImmediate);
  }
  assert.deepEqual(resolver.asked.slice(5), others);
  assert.deepEqual(new Set((await again).map(({ status }) => status)), new Set(['fulfilled']));
  await new Promise(setImmediate);
  const last = ask(away, 1000);
  // Two threads first, and then the third name.
  for (let turn = 0; turn < 2; turn += 1) {
    resolver.answer(['10.0.0.2']);
    await new Promise(setImmediate);
  }
  await last;
  assert.deepEqual(resolver.asked.slice(7), away);
});

test('a name that only waited for a thread is not taken for one without an answer', async (context) => {
  const silent = ['a.silent.example.net', 'b.silent.example.net'];
  const resolver = scriptResolver(context, { 'fw-b.example.net': ['10.0.0.1'] });
  const ask = (names: readonly string[], ms: number) =>
    Promise.allSettled(names.map((name) => addressesOf(name, ms, never)));
  // Both threads are taken for longer than an answer takes.
  const [, , waited] = await ask([...silent, 'fw-b.example.net'], 1_100);
  assert.equal(waited?.status, 'rejected');
  resolver.answer([]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const again = ask(silent, 10_000);
  assert.deepEqual(await addressesOf('fw-b.example.net', 1000, never), ['10.0.0.1']);
  for (let turn = 0; turn < silent.length; turn += 1) {
    resolver.answer(['10.0.0.2']);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await again;
});
