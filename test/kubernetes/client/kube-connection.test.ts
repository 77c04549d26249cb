// The road to the API server over TLS: who is trusted, who we say we are, and that rotation needs no restart.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { createKubeHttp, type KubeHttp } from '../../../src/kubernetes/client/http.ts';
import { issue } from '../../harness/pki.ts';
import { waitFor } from '../../harness/wait-for.ts';
import { makeCertificates, type ServerCertificate } from '../../../simulator/certificates.ts';
import { connectTo } from '../reflector/scripted-api.ts';

const never = new AbortController().signal;
const identity = makeCertificates(['inner.example.net']);

type Api = { readonly url: string; readonly server: Server; readonly seen: IncomingMessage[] };

async function startTls(context: TestContext, options: object = {}, answer?: RequestListener): Promise<Api> {
  const seen: IncomingMessage[] = [];
  const server = createServer({ ...identity, ...options }, (request, response) => {
    seen.push(request);
    if (answer) answer(request, response);
    else response.setHeader('content-type', 'application/json').end('{"ok":true}');
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, server, seen };
}

function httpFor(context: TestContext, url: string, user: object, cluster: object): KubeHttp {
  const connection = connectTo(url, user, cluster);
  context.after(() => connection.close());
  return createKubeHttp({ connection, userAgent: 'test' });
}

function folder(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'pan-tag-connection-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const trusting = ({ ca }: ServerCertificate) => ({ 'certificate-authority-data': base64(ca) });
const get = (http: KubeHttp) => http.json({ path: '/version', signal: never });

test('the server must be signed by the configured authority, and the error says so', async (context) => {
  const api = await startTls(context);
  assert.deepEqual(await get(httpFor(context, api.url, {}, trusting(identity))), { ok: true });
  const other = makeCertificates();
  await assert.rejects(get(httpFor(context, api.url, {}, trusting(other))), {
    name: 'KubeUnreachableError',
    message: /not signed by the kubeconfig's certificate-authority/,
  });
  await assert.rejects(get(httpFor(context, api.url, {}, {})), { name: 'KubeUnreachableError' });
  const skipping = httpFor(context, api.url, {}, { 'insecure-skip-tls-verify': true });
  assert.deepEqual(await get(skipping), { ok: true });
});

test('an issuing CA without its root is authority enough, as for kubectl', async (context) => {
  const root = issue({ name: 'root', isAuthority: true });
  const issuing = issue({ name: 'issuing CA', isAuthority: true, issuer: root });
  const { cert, key } = issue({ name: 'api', issuer: issuing, alternatives: ['127.0.0.1'] });
  const api = await startTls(context, { cert: cert + issuing.cert, key });
  const trust = { 'certificate-authority-data': base64(issuing.cert) };
  assert.deepEqual(await get(httpFor(context, api.url, {}, trust)), { ok: true });
});

test("tls-server-name replaces the server's own name in the check and in SNI", async (context) => {
  const api = await startTls(context);
  const misnamed = { ...trusting(identity), 'tls-server-name': 'outer.example.net' };
  await assert.rejects(get(httpFor(context, api.url, {}, misnamed)), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    message: /tls-server-name/,
  });
  const named = { ...trusting(identity), 'tls-server-name': 'inner.example.net' };
  assert.deepEqual(await get(httpFor(context, api.url, {}, named)), { ok: true });
  const socket = api.seen[0]?.socket as (TLSSocket & { servername?: string }) | undefined;
  assert.equal(socket?.servername, 'inner.example.net');
});

test('a client certificate says who we are', async (context) => {
  const api = await startTls(context, { requestCert: true, rejectUnauthorized: false });
  const client = makeCertificates();
  const user = { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key) };
  assert.deepEqual(await get(httpFor(context, api.url, user, trusting(identity))), { ok: true });
  assert.equal(fingerprintOfClient(api), new X509Certificate(client.cert).fingerprint256);
});

