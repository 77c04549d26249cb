// Every way in which a device, a proxy, TLS or DNS can fail, played on loopback, with what the operator makes of it.
// docs/failures.md, "Every way to fail", has the same rows.
import type { ConditionReason } from '../../src/core/model/model.ts';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { makeCertificates } from '../../simulator/certificates.ts';
import type { PanosClientOptions } from '../../src/panos/client/client.ts';
import { startConnectProxy } from '../harness/connect-proxy.ts';
import { scriptResolver } from '../net/resolver.ts';
import { success } from './clients.ts';
import { fixture } from './fixtures.ts';
import { close, listen } from './listen.ts';
import { startMiddlebox } from './middlebox.ts';
import { issue, type Issued } from '../harness/pki.ts';
import { type Answer, cut, hang, reply, startDeviceOver, startScriptedDevice } from './scripted-device.ts';

/** What a client is told to talk to. */
export type Stage = AsyncDisposable & {
  readonly endpoint: string;
  readonly ca: string;
  readonly options?: Partial<PanosClientOptions>;
};

/** One row: a message of registrations is sent, and fails. */
export type Way = {
  readonly what: string;
  readonly reason: ConditionReason;
  readonly retry: 'backoff' | 'slow';
  readonly applied: 'no' | 'unknown';
  /** Words of the message: what is wrong as the library said it, or what helps. */
  readonly says: string;
  readonly set: (context: TestContext) => Promise<Stage>;
};

const unavailable = { reason: 'DeviceUnavailable', retry: 'backoff', applied: 'no' } as const;
const unanswered = { ...unavailable, applied: 'unknown' } as const;
const proxySlow = { ...unavailable, retry: 'slow' } as const;
const untrusted = { reason: 'UntrustedCertificate', retry: 'slow', applied: 'no' } as const;
const strange = { reason: 'InvalidResponse', retry: 'backoff', applied: 'unknown' } as const;
const misplaced = { ...strange, retry: 'slow' } as const;
const refused = { reason: 'AuthenticationFailed', retry: 'slow', applied: 'no' } as const;

/** Short: what never comes is waited for as long. The other one leaves a busy machine time for its handshake. */
const hasty = { timeouts: { connectMs: 250, callMs: 60_000 } };
const impatient = { timeouts: { connectMs: 10_000, callMs: 1500 } };
const { ca: anyCa } = makeCertificates();

/** A device whose connections the test handles from their first byte on. */
async function raw(
  handle: (socket: Socket) => void,
  options: Partial<PanosClientOptions> = {},
): Promise<Stage> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    handle(socket);
  });
  const port = await listen(server);
  return {
    endpoint: `https://127.0.0.1:${port}`,
    ca: anyCa,
    options,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await close(server);
    },
  };
}

/** Answers the ClientHello with a fatal TLS alert. */
const alert = (description: number) => () =>
  raw((socket) => {
    socket.once('data', () => socket.end(Buffer.of(21, 3, 3, 0, 2, 2, description)));
  });

async function closedPort(): Promise<Stage> {
  const server = createServer();
  const port = await listen(server);
  await close(server);
  return { endpoint: `https://127.0.0.1:${port}`, ca: anyCa, async [Symbol.asyncDispose]() {} };
}

const root = issue({ name: 'root of the test', isAuthority: true });
const issuing = issue({ name: 'issuing CA of the test', isAuthority: true, issuer: root });
const here = ['localhost', '127.0.0.1'];

/** A device with this certificate; `root` is trusted. */
const shows = (leaf: Issued, chain = '') =>
  startDeviceOver({ ca: root.cert, cert: leaf.cert + chain, key: leaf.key }, reply(success));

/** A device whose keys and digests are those of long ago, which OpenSSL only serves when told to. */
const showsWeak = (leaf: Issued) =>
  startDeviceOver(
    { ca: root.cert, cert: leaf.cert, key: leaf.key, ciphers: 'DEFAULT:@SECLEVEL=0' },
    reply(success),
  );

/** With TLS 1.3 the client's message is on its way when the device says so. */
function asksForCertificate(): Promise<Stage> {
  const { cert, key } = issue({ name: 'x', issuer: root, alternatives: here });
  return startDeviceOver(
    { ca: root.cert, cert, key, requestCert: true, minVersion: 'TLSv1.3' },
    reply(success),
  );
}

