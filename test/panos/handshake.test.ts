// Handshakes that something on the way cuts: what is said of them, and that they are made without what it does not like.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyExchange } from '../../src/panos/http/key-exchange.ts';
import { startConnectProxy } from '../harness/connect-proxy.ts';
import { clientOf, failure, message, never, success } from './clients.ts';
import { startMiddlebox } from './middlebox.ts';
import { cut, reply, startDeviceOver, startScriptedDevice } from './scripted-device.ts';
import { issue } from '../harness/pki.ts';

/** What was seen to be reset, of a packet's length. */
const fitsOnePacket = (bytes: number): boolean => bytes <= 1400;
const portOf = ({ endpoint }: { readonly endpoint: string }) => Number(new URL(endpoint).port);

for (const way of ['without a proxy', 'through a proxy']) {
  test(`where a long ClientHello is reset, the fourth handshake is classical, and so is each after one more was reset, ${way}`, async () => {
    await using device = await startScriptedDevice(reply(success), cut, reply(success));
    await using box = await startMiddlebox(() => portOf(device), fitsOnePacket);
    await using proxy = await startConnectProxy();
    const found: string[] = [];
    const keyExchange = createKeyExchange((endpoint) => found.push(endpoint));
    const endpoint = `https://127.0.0.1:${box.port}`;
    const options = {
      keyExchange,
      maxConcurrentCalls: 1,
      ...(way === 'through a proxy' ? { proxy: { url: proxy.url } } : {}),
    };
    const to = { endpoint, ca: device.ca };
    {
      await using client = clientOf(to, options);
      const isCut = async (applied: 'no' | 'unknown') => {
        const error = await failure(client.update(message, never));
        assert.deepEqual(
          [error.reason, error.retry, error.applied],
          ['DeviceUnavailable', 'backoff', applied],
        );
        assert.match(error.message, /TLS handshake.*firewalls and load balancers on the way.*X25519MLKEM768/);
      };
      for (let n = 0; n < 3; n += 1) await isCut('no');
      await client.update(message, never);
      // Its connection is cut after a message, and the next handshake tells whether all groups are cut still.
      await isCut('unknown');
      assert.deepEqual(found, []);
      await client.update(message, never);
      assert.deepEqual(found, [endpoint]);
    }
    // Other connections to the device know it, for as long as the process runs.
    await using later = clientOf(to, options);
    await later.update(message, never);
    assert.deepEqual(found, [endpoint]);
    assert.equal(device.received.length, 4);
    assert.deepEqual(box.hellos.map(fitsOnePacket), [false, false, false, true, false, true, true]);
  });
}

test('after a reboot that ended with a classical handshake, the next one has all groups again', async () => {
  await using device = await startScriptedDevice(reply(success), cut, reply(success));
  let isDown = true;
  await using box = await startMiddlebox(
    () => portOf(device),
    () => !isDown,
  );
  const found: string[] = [];
  const keyExchange = createKeyExchange((endpoint) => found.push(endpoint));
  const to = { endpoint: `https://127.0.0.1:${box.port}`, ca: device.ca };
  await using client = clientOf(to, { keyExchange, maxConcurrentCalls: 1 });
  for (let n = 0; n < 3; n += 1) await failure(client.update(message, never));
  isDown = false;
  await client.update(message, never);
  await client.update(message, never);
  assert.deepEqual(box.hellos.map(fitsOnePacket), [false, false, false, true, false]);
  assert.deepEqual(found, []);
});

test('where every handshake is reset, whatever is offered, all groups are offered again', async () => {
  await using device = await startScriptedDevice(reply(success));
  let isDown = true;
  await using box = await startMiddlebox(
    () => portOf(device),
    () => !isDown,
  );
  await using client = clientOf({ endpoint: `https://127.0.0.1:${box.port}`, ca: device.ca });
  for (let n = 0; n < 5; n += 1) await failure(client.update(message, never));
  isDown = false;
  await client.update(message, never);
  assert.deepEqual(box.hellos.map(fitsOnePacket), [false, false, false, true, false, false]);
});

test('a certificate that is not trusted shows that the classical handshake got through', async () => {
  const root = issue({ name: 'root', isAuthority: true });
  const { cert, key } = issue({ name: 'fw', issuer: root, alternatives: ['192.0.2.7'] });
  await using device = await startDeviceOver({ ca: root.cert, cert, key }, reply(success));
  await using box = await startMiddlebox(() => portOf(device), fitsOnePacket);
  await using client = clientOf({ endpoint: `https://127.0.0.1:${box.port}`, ca: root.cert });
  const reasons: string[] = [];
  for (let n = 0; n < 7; n += 1) reasons.push((await failure(client.update(message, never))).reason);
  assert.deepEqual(reasons, [
    ...Array<string>(3).fill('DeviceUnavailable'),
    'UntrustedCertificate',
    'DeviceUnavailable',
    ...Array<string>(2).fill('UntrustedCertificate'),
  ]);
});

test('a device that asks for a client certificate says so when TLS stands already, and that is not lost', async () => {
  const root = issue({ name: 'root', isAuthority: true });
  const { cert, key } = issue({ name: 'fw', issuer: root, alternatives: ['127.0.0.1'] });
  const tls = { ca: root.cert, cert, key, requestCert: true, minVersion: 'TLSv1.3' } as const;
  await using device = await startDeviceOver(tls, reply(success));
  await using client = clientOf(device);
  const { reason, message: text } = await failure(client.update(message, never));
  assert.equal(reason, 'DeviceUnavailable');
  assert.match(text, /asks for a client certificate.*OpenSSL says: tlsv13 alert certificate required/);
  assert.equal(device.received.length, 0);
});