test('a rotated authority is used without restart, while open watches go on', async (context) => {
  const api = await startTls(context, {}, (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    if (request.url === '/watch') response.write('open');
    else response.end('{"ok":true}');
  });
  const caFile = join(folder(context), 'ca.crt');
  writeFileSync(caFile, identity.ca);
  const http = httpFor(context, api.url, {}, { 'certificate-authority': caFile });
  const watch = await http.stream({ path: '/watch', signal: never });
  let [text, ended] = ['', false];
  const reading = watch.forEach((chunk) => {
    text += String(chunk);
  });
  reading.catch(() => {
    ended = true;
  });
  await waitFor(() => text === 'open', { what: 'the first chunk' });

  const next = makeCertificates();
  api.server.setSecureContext({ cert: next.cert, key: next.key });
  writeFileSync(caFile, next.ca);
  assert.deepEqual(await get(http), { ok: true });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(ended, false);
  watch.destroy();
  await assert.rejects(reading, { name: 'KubeUnreachableError' });
});

test('an unchanged authority keeps the connections', async (context) => {
  const api = await startTls(context);
  const caFile = join(folder(context), 'ca.crt');
  writeFileSync(caFile, identity.ca);
  const http = httpFor(context, api.url, {}, { 'certificate-authority': caFile });
  for (let i = 0; i < 10; i += 1) {
    await get(http);
    writeFileSync(caFile, identity.ca);
  }
  // undici opens a second one when the first is a tick late to be free.
  assert.ok(new Set(api.seen.map(({ socket }) => socket)).size <= 2);
});

/** As client-node describes the ServiceAccount of the Pod that it runs in. */
const tokenFrom = (tokenFile: string) => ({ 'auth-provider': { name: 'tokenFile', config: { tokenFile } } });

test('a token file is read again after a minute, and at once after a 401', async (context) => {
  const tokens: (string | undefined)[] = [];
  const api = await startTls(context, {}, (request, response) => {
    tokens.push(request.headers.authorization);
    response.writeHead(request.headers.authorization === 'Bearer revoked' ? 401 : 200).end('{}');
  });
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const tokenFile = join(folder(context), 'token');
  writeFileSync(tokenFile, 'first\n');
  const http = httpFor(context, api.url, tokenFrom(tokenFile), trusting(identity));
  await get(http);
  writeFileSync(tokenFile, 'revoked');
  await get(http);
  context.mock.timers.tick(60_001);
  await assert.rejects(get(http), { name: 'KubeApiError', status: 401 });
  writeFileSync(tokenFile, 'second');
  await get(http);
  assert.deepEqual(tokens, ['Bearer first', 'Bearer first', 'Bearer revoked', 'Bearer second']);
});

test('missing credentials are a typed error that names the file', async (context) => {
  const api = await startTls(context);
  const http = httpFor(context, api.url, tokenFrom('/nowhere/token'), trusting(identity));
  await assert.rejects(get(http), { name: 'KubeUnreachableError', code: 'CREDENTIALS', message: /nowhere/ });
});

/** A credential plugin that counts its runs, and prints what the file `answer` beside it holds. */
function plugin(context: TestContext) {
  const directory = folder(context);
  const script = join(directory, 'plugin.mjs');
  const runs = join(directory, 'runs');
  const answer = join(directory, 'answer');
  writeFileSync(
    script,
    `import { appendFileSync, readFileSync } from 'node:fs';
     appendFileSync(${JSON.stringify(runs)}, 'run\\n');
     process.stderr.write(process.env.COMPLAINT ?? '');
     process.stdout.write(readFileSync(${JSON.stringify(answer)}));
     process.exitCode = process.env.COMPLAINT ? 1 : 0;`,
  );
  chmodSync(script, 0o755);
  const user = (env: Record<string, string> = {}) => ({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: [script],
      env: Object.entries(env).map(([name, value]) => ({ name, value })),
    },
  });
  return {
    user,
    print: (status: unknown) =>
      writeFileSync(answer, typeof status === 'string' ? status : JSON.stringify({ status })),
    runs: () => readFileSync(runs, 'utf8').trim().split('\n'),
  };
}

test('a credential plugin is run once for many calls, again when its token expires and after a 401', async (context) => {
  const tokens: (string | undefined)[] = [];
  const api = await startTls(context, {}, (request, response) => {
    tokens.push(request.headers.authorization);
    response.writeHead(request.headers.authorization === 'Bearer revoked' ? 401 : 200).end('{}');
  });
  const { user, print, runs } = plugin(context);
  const http = httpFor(context, api.url, user(), trusting(identity));
  print({ token: 'one', expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString() });
  await Promise.all([get(http), get(http), get(http)]);
  assert.equal(runs().length, 1);

  context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  context.mock.timers.tick(3_600_001);
  print({ token: 'revoked' });
  await assert.rejects(get(http), { status: 401 });
  print({ token: 'two' });
  await get(http);
  context.mock.timers.tick(86_400_000);
  await get(http);
  assert.equal(runs().length, 3, 'a token without expiry stays');
  assert.deepEqual(tokens.slice(3), ['Bearer revoked', 'Bearer two', 'Bearer two']);
});

