// Choice between two Panoramas, and what is said when neither can be used.

import { DeviceError } from '../../../src/core/model/device-error.ts';
import { productTiming } from '../../../src/core/model/timing.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPanorama, startPanoramaPair } from '../../../simulator/panorama/panorama.ts';
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts';
import type { TableRef } from '../../../src/core/model/table-ref.ts';
import { createBackoff } from '../../../src/operator/device/device-backoff.ts';
import { type Met, Members } from '../../../src/operator/device/members.ts';
import { fakeConnection } from './fake-connection.ts';
import { connectionTo, failureOf, registers } from './connections.ts';

const { signal } = new AbortController();
const target: TableRef = { serial: '0001', vsys: undefined };

const membersOf = (...devices: readonly Simulator[]) => impatientMembersOf(undefined, ...devices);

const impatientMembersOf = (patienceMs: number | undefined, ...devices: readonly Simulator[]) =>
  open(devices, patienceMs);
const membersAt = (now: () => number, ...devices: readonly Simulator[]) => open(devices, undefined, now);

function open(devices: readonly Simulator[], patienceMs?: number, now?: () => number) {
  const members = new Members(
    devices.map((device) => ({ endpoint: device.endpoint, connection: connectionTo(device) })),
    { pairPatienceMs: patienceMs ?? productTiming.pairPatienceMs },
    now,
  );
  return Object.assign(members, { [Symbol.asyncDispose]: () => members.close() });
}

const startPair = () => startPanoramaPair({ firewalls: [{ serial: '0001' }] });
const send = ({ connection }: Met, address: string) =>
  connection.call({ ask: 'send', table: target, batch: registers(address) }, signal);

test('the active one is used, whichever it is, and the other is asked only when it has to be', async () => {
  await using pair = await startPair();
  const [a, b] = pair.members;
  await using members = membersOf(a, b);
  assert.equal((await members.meet(signal)).endpoint, a.endpoint);
  assert.deepEqual(b.log(), []);
  pair.failOver();
  const met = await members.meet(signal);
  assert.deepEqual([met.endpoint, met.device.serial], [b.endpoint, '000710000000002']);
  const asked = a.log().length;
  await members.meet(signal);
  assert.equal(a.log().length, asked, 'the one that was used last is asked first');
});

test('a message that the member took in silence after it had turned passive is not confirmed', async () => {
  await using pair = await startPair();
  await using members = membersOf(...pair.members);
  const met = await members.meet(signal);
  await send(met, '10.0.0.1');
  pair.failOver();
  const { reason, applied, message } = await failureOf(send(met, '10.0.0.2'));
  assert.deepEqual([reason, applied], ['DeviceUnavailable', 'unknown']);
  assert.match(message, /secondary-passive/);
  const [firewall] = Object.values(pair.members[0].fleet.firewall('0001').tables());
  assert.deepEqual(Object.keys(firewall ?? {}), ['10.0.0.1'], 'it had done nothing');
  await send(await members.meet(signal), '10.0.0.2');
});

test('a member that turns passive while a table is read has read nothing', async () => {
  await using pair = await startPair();
  await using members = membersOf(...pair.members);
  const { connection } = await members.meet(signal);
  const failOver = async (): Promise<number> => {
    pair.failOver();
    return 0;
  };
  assert.equal(
    (await failureOf(connection.call({ ask: 'readAll', table: target, betweenPages: failOver }, signal)))
      .reason,
    'DeviceUnavailable',
  );
});

test('one that is out of reach is passed over', async () => {
  await using pair = await startPair();
  const [a, b] = pair.members;
  await using members = membersOf(a, b);
  pair.failOver();
  a.reboot({ downMs: 60_000 });
  assert.equal((await members.meet(signal)).endpoint, b.endpoint);
});

