// One refusal, several meanings: a key that died, a right that the role lacks, a device that is still starting.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPanorama } from '../../simulator/panorama/panorama.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import { clientOfSimulator, failure, message, never } from './clients.ts';

const login = { username: 'k8s-operator', password: 'simulator' };

test('code 16 for a key that was just generated is a right that the role lacks, and costs no new key', async () => {
  await using device = await startSimulator({ settings: { roleRefusal: 'unauth', rights: ['op'] } });
  await using client = clientOfSimulator(device, { credentials: login });
  await client.count({}, never);
  const { reason, retry, applied, message: text } = await failure(client.update(message, never));
  assert.deepEqual([reason, retry, applied], ['RoleNotAuthorized', 'slow', 'no']);
  assert.match(text, /User-ID Agent and Operational Requests/);
  assert.equal(device.log().filter(({ kind }) => kind === 'keygen').length, 1);
});

test('code 16 for an older key costs one new key, after which it is the role', async () => {
  await using device = await startSimulator({ settings: { roleRefusal: 'unauth', rights: ['op'] } });
  let now = 0;
  await using client = clientOfSimulator(device, { credentials: login, now: () => now });
  await client.count({}, never);
  now = 60_000;
  assert.equal((await failure(client.update(message, never))).reason, 'RoleNotAuthorized');
  assert.equal((await failure(client.update(message, never))).reason, 'RoleNotAuthorized');
  assert.equal(device.log().filter(({ kind }) => kind === 'keygen').length, 2);
});

test('code 16 for a given key may be either, and the message says so', async () => {
  await using device = await startSimulator({ settings: { roleRefusal: 'unauth', rights: ['op'] } });
  await using client = clientOfSimulator(device);
  const { reason, message: text } = await failure(client.update(message, never));
  assert.equal(reason, 'AuthenticationFailed');
  assert.match(text, /Check the Secret, and that .* allows User-ID Agent and Operational Requests/);
});

for (const [what, credentials] of [
  ['a given key', undefined],
  ['a password', login],
  ['Basic', { ...login, method: 'Basic' }],
] as const) {
  test(`${what} that a device refuses for minutes after it was out of reach is tried again soon`, async () => {
    await using device = await startSimulator();
    let now = 0;
    await using client = clientOfSimulator(device, {
      now: () => now,
      ...(credentials === undefined ? {} : { credentials }),
    });
    await client.count({}, never);
    device.reboot({ downMs: 500, deniedMs: 3_600_000 });
    const gone = await failure(client.count({}, never));
    assert.deepEqual([gone.reason, gone.retry], ['DeviceUnavailable', 'backoff']);
    await new Promise((resolve) => setTimeout(resolve, 600));
    for (const later of [1_000, 70_000, 299_000]) {
      now = later;
      const { reason, retry, applied, message: text } = await failure(client.update(message, never));
      assert.deepEqual([reason, retry, applied], ['DeviceUnavailable', 'backoff', 'no']);
      assert.match(text, /while they start\. .*check the Secret/);
    }
    now = 301_000;
    const still = await failure(client.update(message, never));
    assert.deepEqual([still.reason, still.retry], ['AuthenticationFailed', 'slow']);
  });
}

test('an internal error of a device that answers is no outage: credentials that it refuses then are bad', async () => {
  await using device = await startSimulator();
  device.inject({ fault: 'error', code: 11, count: 1 });
  await using client = clientOfSimulator(device);
  assert.equal((await failure(client.count({}, never))).reason, 'DeviceUnavailable');
  device.expireKeys();
  assert.equal((await failure(client.count({}, never))).reason, 'AuthenticationFailed');
});

test('a firewall that a Panorama does not reach says nothing about the credentials for the Panorama', async () => {
  await using panorama = await startPanorama({ firewalls: [{ serial: '0001' }] });
  await using client = clientOfSimulator(panorama);
  panorama.inject({ fault: 'reset', target: '0001' });
  assert.equal((await failure(client.count({ serial: '0001' }, never))).reason, 'DeviceUnavailable');
  panorama.expireKeys();
  assert.equal((await failure(client.count({}, never))).reason, 'AuthenticationFailed');
});
