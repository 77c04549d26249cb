// Tunnels through a proxy: one for each connection, TLS with the device itself, and proxies that refuse, hang or vanish.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { inspect } from 'node:util';
import { makeCertificates } from '../../simulator/certificates.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import { startConnectProxy } from '../harness/connect-proxy.ts';
import { clientOf, clientOfSimulator, failure, message, never, success } from './clients.ts';
import { cut, reply, startScriptedDevice } from './scripted-device.ts';

// As NODE_EXTRA_CA_CERTS does: before the first proxy is spoken to over TLS, as that trust is made once.
const proxyTls = makeCertificates();
setDefaultCACertificates([...getCACertificates('default'), proxyTls.ca]);

test('calls share a few tunnels, and the proxy learns nothing but where they lead', async () => {
  await using device = await startSimulator();
  await using proxy = await startConnectProxy();
  const { username, password } = device;
  await using client = clientOfSimulator(device, {
    proxy: { url: proxy.url },
    credentials: { username, password },
  });
  for (let n = 0; n < 4; n += 1) await Promise.all([client.count({}, never), client.update(message, never)]);
  const authority = device.endpoint.slice('https://'.length);
  assert.deepEqual(proxy.asked, [authority, authority]);
  assert.doesNotMatch(proxy.seen(), /LUFRPT|keygen|registered-ip|10\.0\.0\.1/);
  assert.ok(!proxy.seen().includes(password));
});

test("the device's certificate is verified inside the tunnel, by its own CA and name", async () => {
  await using device = await startScriptedDevice(reply(success));
  await using proxy = await startConnectProxy();
  const through = { proxy: { url: proxy.url } };
  for (const tls of [
    { ca: makeCertificates().ca, insecureSkipVerify: false },
    { ca: device.ca, serverName: 'fw.example.net', insecureSkipVerify: false },
  ]) {
    await using client = clientOf(device, { ...through, tls });
    const { reason, applied } = await failure(client.update(message, never));
    assert.deepEqual([reason, applied], ['UntrustedCertificate', 'no']);
  }
  assert.equal(device.received.length, 0);
  assert.equal(proxy.tunnels(), 2);
  const tls = { ca: device.ca, serverName: 'localhost', insecureSkipVerify: false };
  await using named = clientOf(device, { ...through, tls });
  await named.update(message, never);
});

test('a name is resolved by the proxy, and an IPv6 endpoint asked for in brackets', async () => {
  await using device = await startScriptedDevice(reply(success));
  const port = Number(new URL(device.endpoint).port);
  await using proxy = await startConnectProxy({ route: () => ({ host: '127.0.0.1', port }) });
  const tls = { ca: device.ca, serverName: 'localhost', insecureSkipVerify: false };
  for (const endpoint of ['https://fw-a.example.invalid', 'https://[2001:db8::1]:8443']) {
    await using client = clientOf({ ...device, endpoint }, { proxy: { url: proxy.url }, tls });
    await client.update(message, never);
  }
  const endpoint = 'https://[::1]:8443';
  await using byAddress = clientOf({ ...device, endpoint }, { proxy: { url: proxy.url } });
  await byAddress.update(message, never);
  const hosts = ['fw-a.example.invalid', '[2001:db8::1]:8443', '[::1]:8443'];
  assert.deepEqual(proxy.asked, ['fw-a.example.invalid:443', ...hosts.slice(1)]);
  assert.deepEqual(
    device.received.map(({ headers }) => headers.host),
    hosts,
  );
});

test('an IPv6 address that the certificate does not name is not trusted', async () => {
  await using device = await startScriptedDevice(reply(success));
  const port = Number(new URL(device.endpoint).port);
  await using proxy = await startConnectProxy({ route: () => ({ host: '127.0.0.1', port }) });
  const endpoint = 'https://[2001:db8::1]';
  await using client = clientOf({ ...device, endpoint }, { proxy: { url: proxy.url } });
  assert.equal((await failure(client.update(message, never))).reason, 'UntrustedCertificate');
  assert.equal(device.received.length, 0);
});

