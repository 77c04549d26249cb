// From a spec and its Secret to connections: which device gets which credentials, and when none gets any.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFirewall } from '../../src/kubernetes/resources/parse.ts';
import { connectionSettings } from '../../src/operator/credentials.ts';
import { DeviceFailure } from '../../src/operator/device-port.ts';

const endpoint = 'https://pano-a.example.net';
const peerEndpoint = 'https://pano-b.example.net';

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
  return connectionSettings(parsed.connection, new Map([['edge', new Map(Object.entries(secret))]]));
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
        error instanceof DeviceFailure && error.reason === 'SecretMissing' && error.message.startsWith(says),
    );
  });
}