for (const state of [
  'secondary-passive',
  'initial',
  'primary-suspended',
  'non-functional',
  'never heard of',
]) {
  test(`two that say ${state} are not used, and both are quoted`, async () => {
    await using pair = await startPair();
    const [a, b] = pair.members;
    for (const one of [a, b]) one.setHa({ state });
    await using members = membersOf(a, b);
    const { reason, retry, applied, message } = await failureOf(members.meet(signal));
    assert.deepEqual([reason, retry, applied], ['DeviceUnavailable', 'backoff', 'no']);
    for (const { endpoint } of [a, b])
      assert.ok(message.includes(`${endpoint}: this Panorama is not active: its HA state is ${state}`));
  });
}

test('with HA off neither of two is the active one', async () => {
  await using pair = await startPair();
  for (const one of pair.members) one.setHa(null);
  await using members = membersOf(...pair.members);
  assert.match((await failureOf(members.meet(signal))).message, /its HA state is disabled/);
});

test('the gravest of what is wrong with both is the reason', async () => {
  await using pair = await startPair();
  const [a, b] = pair.members;
  await using members = membersOf(a, b);
  pair.failOver();
  b.expireKeys();
  const { reason, message } = await failureOf(members.meet(signal));
  assert.equal(reason, 'AuthenticationFailed');
  assert.match(message, /secondary-passive/);
});

test('a Panorama alone that is passive is not used either, and the message names spec.peerEndpoint', async () => {
  await using pair = await startPair();
  await using members = membersOf(pair.members[1]);
  const { reason, message } = await failureOf(members.meet(signal));
  assert.equal(reason, 'DeviceUnavailable');
  assert.match(message, /secondary-passive.*spec\.peerEndpoint/);
});

test('a Panorama without HA is used, and so is a firewall, which is not asked for its HA state', async () => {
  await using panorama = await startPanorama();
  await using firewall = await startSimulator();
  firewall.setHa({ state: 'passive' });
  for (const device of [panorama, firewall]) {
    await using members = membersOf(device);
    assert.equal((await members.meet(signal)).endpoint, device.endpoint);
  }
  assert.equal(firewall.log().length, 1);
});

test('two firewalls are no pair for spec.peerEndpoint', async () => {
  await using one = await startSimulator();
  await using other = await startSimulator();
  await using members = membersOf(one, other);
  const { reason, message } = await failureOf(members.meet(signal));
  assert.equal(reason, 'InvalidSpec');
  assert.match(message, /two PanFirewalls/);
});

test('one that does not answer keeps the other waiting for a while only, and is quoted where neither can be used', async () => {
  await using pair = await startPair();
  const [a, b] = pair.members;
  await using members = impatientMembersOf(1_000, a, b);
  a.inject({ fault: 'hang' });
  assert.match(
    (await failureOf(members.meet(signal))).message,
    /has not answered for 1 s; .*secondary-passive/,
  );
  pair.failOver();
  assert.equal((await members.meet(signal)).endpoint, b.endpoint);
});

test('an abort ends it', async () => {
  await using pair = await startPair();
  await using members = membersOf(...pair.members);
  pair.members[0].inject({ fault: 'hang' });
  const stop = new AbortController();
  const meeting = members.meet(stop.signal);
  setTimeout(() => stop.abort(), 50);
  await assert.rejects(meeting, { name: 'AbortError' });
});

test('one that refuses the credentials is passed over for the active one, whichever comes first, and that is told', async () => {
  await using pair = await startPair();
  const [a, b] = pair.members;
  pair.failOver();
  a.expireKeys();
  for (const order of [
    [a, b],
    [b, a],
  ]) {
    await using members = membersOf(...order);
    const met = await members.meet(signal);
    assert.equal(met.endpoint, b.endpoint);
    await send(met, '10.0.0.1');
    const [refusal, ...others] = members.refusals;
    if (order[0] === b) assert.equal(refusal, undefined, 'it was not asked');
    else {
      assert.deepEqual([refusal?.reason, others], ['AuthenticationFailed', []]);
      assert.ok(refusal?.message.startsWith(a.endpoint));
    }
  }
});