test('a proxy over TLS is verified against the roots of the system, by its own name', async () => {
  await using device = await startScriptedDevice(reply(success));
  await using proxy = await startConnectProxy({ tls: proxyTls });
  await using client = clientOf(device, { proxy: { url: proxy.url } });
  await client.update(message, never);
  assert.equal(device.received.length, 1);

  await using stranger = await startConnectProxy({ tls: makeCertificates() });
  await using other = clientOf(device, { proxy: { url: stranger.url } });
  const { reason, retry, applied, message: text } = await failure(other.update(message, never));
  assert.deepEqual([reason, retry, applied], ['DeviceUnavailable', 'slow', 'no']);
  assert.match(text, /the proxy's certificate is not trusted/);
  assert.deepEqual(stranger.asked, []);
});

test('the login of a proxy goes to the proxy alone, and is in no error', async () => {
  await using device = await startScriptedDevice(reply(success));
  const login = { username: 'operator', password: 'pröxy:secret' };
  await using proxy = await startConnectProxy({ login: 'operator:pröxy:secret' });
  await using client = clientOf(device, { proxy: { url: proxy.url, login } });
  await client.update(message, never);
  assert.equal(device.received[0]?.headers['proxy-authorization'], undefined);

  const wrong = { ...login, password: 'another-secret' };
  await using other = clientOf(device, { proxy: { url: proxy.url, login: wrong } });
  const error = await failure(other.update(message, never));
  const token = Buffer.from('operator:another-secret').toString('base64');
  for (const secret of ['another-secret', token]) assert.ok(!inspect(error, { depth: 9 }).includes(secret));
});

for (const [status, retry, says] of [
  [407, 'slow', /requires authentication/],
  [403, 'slow', /refused to connect to the device/],
  [502, 'backoff', /could not connect to the device/],
  [503, 'backoff', /could not connect to the device/],
] as const) {
  test(`a proxy that answers HTTP ${status} is DeviceUnavailable, and works when it opens the way`, async () => {
    await using device = await startScriptedDevice(reply(success));
    await using proxy = await startConnectProxy();
    await using client = clientOf(device, { proxy: { url: proxy.url } });
    proxy.refuse(status);
    const error = await failure(client.update(message, never));
    assert.deepEqual([error.reason, error.retry, error.applied], ['DeviceUnavailable', retry, 'no']);
    assert.match(error.message, says);
    assert.match(error.message, new RegExp(`HTTP ${status}`));
    proxy.refuse(undefined);
    await client.update(message, never);
  });
}

test('a proxy that does not answer is given up in time', async () => {
  await using device = await startScriptedDevice(reply(success));
  await using proxy = await startConnectProxy();
  proxy.refuse('hang');
  const timeouts = { connectMs: 200, callMs: 60_000 };
  await using client = clientOf(device, { proxy: { url: proxy.url }, timeouts });
  const { reason, retry, applied, message: text } = await failure(client.update(message, never));
  assert.deepEqual([reason, retry, applied], ['DeviceUnavailable', 'backoff', 'no']);
  assert.match(text, /connection to the proxy failed.*no answer in time/);
});

test('a proxy that is not there is DeviceUnavailable', async () => {
  await using device = await startScriptedDevice(reply(success));
  const gone = await startConnectProxy();
  await gone[Symbol.asyncDispose]();
  await using client = clientOf(device, { proxy: { url: gone.url } });
  const { reason, applied, message: text } = await failure(client.update(message, never));
  assert.deepEqual([reason, applied], ['DeviceUnavailable', 'no']);
  assert.match(text, /connection to the proxy failed.*ECONNREFUSED/);
});

test('a kept tunnel that was cut costs one silent second attempt, a new one none', async () => {
  await using device = await startScriptedDevice(reply(success), cut, reply(success), cut);
  await using proxy = await startConnectProxy();
  await using client = clientOf(device, { proxy: { url: proxy.url }, maxConcurrentCalls: 1 });
  await client.update(message, never);
  await client.update(message, never);
  assert.equal(device.received.length, 3);
  assert.equal(proxy.tunnels(), 2);
  proxy.cut();
  const { reason, applied } = await failure(client.update(message, never));
  assert.deepEqual([reason, applied], ['DeviceUnavailable', 'unknown']);
});
