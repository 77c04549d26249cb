// Whom the client trusts: certificates, names, CAs; and that nothing is sent to anyone else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCertificates } from '../../simulator/certificates.ts';
import { PanosError } from '../../src/panos/errors.ts';
import { clientOf, failure, message, never, success } from './clients.ts';
import { reply, startScriptedDevice } from './scripted-device.ts';

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
        error instanceof PanosError && error.reason === 'UntrustedCertificate' && error.applied === 'no',
    );
  }
});
