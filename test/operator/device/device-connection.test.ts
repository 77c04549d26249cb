// The connection to a simulated device: what a denial comes to by its HA state, and which releases are worked with.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startHaPair } from '../../../simulator/pair.ts';
import { startPanorama } from '../../../simulator/panorama/panorama.ts';
import { startSimulator } from '../../../simulator/simulator.ts';
import { ownTable, type TableRef } from '../../../src/core/model/table-ref.ts';
import { connectionTo, failureOf, registers } from './connections.ts';

const { signal } = new AbortController();
const batch = registers('10.0.0.1');

test('a passive firewall that denies is a passive peer, and its words are told', async () => {
  await using pair = await startHaPair({ settings: { whenPassive: 'deny' } });
  await using passive = connectionTo(pair.members[1]);
  const { reason, applied, message } = await failureOf(
    passive.call({ ask: 'send', table: ownTable, batch }, signal),
  );
  assert.deepEqual([reason, applied], ['PassivePeer', 'no']);
  assert.match(message, /its HA state is passive, peer active/);
  pair.failOver();
  assert.deepEqual(await passive.call({ ask: 'send', table: ownTable, batch }, signal), []);
});

test('behind a Panorama it is the firewall that is asked', async () => {
  const ha = { state: 'passive', peerState: 'active' };
  const settings = { whenPassive: 'deny' } as const;
  await using panorama = await startPanorama({
    firewalls: [{ serial: '0001', ha, settings }, { serial: '0002' }],
  });
  await using connection = connectionTo(panorama);
  const table = (serial: string): TableRef => ({ serial, vsys: undefined });
  assert.equal(
    (await failureOf(connection.call({ ask: 'send', table: table('0001'), batch }, signal))).reason,
    'PassivePeer',
  );
  assert.deepEqual(await connection.call({ ask: 'send', table: table('0002'), batch }, signal), []);
});

for (const [what, ha, words] of [
  ['has no HA', null, /Its HA state is disabled/],
  ['is active', { state: 'active' }, /Its HA state is active/],
  ['is neither active nor passive', { state: 'suspended' }, /Its HA state is suspended/],
] as const) {
  test(`a device that denies and ${what} is no passive peer`, async () => {
    await using device = await startSimulator();
    device.setHa(ha);
    device.inject({ fault: 'error', code: 15, on: 'message', text: 'Not permitted' });
    await using connection = connectionTo(device);
    const { reason, retry, message } = await failureOf(
      connection.call({ ask: 'send', table: ownTable, batch }, signal),
    );
    assert.deepEqual([reason, retry], ['DeviceUnavailable', 'slow']);
    assert.match(message, words);
    assert.match(message, /rights of the administrator/);
  });
}

for (const swVersion of ['7.1.26', '6.1.0', 'unknown']) {
  test(`a device with PAN-OS ${swVersion} is not worked with`, async () => {
    await using device = await startSimulator({ identity: { swVersion } });
    await using connection = connectionTo(device);
    const { reason, retry, applied } = await failureOf(
      connection.call({ ask: 'info', serial: undefined }, signal),
    );
    assert.deepEqual([reason, retry, applied], ['UnsupportedVersion', 'slow', 'no']);
  });
}

for (const swVersion of ['8.0.0', '8.1.25-h3', '9.0.0', '10.1.14-h4', '11.2.0']) {
  test(`a device with PAN-OS ${swVersion} takes registrations and is read`, async () => {
    await using device = await startSimulator({ identity: { swVersion } });
    await using connection = connectionTo(device);
    assert.equal((await connection.call({ ask: 'info', serial: undefined }, signal)).swVersion, swVersion);
    assert.deepEqual(await connection.call({ ask: 'send', table: ownTable, batch }, signal), []);
    const { entries, agreed } = await connection.call({ ask: 'readAll', table: ownTable }, signal);
    assert.deepEqual([entries.map(({ ip }) => ip), agreed], [['10.0.0.1'], true]);
  });
}

test('a message that was given up after it had left is not taken for one that never left, closed though the connection is', async () => {
  await using simulator = await startSimulator();
  await using connection = connectionTo(simulator);
  simulator.inject({ fault: 'hang' });
  const lost = new AbortController();
  const sent = connection.call({ ask: 'send', table: ownTable, batch }, lost.signal);
  const ended = assert.rejects(sent, { name: 'AbortError' });
  await pause(300);
  void connection.close();
  lost.abort();
  await ended;
});
