// Connections to the API server that are slow to be made, that are not made at all, and that nobody needs any more.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createApi } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { makeCertificates } from '../../simulator/certificates.ts';
import { createKubeHttp } from '../../src/kubernetes/client/http.ts';
import { startConnectProxy } from '../harness/connect-proxy.ts';
import { scriptResolver } from '../net/resolver.ts';
import { startSlowListener } from '../net/slow-listener.ts';
import { close, listen } from '../panos/listen.ts';
import { connectTo } from './reflector/scripted-api.ts';

const never = new AbortController().signal;
const identity = makeCertificates(['api.example.net']);
const trusting = { 'certificate-authority-data': Buffer.from(identity.ca).toString('base64') };

async function start(context: TestContext, server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket.on('error', () => undefined)));
  const port = await listen(server);
  context.after(async () => {
    for (const socket of open) socket.destroy();
    await close(server);
  });
  return port;
}

const startApi = (context: TestContext) =>
  start(
    context,
    createApi(identity, (_, response) => response.end('{}')),
  );

function httpTo(context: TestContext, url: string, cluster: object = {}) {
  const connection = connectTo(url, {}, { ...trusting, ...cluster });
  context.after(() => connection.close());
  return { connection, http: createKubeHttp({ connection, userAgent: 'test' }) };
}

const get = { path: '/version', signal: never };

for (const how of ['direct', 'through a proxy'] as const) {
  test(`an API server whose handshake takes a second is reached although its name has a second address, ${how}`, async (context) => {
    const port = await startApi(context);
    await using proxy = await startConnectProxy();
    const to = how === 'direct' ? port : Number(new URL(proxy.url).port);
    await using slow = await startSlowListener({ to });
    scriptResolver(context, {
      'api.example.net': ['127.0.0.2', '127.0.0.1'],
      'proxy.example.net': ['127.0.0.1', '127.0.0.2'],
    });
    const { http } =
      how === 'direct'
        ? httpTo(context, `https://api.example.net:${slow.port}`)
        : httpTo(context, `https://127.0.0.1:${port}`, {
            'proxy-url': `http://proxy.example.net:${slow.port}`,
          });
    const answer = http.json(get);
    setTimeout(() => slow.release(), 400);
    assert.deepEqual(await answer, {});
  });
}

/** Accepts connections and says nothing: a process that stands still, as its kernel answers for it. */
async function startSilent(context: TestContext) {
  const server = createServer();
  const port = await start(context, server);
  return { server, port };
}

for (const how of ['direct', 'through a proxy', 'a proxy that is silent', 'a SOCKS proxy'] as const) {
  test(`an API server that accepts connections and stays silent is given up after 3 s: ${how}`, async (context) => {
    const { port } = await startSilent(context);
    await using proxy = await startConnectProxy();
    const silent = `http://127.0.0.1:${port}`;
    const { http } = {
      direct: () => httpTo(context, `https://127.0.0.1:${port}`),
      'through a proxy': () => httpTo(context, `https://127.0.0.1:${port}`, { 'proxy-url': proxy.url }),
      'a proxy that is silent': () => httpTo(context, 'https://127.0.0.1:1', { 'proxy-url': silent }),
      'a SOCKS proxy': () =>
        httpTo(context, 'https://127.0.0.1:1', { 'proxy-url': `socks5://127.0.0.1:${port}` }),
    }[how]();
    await assert.rejects(http.json({ ...get, timeoutMs: 9_000 }), (error: Error & { code?: string }) => {
      assert.equal(error.name, 'KubeUnreachableError');
      assert.notEqual(error.code, 'TIMEOUT');
      return true;
    });
  });
}

test('a DNS that does not answer is said as such, after 3 s', async (context) => {
  scriptResolver(context, {});
  const { http } = httpTo(context, 'https://api.example.net');
  await assert.rejects(http.json(get), {
    name: 'KubeUnreachableError',
    code: 'DNS_TIMEOUT',
    message: /api\.example\.net could not be resolved in 3 s/,
  });
});

for (const how of ['direct', 'through a proxy', 'a proxy that is silent', 'a SOCKS proxy'] as const) {
  test(`a close ends a connection that is in its handshake with a silent server: ${how}`, async (context) => {
    const { server, port } = await startSilent(context);
    await using proxy = await startConnectProxy();
    const silent = `http://127.0.0.1:${port}`;
    const { connection, http } = {
      direct: () => httpTo(context, `https://127.0.0.1:${port}`),
      'through a proxy': () => httpTo(context, `https://127.0.0.1:${port}`, { 'proxy-url': proxy.url }),
      'a proxy that is silent': () => httpTo(context, 'https://127.0.0.1:1', { 'proxy-url': silent }),
      'a SOCKS proxy': () =>
        httpTo(context, 'https://127.0.0.1:1', { 'proxy-url': `socks5://127.0.0.1:${port}` }),
    }[how]();
    const stop = new AbortController();
    const accepted = once(server, 'connection');
    const call = http.json({ ...get, signal: stop.signal });
    const [socket] = (await accepted) as [Socket];
    const spoken = once(socket, 'data');
    await spoken;
    const left = once(socket, 'close');
    stop.abort(new Error('stopping'));
    await assert.rejects(call, /stopping/);
    await connection.close();
    // Its limit would end it in 3 s.
    const late = new AbortController();
    const tooLate = new Promise((_, reject) => {
      const timer = setTimeout(() => reject(new Error('the connection still stands')), 1_500);
      late.signal.addEventListener('abort', () => clearTimeout(timer));
    });
    await Promise.race([left, tooLate]).finally(() => late.abort());
  });
}