test('a credential plugin may hand out a client certificate', async (context) => {
  const api = await startTls(context, { requestCert: true, rejectUnauthorized: false });
  const { user, print } = plugin(context);
  const client = makeCertificates();
  print({ clientCertificateData: client.cert, clientKeyData: client.key });
  await get(httpFor(context, api.url, user(), trusting(identity)));
  assert.equal(fingerprintOfClient(api), new X509Certificate(client.cert).fingerprint256);
});

test('what goes wrong in a plugin is told without what it printed', async (context) => {
  const api = await startTls(context);
  const { user, print } = plugin(context);
  const fails = (userEntry: object, message: RegExp) =>
    assert.rejects(get(httpFor(context, api.url, userEntry, trusting(identity))), (error: Error) => {
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  print('hunter2');
  await fails(user(), /printed no ExecCredential/);
  print({ token: 'hunter2' });
  await fails(user({ COMPLAINT: 'please log in' }), /failed or printed/);
  await fails(
    { exec: { apiVersion: 'v1', command: 'no-such-plugin-anywhere' } },
    /not installed, or not in PATH/,
  );
});

test('a plugin that takes its time does not hold up whoever gives up waiting', async (context) => {
  const api = await startTls(context);
  const args = ['-e', 'setTimeout(() => console.log(JSON.stringify({ status: { token: "late" } })), 400)'];
  const user = { exec: { apiVersion: 'v1', command: process.execPath, args } };
  const http = httpFor(context, api.url, user, trusting(identity));
  await assert.rejects(http.json({ path: '/version', timeoutMs: 50, signal: never }), { code: 'TIMEOUT' });
  assert.deepEqual(await get(http), { ok: true });
});

test('a proxy-url is used, with its credentials, and TLS still ends at the API server', async (context) => {
  const api = await startTls(context);
  const tunnels: { url: string | undefined; authorization: string | undefined }[] = [];
  const proxy = createPlainServer();
  const open = new Set<Socket>();
  proxy.on('connect', (request, client: Socket) => {
    tunnels.push({ url: request.url, authorization: request.headers['proxy-authorization'] });
    const [host = '', port] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
    }
    upstream.pipe(client).pipe(upstream);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    for (const socket of open) socket.destroy();
    proxy.close();
  });
  const { port } = proxy.address() as AddressInfo;
  const cluster = { ...trusting(identity), 'proxy-url': `http://me:pass@127.0.0.1:${port}` };
  assert.deepEqual(await get(httpFor(context, api.url, {}, cluster)), { ok: true });
  assert.deepEqual(tunnels, [{ url: new URL(api.url).host, authorization: `Basic ${base64('me:pass')}` }]);
  const mistrusting = {
    ...trusting(makeCertificates()),
    'proxy-url': `http://127.0.0.1:${port}`,
  };
  await assert.rejects(get(httpFor(context, api.url, {}, mistrusting)), { name: 'KubeUnreachableError' });
});

test('giving up, and the time limit, work while a connection is still being made', async (context) => {
  const silent = createTcpServer();
  const open = new Set<Socket>();
  silent.on('connection', (socket) => open.add(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    for (const socket of open) socket.destroy();
    silent.close();
  });
  // A proxy that never answers CONNECT keeps undici connecting.
  const { port } = silent.address() as AddressInfo;
  const http = httpFor(context, 'https://api.example.net', {}, { 'proxy-url': `http://127.0.0.1:${port}` });
  const start = performance.now();
  const limited = http.request({ path: '/x', timeoutMs: 50, signal: never });
  await assert.rejects(limited, { name: 'KubeUnreachableError', code: 'TIMEOUT' });
  const controller = new AbortController();
  const stream = http.stream({ path: '/x', signal: controller.signal });
  setTimeout(() => controller.abort(new Error('shutting down')), 20);
  await assert.rejects(stream, /shutting down/);
  assert.ok(performance.now() - start < 2000);
});

function fingerprintOfClient({ seen }: Api): string | undefined {
  return (seen[0]?.socket as TLSSocket | undefined)?.getPeerCertificate().fingerprint256;
}