/** The algorithm of the certificate's key is changed on its way to one that nobody knows. TLS 1.2 shows it in the clear. */
async function damaged(): Promise<Stage> {
  const leaf = issue({ name: 'x', issuer: root, alternatives: here, rsaBits: 2048 });
  const { cert, key } = leaf;
  const device = await startDeviceOver({ ca: root.cert, cert, key, maxVersion: 'TLSv1.2' }, reply(success));
  const rsa = Buffer.from('2a864886f70d010101', 'hex');
  const box = await startMiddlebox(
    () => Number(new URL(device.endpoint).port),
    () => true,
    (bytes) => {
      const at = bytes.indexOf(rsa);
      if (at >= 0) bytes[at + rsa.length - 1] = 0x63;
      return bytes;
    },
  );
  return {
    endpoint: `https://127.0.0.1:${box.port}`,
    ca: root.cert,
    async [Symbol.asyncDispose]() {
      await box[Symbol.asyncDispose]();
      await device[Symbol.asyncDispose]();
    },
  };
}

type ProxyScript = Parameters<Awaited<ReturnType<typeof startConnectProxy>>['refuse']>[0];

/** A good device behind a proxy that refuses so. */
const behind =
  (how: ProxyScript, options: Partial<PanosClientOptions> = {}) =>
  async (): Promise<Stage> => {
    const device = await startScriptedDevice(reply(success));
    const proxy = await startConnectProxy();
    proxy.refuse(how);
    return {
      endpoint: device.endpoint,
      ca: device.ca,
      options: { ...options, proxy: { url: proxy.url } },
      async [Symbol.asyncDispose]() {
        await proxy[Symbol.asyncDispose]();
        await device[Symbol.asyncDispose]();
      },
    };
  };

async function behindNothing(): Promise<Stage> {
  const { endpoint } = await closedPort();
  const proxy = { url: endpoint.replace('https:', 'http:') };
  return { endpoint: 'https://127.0.0.1:1', ca: anyCa, options: { proxy }, async [Symbol.asyncDispose]() {} };
}

/** A proxy that answers a CONNECT by the end of the connection. */
async function behindCut(): Promise<Stage> {
  const proxy = await raw((socket) => {
    socket.once('data', () => socket.destroy());
  });
  const options = { proxy: { url: proxy.endpoint.replace('https:', 'http:') } };
  return { ...proxy, endpoint: 'https://127.0.0.1:1', options };
}

