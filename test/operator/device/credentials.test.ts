// Credentials of connections, from a spec and its Secret: which device gets which, and when none gets any.

import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFirewall } from '../../../src/kubernetes/resources/parse.ts';
import { connectionSettings, readSecret } from '../../../src/operator/device/credentials.ts';

const endpoint = 'https://pano-a.example.net';
const peerEndpoint = 'https://pano-b.example.net';

const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
const authorities = { 'edge-ca': pem('AAAA'), 'other-ca': pem('BBBB') };

function settingsOf(spec: object, secret: Readonly<Record<string, string>>) {
  const parsed = parseFirewall({
    kind: 'PanFirewall',
    metadata: { name: 'edge', uid: 'u', generation: 1 },
    spec: {
      endpoint,
      tagPrefix: 'k8s.',
      credentials: { secretRef: { name: 'edge' } },
      namespaceSelector: {},
      deletionPolicy: 'Retain',
      ...spec,
    },
  });
  assert.ok(parsed.ok);
  const cas = Object.entries(authorities).map(([name, ca]) => [name, new Map([['ca.crt', ca]])] as const);
  return connectionSettings(parsed.settings, new Map([['edge', new Map(Object.entries(secret))], ...cas]));
}

const loginsOf = (spec: object, secret: Readonly<Record<string, string>>) =>
  settingsOf(spec, secret).map((one) => [one.endpoint, one.login] as const);

test('a device alone is one connection', () => {
  assert.deepEqual(loginsOf({}, { apiKey: 'key\n' }), [[endpoint, { apiKey: 'key' }]]);
});

test('the peer has the same credentials, unless the Secret has a key of its own for it', () => {
  const pair = { peerEndpoint };
  assert.deepEqual(loginsOf(pair, { apiKey: 'key' }), [
    [endpoint, { apiKey: 'key' }],
    [peerEndpoint, { apiKey: 'key' }],
  ]);
  assert.deepEqual(loginsOf(pair, { apiKey: 'key', peerApiKey: 'other\n' }), [
    [endpoint, { apiKey: 'key' }],
    [peerEndpoint, { apiKey: 'other' }],
  ]);
  const login = { username: 'operator', password: 'pass' };
  assert.deepEqual(loginsOf(pair, { ...login, peerApiKey: 'other' }), [
    [endpoint, { ...login, method: 'ApiKey' }],
    [peerEndpoint, { ...login, method: 'ApiKey' }],
  ]);
});

test('trust, server name, proxy and calls at once are the same for both', () => {
  const spec = {
    peerEndpoint,
    tls: { serverName: 'panorama.example.net' },
    proxyUrl: 'http://proxy:3128',
    limits: { maxConcurrentCalls: 3 },
  };
  const [one, other] = settingsOf(spec, { apiKey: 'key' });
  assert.deepEqual({ ...one, endpoint: peerEndpoint }, other);
});

test('everything that is wrong with the Secrets is told at once, each with the keys that are needed', () => {
  const complaintOf = (spec: object, secret: Readonly<Record<string, string>>) => {
    try {
      settingsOf(spec, secret);
      return undefined;
    } catch (error) {
      return error instanceof DeviceError ? error.message : String(error);
    }
  };
  const tls = { caSecretRef: { name: 'absent' } };
  const wanted = 'the Secret edge needs the key "apiKey", or "username" and "password"';
  const authority = 'create the Secret absent with the key "ca.crt" in the operator\'s namespace';
  assert.equal(complaintOf({ tls }, { token: 'x' }), `${wanted}; ${authority}`);
  assert.equal(complaintOf({ tls }, { apiKey: 'key' }), authority);
  assert.equal(complaintOf({}, { username: 'me' }), wanted);
  assert.match(
    complaintOf({ credentials: { secretRef: { name: 'login' }, method: 'Basic' }, tls }, {}) ?? '',
    /^create the Secret login in the operator's namespace, with the keys "username" and "password", as .*; create the Secret absent /,
  );
  assert.match(
    complaintOf({}, { endpoint: 'https://x' }) ?? '',
    /^the key "endpoint" of Secret edge must equal .*; the Secret edge needs the key "apiKey"/,
  );
});

const bindings = [
  { what: 'nothing bound', secret: {}, spec: { peerEndpoint }, complaint: undefined },
  { what: 'both bound', secret: { endpoint, peerEndpoint }, spec: { peerEndpoint }, complaint: undefined },
  {
    what: 'a peer bound, none in the spec',
    secret: { endpoint, peerEndpoint },
    spec: {},
    complaint: undefined,
  },
  { what: 'another endpoint bound', secret: { endpoint: 'https://x' }, spec: {}, complaint: 'endpoint' },
  {
    what: 'the endpoint alone bound',
    secret: { endpoint },
    spec: { peerEndpoint },
    complaint: 'peerEndpoint',
  },
  {
    what: 'another peer bound',
    secret: { peerEndpoint: 'https://x' },
    spec: { peerEndpoint },
    complaint: 'peerEndpoint',
  },
  {
    what: 'both bound, the other way round',
    secret: { endpoint: peerEndpoint, peerEndpoint: endpoint },
    spec: { peerEndpoint },
    complaint: 'endpoint',
  },
];

for (const { what, secret, spec, complaint } of bindings) {
  const outcome = complaint === undefined ? 'the credentials are used' : 'they are sent nowhere';
  test(`${what}: ${outcome}`, () => {
    const open = () => settingsOf(spec, { apiKey: 'key', ...secret });
    if (complaint === undefined) {
      assert.ok(open().length > 0);
      return;
    }
    const says = `the key "${complaint}" of Secret edge must equal spec.${complaint} `;
    assert.throws(
      open,
      (error) =>
        error instanceof DeviceError && error.reason === 'SecretMissing' && error.message.startsWith(says),
    );
  });
}

