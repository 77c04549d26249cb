// Which of two Panoramas is used, and what is said when neither can be.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPanorama, startPanoramaPair } from '../../simulator/panorama/panorama.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import type { TableRef } from '../../src/core/table-ref.ts';
import { type Met, Members } from '../../src/operator/members.ts';
import { connectionTo, failureOf, registers } from './connections.ts';

const { signal } = new AbortController();
const target: TableRef = { serial: '0001', vsys: undefined };

const membersOf = (...devices: readonly Simulator[]) => impatientMembersOf(undefined, ...devices);

function impatientMembersOf(patienceMs: number | undefined, ...devices: readonly Simulator[]) {
  const members = new Members(
    devices.map((device) => ({ endpoint: device.endpoint, connection: connectionTo(device) })),
    patienceMs,
  );
  return Object.assign(members, { [Symbol.asyncDispose]: () => members.close() });
}

const startPair = () => startPanoramaPair({ firewalls: [{ serial: '0001' }] });
const send = ({ connection }: Met, address: string) => connection.send(target, registers(address), signal);

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
  assert.equal((await failureOf(connection.readTable(target, failOver, signal))).reason, 'DeviceUnavailable');
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
      assert.ok(
        message.includes(`${endpoint}: this Panorama is not active: of its HA state it says ${state}`),
      );
  });
}

test('with HA off neither of two is the active one', async () => {
  await using pair = await startPair();
  for (const one of pair.members) one.setHa(null);
  await using members = membersOf(...pair.members);
  assert.match((await failureOf(members.meet(signal))).message, /it says that HA is off/);
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
