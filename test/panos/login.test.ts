// Credentials against a simulated device: one key for all calls, its renewal, and when there is none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimulator } from '../../simulator/simulator.ts';
import { clientOfSimulator, entries, failure, never } from './clients.ts';

function kindsOf(device: { log(): readonly { kind: string }[] }): string[] {
  return device.log().map(({ kind }) => kind);
}

const login = { username: 'k8s-operator', password: 'simulator' };

test('a password is turned into one key, however many calls want it at once', async () => {
  await using device = await startSimulator({ settings: { latencyMs: { keygen: 50 } } });
  await using client = clientOfSimulator(device, { credentials: login });
  await Promise.all([client.count({}, never), client.systemInfo(never), client.count({}, never)]);
  await client.count({}, never);
  assert.deepEqual(kindsOf(device).toSorted(), ['info', 'keygen', 'read', 'read', 'read']);
});

for (const errorsAsHttpStatus of [true, false]) {
  const how = errorsAsHttpStatus ? 'HTTP 403' : 'HTTP 200';

  test(`a key that has expired is renewed once, and the call sent again, under ${how}`, async () => {
    await using device = await startSimulator({ settings: { errorsAsHttpStatus } });
    let now = 0;
    await using client = clientOfSimulator(device, { credentials: login, now: () => now });
    await client.count({}, never);
    device.expireKeys();
    now += 60_000;
    assert.deepEqual(await client.update({ register: entries(['10.0.0.1', 'a']), unregister: [] }, never), {
      rejected: [],
    });
    assert.deepEqual(kindsOf(device), ['keygen', 'read', 'message', 'keygen', 'message']);
  });

  test(`a given key that the device refuses is AuthenticationFailed, under ${how}`, async () => {
    await using device = await startSimulator({ settings: { errorsAsHttpStatus } });
    await using client = clientOfSimulator(device, { credentials: { apiKey: 'V1JPTkc9' } });
    const { reason, retry, applied } = await failure(
      client.update({ register: entries(['10.0.0.1', 'a']), unregister: [] }, never),
    );
    assert.deepEqual([reason, retry, applied], ['AuthenticationFailed', 'slow', 'no']);
    assert.equal(device.log().length, 1);
  });

  test(`a role without the right is RoleNotAuthorized, without a new key, under ${how}`, async () => {
    await using device = await startSimulator({ settings: { errorsAsHttpStatus, rights: ['op'] } });
    await using client = clientOfSimulator(device, { credentials: login });
    const { reason, retry, applied } = await failure(
      client.update({ register: entries(['10.0.0.1', 'a']), unregister: [] }, never),
    );
    assert.deepEqual([reason, retry, applied], ['RoleNotAuthorized', 'slow', 'no']);
    assert.deepEqual(kindsOf(device), ['keygen', 'message']);
  });
}

test('a key that dies within a minute is not renewed again, so that two programs do not fight for an account', async () => {
  await using device = await startSimulator({ settings: { keygenInvalidatesOldKeys: true } });
  await using one = clientOfSimulator(device, { credentials: login });
  await using two = clientOfSimulator(device, { credentials: login });
  await one.count({}, never);
  await two.count({}, never);
  assert.equal((await failure(one.count({}, never))).reason, 'AuthenticationFailed');
  assert.equal((await failure(one.count({}, never))).reason, 'AuthenticationFailed');
  assert.equal(await two.count({}, never), 0);
  assert.equal(kindsOf(device).filter((kind) => kind === 'keygen').length, 2);
});

test('a wrong password is tried once a minute, however many calls want a key', async () => {
  await using device = await startSimulator();
  let now = 0;
  const credentials = { username: 'k8s-operator', password: 'wrong' };
  await using client = clientOfSimulator(device, { credentials, now: () => now });
  for (const later of [0, 59_999]) {
    now = later;
    const { reason, retry } = await failure(client.count({}, never));
    assert.deepEqual([reason, retry], ['AuthenticationFailed', 'slow']);
  }
  assert.deepEqual(kindsOf(device), ['keygen']);
  device.changePassword('wrong');
  now = 60_000;
  assert.equal(await client.count({}, never), 0);
});

test("a refusal that is not the device's own costs no new key", async () => {
  await using device = await startSimulator();
  let now = 0;
  await using client = clientOfSimulator(device, { credentials: login, now: () => now });
  await client.count({}, never);
  now = 60_000;
  device.inject({ fault: 'http-status', status: 403, on: 'message' });
  const update = { register: entries(['10.0.0.1', 'a']), unregister: [] };
  const { reason, applied } = await failure(client.update(update, never));
  assert.deepEqual([reason, applied], ['AuthenticationFailed', 'unknown']);
  assert.deepEqual(kindsOf(device), ['keygen', 'read', 'message']);
});

test('a key generation that fails for another reason is tried again at once', async () => {
  await using device = await startSimulator();
  device.inject({ fault: 'http-status', on: 'keygen', count: 1 });
  await using client = clientOfSimulator(device, { credentials: login });
  assert.equal((await failure(client.count({}, never))).reason, 'DeviceUnavailable');
  assert.equal(await client.count({}, never), 0);
});