const ca = { caSecretRef: { name: 'edge-ca' } };
const both = pem('AAAA') + pem('BBBB');
/** Of a Secret that is bound by its key `endpoint`: what of the spec decides who reads the credentials. */
const readers: readonly {
  readonly what: string;
  readonly secret?: Readonly<Record<string, string>>;
  readonly spec: object;
  readonly complaint?: RegExp;
}[] = [
  { what: 'nothing but the endpoint', spec: {} },
  {
    what: 'verification skipped',
    spec: { tls: { insecureSkipVerify: true } },
    complaint: /set spec\.tls\.insecureSkipVerify to false/,
  },
  {
    what: 'verification skipped, everything else repeated',
    secret: { serverName: 'fw', proxyUrl: 'http://proxy:3128', 'ca.crt': both },
    spec: { tls: { ...ca, serverName: 'fw', insecureSkipVerify: true }, proxyUrl: 'http://proxy:3128' },
    complaint: /insecureSkipVerify/,
  },
  {
    what: 'a server name that is not repeated',
    spec: { tls: { serverName: 'fw' } },
    complaint: /the key "serverName" of Secret edge must equal spec\.tls\.serverName \(fw\)/,
  },
  {
    what: 'another server name',
    secret: { serverName: 'fw' },
    spec: { tls: { serverName: 'evil' } },
    complaint: /"serverName".*\(evil\)/,
  },
  { what: 'the server name repeated', secret: { serverName: 'fw\n' }, spec: { tls: { serverName: 'fw' } } },
  { what: 'a server name that the spec does not use', secret: { serverName: 'fw' }, spec: {} },
  {
    what: 'a proxy that is not repeated',
    spec: { proxyUrl: 'http://proxy:3128' },
    complaint: /the key "proxyUrl" of Secret edge must equal spec\.proxyUrl/,
  },
  {
    what: 'another proxy',
    secret: { proxyUrl: 'http://proxy:3128' },
    spec: { proxyUrl: 'http://evil:3128' },
    complaint: /"proxyUrl"/,
  },
  {
    what: 'the proxy repeated',
    secret: { proxyUrl: 'http://proxy:3128' },
    spec: { proxyUrl: 'http://proxy:3128' },
  },
  {
    what: 'a CA that is not repeated',
    spec: { tls: ca },
    complaint: /the key "ca\.crt" of Secret edge must hold the certificates of Secret edge-ca/,
  },
  {
    what: 'another CA',
    secret: { 'ca.crt': pem('AAAA') },
    spec: { tls: { caSecretRef: { name: 'other-ca' } } },
    complaint: /"ca\.crt".*other-ca/,
  },
  {
    what: 'a CA in the Secret and none in the spec',
    secret: { 'ca.crt': pem('AAAA') },
    spec: {},
    complaint: /set spec\.tls\.caSecretRef\.name to edge/,
  },
  { what: 'the CA repeated', secret: { 'ca.crt': pem('AAAA').replaceAll('\n', '\r\n') }, spec: { tls: ca } },
  { what: 'the CA as one of several', secret: { 'ca.crt': both }, spec: { tls: ca } },
  {
    what: 'the CA in the same Secret',
    secret: { 'ca.crt': both },
    spec: { tls: { caSecretRef: { name: 'edge' } } },
  },
];

for (const { what, secret = {}, spec, complaint } of readers) {
  const outcome = complaint === undefined ? 'the credentials are used' : 'they are sent nowhere';
  test(`a bound Secret, ${what}: ${outcome}`, () => {
    const login = { apiKey: 'key', ...secret };
    const open = () => settingsOf(spec, { ...login, endpoint });
    if (complaint === undefined) assert.equal(open().length, 1);
    else
      assert.throws(
        open,
        (error) =>
          error instanceof DeviceError && error.reason === 'SecretMissing' && complaint.test(error.message),
      );
    // A Secret that is not bound lets the PanFirewall say it all.
    assert.equal(settingsOf(spec, login).length, 1);
  });
}

const served = (data: Readonly<Record<string, string | Buffer>>) =>
  readSecret({
    metadata: { name: 'edge' },
    data: Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  });

test('a byte order mark is no part of any value', () => {
  const { data } = served({ apiKey: '\uFEFFkey', username: '\uFEFFme\r\n', password: '\uFEFFsecret\r\n' });
  assert.deepEqual([...data.values()], ['key', 'me\r\n', 'secret\r\n']);
  const { apiKey: _, ...login } = Object.fromEntries(data);
  assert.deepEqual(loginsOf({}, login), [
    [endpoint, { username: 'me', password: 'secret', method: 'ApiKey' }],
  ]);
});

test('a value in UTF-16, or no text at all, is named by its key and the character, and never shown', () => {
  const bad: readonly (readonly [string, Buffer, string])[] = [
    ['apiKey', Buffer.from('topsecret', 'utf16le'), 'U+0000'],
    ['password', Buffer.from([0x61, 0xff, 0xfe, 0x62]), 'U+FFFD'],
    ['username', Buffer.from('me\u0007'), 'U+0007'],
  ];
  for (const [key, value, character] of bad) {
    const { data } = served({ username: 'me', password: 'pass', [key]: value });
    assert.throws(
      () => loginsOf({}, Object.fromEntries(data)),
      (error) => {
        assert.ok(error instanceof DeviceError);
        assert.equal(error.reason, 'SecretMissing');
        assert.ok(
          error.message.includes(`the key ${key} of the Secret edge holds the character ${character}`),
        );
        assert.ok(!error.message.includes('secret\0') && !error.message.includes('topsecret'));
        return true;
      },
    );
  }
});
