// Observation of a connection: its calls, and since when its key or session is in use.
import { productTiming } from '../../../src/core/model/timing.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  observedKeyExchange,
  openObservedConnection,
} from '../../../src/operator/device/observed-connection.ts';
import { createLogger, type Logger } from '../../../src/runtime/logger.ts';
import { createMetrics } from '../../../src/runtime/metrics.ts';
import { startSimulator } from '../../../simulator/simulator.ts';

const never = new AbortController().signal;

test('calls are counted by kind and outcome, and a login is told until its connection is closed', async () => {
  await using device = await startSimulator();
  const metrics = createMetrics({ version: '0', revision: '0' });
  const { username, password, endpoint, caPem: ca } = device;
  const open = (login: { apiKey: string } | { username: string; password: string; method: 'ApiKey' }) =>
    openObservedConnection({
      settings: {
        endpoint,
        login,
        maxConcurrentCalls: 2,
        proxyUrl: undefined,
        tls: { ca, serverName: undefined, insecureSkipVerify: false },
      },
      environmentProxy: { url: undefined, except: '' },
      userAgent: 'pan-tag-operator/test',
      timing: productTiming,
      mayCall: () => true,
      mayGoOn: () => true,
      firewall: 'edge-a',
      metrics,
      log: createLogger({ level: 'error', format: 'json', to: 2 }),
    });
  const loginLine = async () => /^pantag_login_timestamp_seconds\{.*$/m.exec(await metrics.text())?.[0];

  const before = Date.now() / 1000;
  const generated = open({ username, password, method: 'ApiKey' });
  assert.equal(await loginLine(), undefined);
  await generated.call({ ask: 'info', serial: undefined }, never);
  const [, at = ''] = /\{firewall="edge-a"\} (\S+)$/.exec((await loginLine()) ?? '') ?? [];
  assert.ok(Number(at) >= before && Number(at) <= Date.now() / 1000, at);
  for (const kind of ['keygen', 'system_info']) {
    const count = `pantag_device_requests_total{firewall="edge-a",kind="${kind}",outcome="ok"} 1`;
    assert.ok((await metrics.text()).includes(count), kind);
  }
  await generated.close();
  assert.equal(await loginLine(), undefined);

  const given = open({ apiKey: device.apiKey });
  await given.call({ ask: 'info', serial: undefined }, never);
  assert.equal(await loginLine(), undefined);
  await given.close();
});

test('a device that only classical key exchange leads to is told once, with what that works around', () => {
  const lines: unknown[] = [];
  const log = { warn: (facts: unknown, text: string) => lines.push([facts, text]) };
  const exchange = observedKeyExchange(log as unknown as Logger);
  for (const outcome of ['cut', 'cut', 'cut', 'made', 'cut', 'made', 'made'] as const) {
    exchange.ended('https://fw-a.example.net', exchange.next('https://fw-a.example.net'), outcome);
  }
  const problem =
    'something on the way resets TLS handshakes with X25519MLKEM768, whose ClientHello is longer than one packet; ' +
    'look for firewalls and load balancers to update';
  assert.deepEqual(lines, [
    [{ endpoint: 'https://fw-a.example.net', problem }, 'key exchange without X25519MLKEM768'],
  ]);
});