test('the active one that begins to refuse the credentials is left for the other, once that is active', async () => {
  await using pair = await startPair();
  const [a, b] = pair.members;
  await using members = membersAt(() => 0, a, b);
  const met = await members.meet(signal);
  a.expireKeys();
  assert.equal((await failureOf(send(met, '10.0.0.1'))).reason, 'AuthenticationFailed');
  // Whose key is refused is not asked each time, the one that is passive is.
  const both = await failureOf(members.meet(signal));
  assert.deepEqual([both.reason, both.retry, both.someAway], ['AuthenticationFailed', 'backoff', true]);
  const backoff = createBackoff();
  for (let failures = 0; failures < 10; failures += 1) assert.ok(backoff.next(both) <= 5_000);
  const asked = [a, b].map((one) => one.log().length);
  const again = await failureOf(members.meet(signal));
  assert.deepEqual([again.reason, again.message], [both.reason, both.message]);
  assert.equal(a.log().length, asked[0]);
  assert.ok(b.log().length > (asked[1] ?? 0));
  pair.failOver();
  assert.equal((await members.meet(signal)).endpoint, b.endpoint);
  assert.deepEqual(
    members.refusals.map(({ reason }) => reason),
    ['AuthenticationFailed'],
  );
});

test('one that refused is asked again in its time, and told no more when it takes the credentials', async () => {
  await using pair = await startPair();
  const [a, b] = pair.members;
  pair.failOver();
  a.settings({ rights: ['user-id'] });
  let now = 0;
  await using members = membersAt(() => now, a, b);
  assert.equal((await members.meet(signal)).endpoint, b.endpoint);
  assert.deepEqual(
    members.refusals.map(({ reason }) => reason),
    ['RoleNotAuthorized'],
  );
  const asked = a.log().length;
  await members.recheck(signal);
  assert.equal(a.log().length, asked, 'not yet');
  now = 1_000_000;
  await members.recheck(signal);
  assert.equal(members.refusals.length, 1);
  a.settings({ rights: ['op', 'user-id'] });
  now = 2_000_000;
  assert.equal(await members.recheck(signal), true);
  assert.deepEqual(members.refusals, []);
});

test('where both refuse the credentials both are asked each time, seldom', async () => {
  await using pair = await startPair();
  const [a, b] = pair.members;
  for (const one of [a, b]) one.expireKeys();
  await using members = membersOf(a, b);
  for (let round = 0; round < 2; round += 1) {
    const { reason, retry, someAway } = await failureOf(members.meet(signal));
    assert.deepEqual([reason, retry, someAway], ['AuthenticationFailed', 'slow', false]);
  }
  assert.deepEqual(
    [a, b].map((one) => one.log().length),
    [2, 2],
  );
});

test('what a member says keeps all of its facts, under the name of its endpoint', async () => {
  const said = new DeviceError('AuthenticationFailed', 'the device refuses the credentials', {
    retry: 'slow',
    applied: 'no',
    code: '403',
    said: 'Invalid Credential',
    answered: true,
  });
  const refuses = fakeConnection({ info: () => Promise.reject(said) });
  const away = fakeConnection({
    info: () =>
      Promise.reject(new DeviceError('DeviceUnavailable', 'silence', { retry: 'backoff', applied: 'no' })),
  });
  const pair = [
    { endpoint: 'https://a', connection: refuses },
    { endpoint: 'https://b', connection: away },
  ];
  const members = new Members(pair, productTiming);
  const both = await failureOf(members.meet(signal));
  assert.deepEqual([both.reason, both.refusesPass, both.someAway], ['AuthenticationFailed', true, true]);
  const [one] = members.refusals;
  const { message, reason, retry, applied, code, refused, answered, refusesPass } = one ?? said;
  assert.equal(message, 'https://a: the device refuses the credentials. It said: Invalid Credential');
  assert.deepEqual(
    [reason, retry, applied, code, refused, answered, refusesPass],
    ['AuthenticationFailed', 'slow', 'no', '403', true, true, true],
  );
});
