// Devices and proxies that are named: names that cannot be resolved, names with several addresses, and what is said of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCertificates } from '../../simulator/certificates.ts';
import { startConnectProxy } from '../harness/connect-proxy.ts';
import { scriptResolver } from '../net/resolver.ts';
import { startSlowListener } from '../net/slow-listener.ts';
import { clientOf, failure, message, never, success } from './clients.ts';
import { reply, startScriptedDevice } from './scripted-device.ts';

const timeouts = { connectMs: 200, callMs: 60_000 };
const patient = { connectMs: 60_000, callMs: 60_000 };
const { ca } = makeCertificates();

const problems = [
  ['never.example.net', 'DNS_TIMEOUT', /ame never\.example\.net could not be resolved in 0\.2 s\. .*DNS/],
  ['away.example.net', 'EAI_AGAIN', /ame away\.example\.net could not be resolved\. .*DNS/],
  ['odd.example.net', 'EAI_FAIL', /ame odd\.example\.net could not be resolved\. .*DNS/],
  ['gone.example.net', 'ENOTFOUND', /ame gone\.example\.net is unknown to the DNS\. .*DNS/],
] as const;
const answers = {
  'away.example.net': 'EAI_AGAIN',
  'odd.example.net': 'EAI_FAIL',
  'gone.example.net': 'ENOTFOUND',
};

for (const [host, code, says] of problems) {
  test(`a name that cannot be resolved is said with the DNS, a device's or a proxy's: ${code}`, async (context) => {
    scriptResolver(context, answers);
    await using device = clientOf({ endpoint: `https://${host}`, ca }, { timeouts });
    const proxy = { url: `http://${host}:3128` };
    await using behind = clientOf({ endpoint: 'https://fw-a.example.net', ca }, { proxy, timeouts });
    for (const client of [device, behind]) {
      const error = await failure(client.update(message, never));
      assert.deepEqual([error.reason, error.retry, error.applied], ['DeviceUnavailable', 'backoff', 'no']);
      assert.equal(error.code, code);
      assert.match(error.message, says);
      assert.equal(/proxy/.test(error.message), client === behind);
    }
  });
}

test('a device, or a proxy, whose handshake takes a second is reached although its name has a second address', async (context) => {
  await using device = await startScriptedDevice(reply(success));
  await using proxy = await startConnectProxy();
  scriptResolver(context, {
    'fw-a.example.net': ['127.0.0.1', '127.0.0.2'],
    'proxy.example.net': ['127.0.0.2', '127.0.0.1'],
  });
  const tls = { ca: device.ca, serverName: 'localhost', insecureSkipVerify: false };
  await using slow = await startSlowListener({ to: Number(new URL(device.endpoint).port) });
  await using client = clientOf(
    { endpoint: `https://fw-a.example.net:${slow.port}`, ca },
    { tls, timeouts: patient },
  );
  const done = client.update(message, never);
  setTimeout(() => slow.release(), 400);
  await done;

  await using slowProxy = await startSlowListener({ to: Number(new URL(proxy.url).port) });
  const url = `http://proxy.example.net:${slowProxy.port}`;
  await using behind = clientOf(device, { proxy: { url }, timeouts: patient });
  const through = behind.update(message, never);
  setTimeout(() => slowProxy.release(), 400);
  await through;
  assert.equal(device.received.length, 2);
});

test('a close does not wait for a connection that nobody needs any more', {
  timeout: 20_000,
}, async (context) => {
  const resolver = scriptResolver(context, {});
  const client = clientOf({ endpoint: 'https://fw-a.example.net', ca }, { timeouts: patient });
  const stop = new AbortController();
  const call = client.update(message, stop.signal);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(resolver.asked, ['fw-a.example.net']);
  stop.abort();
  await assert.rejects(call, { name: 'AbortError' });
  // The resolver never answers: but for the close only the time limit would end it.
  await client.close();
});
