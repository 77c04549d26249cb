// Whom the client trusts: certificates, names, CAs; and that nothing is sent to anyone else.
import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCertificates } from '../../../simulator/certificates.ts';
import { startConnectProxy } from '../../harness/connect-proxy.ts';
import { clientOf, failure, message, never, success } from '../clients.ts';
import { issue, type Wanted } from '../../harness/pki.ts';
import { reply, startDeviceOver, startScriptedDevice } from '../scripted-device.ts';

test('a certificate of another CA is not trusted, and nothing is sent', async () => {
  await using device = await startScriptedDevice(reply(success));
  for (const ca of [makeCertificates().ca, undefined]) {
    await using client = clientOf(device, { tls: { ca, insecureSkipVerify: false } });
    const { reason, retry, applied } = await failure(client.update(message, never));
    assert.deepEqual([reason, retry, applied], ['UntrustedCertificate', 'slow', 'no']);
  }
  assert.equal(device.received.length, 0);
});

test('the certificate must have the name of the endpoint, or the one that is named instead', async () => {
  await using device = await startScriptedDevice(reply(success));
  const tls = (serverName: string) => ({ ca: device.ca, serverName, insecureSkipVerify: false });
  await using other = clientOf(device, { tls: tls('fw.example.net') });
  const { reason, message: text } = await failure(other.update(message, never));
  assert.equal(reason, 'UntrustedCertificate');
  assert.match(text, /serverName/);
  assert.equal(device.received.length, 0);
  await using named = clientOf(device, { tls: tls('localhost') });
  await named.update(message, never);
  await using byHost = clientOf({ ...device, endpoint: device.endpoint.replace('127.0.0.1', 'localhost') });
  await byHost.update(message, never);
  assert.equal(device.received.length, 2);
});

test('verification is skipped only when asked for', async () => {
  await using device = await startScriptedDevice(reply(success));
  await using client = clientOf(device, { tls: { insecureSkipVerify: true, serverName: 'fw.example.net' } });
  await client.update(message, never);
  assert.equal(device.received.length, 1);
});

test('a CA that is no certificate is refused before anything is sent', () => {
  const garbage = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  for (const ca of ['', 'no PEM', garbage, makeCertificates().ca + garbage]) {
    assert.throws(
      () => clientOf({ endpoint: 'https://127.0.0.1:1', ca }),
      (error) =>
        error instanceof DeviceError && error.reason === 'UntrustedCertificate' && error.applied === 'no',
    );
  }
});

const root = issue({ name: 'root', isAuthority: true });
const issuing = issue({ name: 'issuing CA', isAuthority: true, issuer: root });
const leaf = issue({ name: 'fw', issuer: issuing, alternatives: ['127.0.0.1'] });
const own = issue({ name: 'PA-VM', alternatives: ['127.0.0.1'] });

const anchors = [
  ['an issuing CA without its root', leaf, issuing.cert, issuing.cert],
  ['an issuing CA that the device does not send', leaf, '', issuing.cert],
  ['a root, the device sends the chain', leaf, issuing.cert, root.cert],
  ["the device's own certificate, signed by a CA", leaf, '', leaf.cert],
  ["the device's own certificate, signed by itself", own, '', own.cert],
] as const;

for (const [what, shown, chain, ca] of anchors) {
  test(`what ca.crt names is trusted, with and without a proxy: ${what}`, async () => {
    const { cert, key } = shown;
    await using device = await startDeviceOver({ ca, cert: cert + chain, key }, reply(success));
    await using proxy = await startConnectProxy();
    for (const options of [{}, { proxy: { url: proxy.url } }]) {
      await using client = clientOf(device, options);
      await client.update(message, never);
    }
    assert.equal(device.received.length, 2);
    assert.equal(proxy.tunnels(), 1);
  });
}

test('an issuing CA vouches for nothing that another one has signed', async () => {
  const other = issue({ name: 'another issuing CA', isAuthority: true, issuer: root });
  const { cert, key } = leaf;
  await using device = await startDeviceOver(
    { ca: other.cert, cert: cert + issuing.cert, key },
    reply(success),
  );
  await using client = clientOf(device);
  assert.equal((await failure(client.update(message, never))).reason, 'UntrustedCertificate');
  assert.equal(device.received.length, 0);
});

const names: readonly (readonly [string, Partial<Wanted>, RegExp, RegExp])[] = [
  [
    'several names',
    { alternatives: ['a.example.net', 'b.example.net'] },
    /for a\.example\.net, b\.example\.net\. .*tls\.serverName/,
    /endpoint/,
  ],
  ['a wildcard', { alternatives: ['*.example.net'] }, /for \*\.example\.net\. .*tls\.serverName/, /endpoint/],
  [
    'only a CN that is a name',
    { name: 'fw-a.example.net' },
    /for fw-a\.example\.net\. .*tls\.serverName/,
    /endpoint/,
  ],
  [
    'a CN that does not count beside an address',
    { name: 'fw-a.example.net', alternatives: ['192.0.2.7'] },
    /for 192\.0\.2\.7\. .*endpoint/,
    /serverName/,
  ],
  [
    'a CN that is an address',
    { name: '127.0.0.1' },
    /Reissue the certificate with 127\.0\.0\.1/,
    /serverName/,
  ],
  [
    'a CN that is a sentence',
    { name: 'a firewall of ours' },
    /Reissue the certificate with 127\.0\.0\.1/,
    /serverName/,
  ],
  [
    'many names',
    { alternatives: Array.from({ length: 100 }, (_, n) => `fw-${n}.example.net`) },
    /for fw-0.example.net, fw-1.example.net, fw-2.example.net and 97 more\. /,
    /fw-3\./,
  ],
];

for (const [what, wanted, says, silent] of names) {
  test(`of a certificate for somebody else the message says what helps: ${what}`, async () => {
    const { cert, key } = issue({ name: 'x', issuer: root, ...wanted });
    await using device = await startDeviceOver({ ca: root.cert, cert, key }, reply(success));
    await using client = clientOf(device);
    const { reason, message: text } = await failure(client.update(message, never));
    assert.equal(reason, 'UntrustedCertificate');
    assert.match(text, says);
    assert.doesNotMatch(text, silent);
    // The advice is true: with a name that is offered the device is reached.
    const [, offered] = /but for ([^ ,]+?)[.,]? .*set tls\.serverName/.exec(text) ?? [];
    if (offered === undefined) return;
    const serverName = offered.replace('*', 'any');
    await using named = clientOf(device, { tls: { ca: root.cert, serverName, insecureSkipVerify: false } });
    await named.update(message, never);
  });
}