async function behindStranger(): Promise<Stage> {
  const proxy = await startConnectProxy({ tls: makeCertificates() });
  return {
    endpoint: 'https://127.0.0.1:1',
    ca: anyCa,
    options: { proxy: { url: proxy.url } },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

/** The resolver's answer to the endpoint's name. */
const named =
  (code: string | undefined) =>
  async (context: TestContext): Promise<Stage> => {
    scriptResolver(context, code === undefined ? {} : { 'fw-a.example.net': code });
    return {
      endpoint: 'https://fw-a.example.net',
      ca: anyCa,
      options: hasty,
      async [Symbol.asyncDispose]() {},
    };
  };

const answers =
  (answer: Answer, options: Partial<PanosClientOptions> = {}) =>
  async (): Promise<Stage> => ({ ...(await startScriptedDevice(answer)), options });

const html = '<html><body>Sign in</body></html>';
const status = (code: number, headers: Readonly<Record<string, string>> = {}) =>
  answers(reply(html, code, { 'content-type': 'text/html', ...headers }));
const refusal = (name: string, code = 200) => answers(reply(fixture(name), code));
const says = (code: string, words: string) =>
  answers(reply(`<response status="error" code="${code}"><msg>${words}</msg></response>`));

const endless: Answer = (_, response) => {
  const chunk = '<msg>endless</msg>'.repeat(10_000);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
};
const drops: Answer = (_, response) => {
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
};
const halfBody: Answer = (_, response) => {
  response.writeHead(200, { 'content-length': '500' });
  response.write('<response status="success">', () => response.destroy());
};
const noHttp: Answer = ({ socket }) => {
  socket.end('220 smtp.example.net ESMTP\r\n');
};
const longHead: Answer = (_, response) => {
  response.writeHead(200, { 'x-padding': 'x'.repeat(20_000) }).end(success);
};

export const ways: readonly Way[] = [
  // The way to the device.
  { what: 'its name is not in the DNS', ...unavailable, says: 'ENOTFOUND', set: named('ENOTFOUND') },
  { what: 'the DNS does not know now', ...unavailable, says: 'EAI_AGAIN', set: named('EAI_AGAIN') },
  { what: 'the DNS does not answer', ...unavailable, says: 'DNS_TIMEOUT', set: named(undefined) },
  { what: 'its port is closed', ...unavailable, says: 'refuses connections', set: closedPort },
  {
    what: 'it accepts the connection and is silent',
    ...unavailable,
    says: 'in time',
    set: () => raw(() => undefined, hasty),
  },
  // TLS.
  {
    what: 'the handshake is reset',
    ...unavailable,
    says: 'cut during the TLS handshake',
    set: () => raw((socket) => socket.once('data', () => socket.resetAndDestroy())),
  },
  {
    what: 'the handshake is closed',
    ...unavailable,
    says: 'cut during the TLS handshake',
    set: () => raw((socket) => socket.once('data', () => socket.end())),
  },
  {
    what: 'a TLS alert (handshake failure)',
    ...unavailable,
    says: 'OpenSSL says: ssl/tls alert handshake failure',
    set: alert(40),
  },
  { what: 'it speaks TLS 1.1 at most', ...unavailable, says: 'allow TLS 1.2 on it', set: alert(70) },
  {
    what: 'it asks for a client certificate',
    ...unanswered,
    says: 'take the certificate profile off',
    set: asksForCertificate,
  },
  {
    what: 'it speaks HTTP without TLS',
    ...unavailable,
    says: 'check that the endpoint is an HTTPS port',
    set: () => raw((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))),
  },
  // Its certificate.
  {
    what: 'a certificate of another CA',
    ...untrusted,
    says: 'name the CA that signed it in tls.caSecretRef',
    set: async () => ({ ...(await startScriptedDevice(reply(success))), ca: root.cert }),
  },
  {
    what: 'a certificate that is signed by itself',
    ...untrusted,
    says: "compare the certificate, and the address of the endpoint's name",
    set: () => shows(issue({ name: 'PA-VM', alternatives: here })),
  },
  {
    what: "a certificate without the issuing CA's, and only the root in ca.crt",
    ...untrusted,
    says: 'name the CA that signed it in tls.caSecretRef',
    set: () => shows(issue({ name: 'x', issuer: issuing, alternatives: here })),
  },
  {
    what: 'a certificate that has expired',
    ...untrusted,
    says: 'Renew it on the device',
    set: () => shows(issue({ name: 'x', issuer: root, alternatives: here, days: [-30, -1] })),
  },
  {
    what: 'a certificate that is not valid yet',
    ...untrusted,
    says: 'Check the clocks',
    set: () => shows(issue({ name: 'x', issuer: root, alternatives: here, days: [1, 30] })),
  },
  {
    what: 'a certificate for another host',
    ...untrusted,
    says: 'for fw-a.example.net. If that is the device, set tls.serverName to it',
    set: () => shows(issue({ name: 'x', issuer: root, alternatives: ['fw-a.example.net'] })),
  },
  {
    what: 'a certificate for another address',
    ...untrusted,
    says: 'for 192.0.2.7. If that is the device, name it in the endpoint',
    set: () => shows(issue({ name: 'x', issuer: root, alternatives: ['192.0.2.7'] })),
  },
  {
    what: 'a certificate without a SAN, its CN an address',
    ...untrusted,
    says: 'Reissue the certificate with 127.0.0.1 in its alternative names',
    set: () => shows(issue({ name: '127.0.0.1', issuer: root })),
  },
  {
    what: 'a certificate whose key is too short',
    ...untrusted,
    says: 'OpenSSL says: EE certificate key too weak',
    set: () => showsWeak(issue({ name: 'x', issuer: root, alternatives: here, rsaBits: 1024 })),
  },
  {
    what: 'a certificate that is signed with SHA-1',
    ...untrusted,
    says: 'Reissue it with SHA-256 or better',
    set: () => showsWeak(issue({ name: 'x', issuer: root, alternatives: here, digest: 'sha1' })),
  },
  {
    what: 'a certificate with a key of a kind that nobody knows',
    ...untrusted,
    says: 'OpenSSL says: decode error',
    set: damaged,
  },
  // The proxy.
  { what: 'the proxy is not there', ...unavailable, says: 'ECONNREFUSED', set: behindNothing },
  {
    what: 'the proxy is silent',
    ...unavailable,
    says: 'no answer in time',
    set: behind('hang', hasty),
  },
  {
    what: 'the proxy closes the connection',
    ...unavailable,
    says: 'the connection to the proxy failed',
    set: behindCut,
  },
  {
    what: "the proxy's certificate is not trusted",
    ...proxySlow,
    says: 'NODE_EXTRA_CA_CERTS',
    set: behindStranger,
  },
  {
    what: 'the proxy refuses the way (HTTP 403)',
    ...proxySlow,
    says: 'what the proxy allows',
    set: behind(403),
  },
  {
    what: 'the proxy asks for a login (HTTP 407)',
    ...proxySlow,
    says: 'HTTPS_PROXY of the operator',
    set: behind(407),
  },
  {
    what: 'the proxy does not reach it (HTTP 502, 503, 504)',
    ...unavailable,
    says: 'could not connect to the device',
    set: behind(502),
  },
  // The answer, as far as it is not one of the device itself.
  { what: 'the connection is cut before an answer', ...unanswered, says: 'was cut', set: answers(cut) },
  { what: 'the answer is cut off', ...unanswered, says: 'was cut', set: answers(halfBody) },
  { what: 'no answer', ...unanswered, says: 'did not answer in time', set: answers(hang, impatient) },
  {
    what: 'an answer drop by drop',
    ...unanswered,
    says: 'did not answer in time',
    set: answers(drops, impatient),
  },
  { what: 'an answer without an end', ...strange, says: 'SIZE_LIMIT', set: answers(endless) },
  { what: 'a head of 20 KB', ...strange, says: 'UND_ERR_HEADERS_OVERFLOW', set: answers(longHead) },
  { what: 'no HTTP', ...strange, says: 'does not speak the XML API', set: answers(noHttp) },
  { what: 'an empty body', ...strange, says: 'no well-formed XML', set: answers(reply('')) },
  { what: 'an HTML page', ...strange, says: 'no XML API reply', set: answers(reply(html)) },
  {
    what: 'half a document',
    ...strange,
    says: 'less than a whole answer',
    set: answers(reply(success.slice(0, 60))),
  },
  {
    what: 'a compressed body, which was not asked for',
    ...strange,
    says: 'no UTF-8 text',
    set: answers(reply(gzipSync(success), 200, { 'content-encoding': 'gzip' })),
  },
  {
    what: 'a redirect (HTTP 301 to 308)',
    ...misplaced,
    says: 'Name the device itself',
    set: status(302, { location: 'https://127.0.0.1:1/' }),
  },
  {
    what: 'HTTP 401 without words of the device',
    ...refused,
    applied: 'unknown',
    says: 'Check the credentials',
    set: status(401),
  },
  {
    what: 'HTTP 403 without words of the device',
    ...refused,
    applied: 'unknown',
    says: 'whether a proxy is in front of the device',
    set: status(403),
  },
  { what: 'HTTP 404', ...misplaced, says: 'Check the endpoint and its port', set: status(404) },
  {
    what: 'HTTP 407, of a proxy that nobody named',
    ...proxySlow,
    applied: 'unknown',
    says: 'spec.proxyUrl',
    set: status(407),
  },
  { what: 'HTTP 429', ...unanswered, says: 'HTTP 429', set: status(429) },
  { what: 'HTTP 500', ...unanswered, says: 'HTTP 500', set: status(500) },
  { what: 'HTTP 502', ...unanswered, says: 'HTTP 502', set: status(502) },
  { what: 'HTTP 503', ...unanswered, says: 'HTTP 503', set: status(503) },
  { what: 'HTTP 504', ...unanswered, says: 'HTTP 504', set: status(504) },
  // The device's own refusal.
  {
    what: 'it refuses the credentials (code 403, under HTTP 200 or 403)',
    ...refused,
    says: 'Check the Secret',
    set: refusal('keygen.invalid-credential.panos-10.2-blog', 403),
  },
  {
    what: 'it misses a right (code 403, "not authorized for user role")',
    ...refused,
    reason: 'RoleNotAuthorized',
    says: 'allow User-ID Agent and Operational Requests',
    set: refusal('op.role-not-authorized.pan-os-clients', 403),
  },
  {
    what: 'it calls the request unauthorized (code 16), which may be either',
    ...refused,
    says: 'Check the Secret, and that the XML API tab',
    set: refusal('op.unauth-code-16.pan-os-clients'),
  },
  {
    what: 'it says "not now" (not ready, initializing, timed out)',
    ...unanswered,
    says: 'It said: User-ID is not ready',
    set: says('13', 'User-ID is not ready'),
  },
  {
    what: 'it refuses with a code that is not known',
    reason: 'RegistrationRejected',
    retry: 'slow',
    applied: 'unknown',
    says: 'It said: words of the device',
    set: says('999', 'words of the device'),
  },
];
