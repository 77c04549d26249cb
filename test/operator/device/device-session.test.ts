// The connection to a device: when there is none yet, who is told, and how long a Secret may be on its way.

import { DeviceError } from '../../../src/core/model/device-error.ts';
import { productTiming } from '../../../src/core/model/timing.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseFirewall } from '../../../src/kubernetes/resources/parse.ts';
import type { SecretData } from '../../../src/operator/device/secret-binding.ts';
import { DeviceSession } from '../../../src/operator/device/device-session.ts';
import { fakeConnection } from './fake-connection.ts';

const parsed = parseFirewall({
  kind: 'PanFirewall',
  metadata: { name: 'edge-a', uid: 'u', generation: 1 },
  spec: {
    endpoint: 'https://fw-a.example.net',
    tagPrefix: 'k8s.',
    credentials: { secretRef: { name: 'edge-a' } },
    namespaceSelector: {},
    deletionPolicy: 'Retain',
  },
});

function openSession(asked: (signal: AbortSignal) => Promise<void> = async () => {}) {
  assert.ok(parsed.ok);
  const { settings } = parsed;
  const secrets = new Map<string, SecretData>();
  const told: string[] = [];
  const device = { serial: '007', model: 'PA-VM', swVersion: '11.1.4', multiVsys: false, hostname: 'fw' };
  const connection = fakeConnection({
    info: async (_, signal) => {
      await asked(signal);
      return device;
    },
  });
  const session = new DeviceSession({
    settings: () => settings,
    secrets,
    open: () => connection,
    met: () => told.push('met'),
    unmet: () => told.push('unmet'),
    passedOver: () => told.push('passed over'),
    now: () => performance.now(),
    timing: productTiming,
  });
  return { session, secrets, told };
}

const { signal } = new AbortController();

test('a Secret that is heard of a little later than its PanFirewall is not missing', async () => {
  const { session, secrets, told } = openSession();
  const connecting = Promise.all([session.connect(signal), session.connect(signal)]);
  await sleep(100);
  secrets.set('edge-a', new Map([['apiKey', 'a-key']]));
  const [one, other] = await connecting;
  assert.equal(one, other);
  assert.deepEqual(told, ['met', 'met']);
});

test('a Secret that stays away is missing, and whoever waits for this device is told', async () => {
  const { session, told } = openSession();
  const isMissing = (error: unknown) => error instanceof DeviceError && error.reason === 'SecretMissing';
  await assert.rejects(session.connect(signal), isMissing);
  assert.deepEqual(told, ['unmet']);
  const startedAt = performance.now();
  await assert.rejects(session.connect(signal), isMissing);
  assert.ok(performance.now() - startedAt < 1_000, 'it is waited for only once');
});

test('an abort ends the wait', async () => {
  const { session } = openSession();
  const stop = new AbortController();
  const connecting = session.connect(stop.signal);
  stop.abort();
  await assert.rejects(connecting, { name: 'AbortError' });
});

test('a table that leaves while the device is asked does not take the answer from the others', async () => {
  const answer = Promise.withResolvers<void>();
  const { session, secrets } = openSession((signal) =>
    Promise.race([
      answer.promise,
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    ]),
  );
  secrets.set('edge-a', new Map([['apiKey', 'a-key']]));
  const leave = new AbortController();
  const leaving = session.connect(leave.signal);
  const staying = session.connect(signal);
  await sleep(10);
  leave.abort();
  await assert.rejects(leaving, { name: 'AbortError' });
  answer.resolve();
  await staying;
});

test('the device is asked once for all, and anew after a failure', async () => {
  let asked = 0;
  const { session, secrets } = openSession(async () => {
    asked += 1;
  });
  secrets.set('edge-a', new Map([['apiKey', 'a-key']]));
  await Promise.all([session.connect(signal), session.connect(signal)]);
  await session.connect(signal);
  assert.equal(asked, 1);
  session.askAgain();
  await session.connect(signal);
  assert.equal(asked, 2);
});
