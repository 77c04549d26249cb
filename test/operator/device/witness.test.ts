// Answers of a member of an HA pair count only when it says afterwards that it is active.

import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownTable } from '../../../src/core/model/table-ref.ts';
import { witnessed } from '../../../src/operator/device/witness.ts';
import { failureOf, registers } from './connections.ts';
import { fakeConnection } from './fake-connection.ts';

const { signal } = new AbortController();

/** A device that takes everything; what it was asked, in order. */
function device({ active = true, asking = async () => {} } = {}) {
  const calls: string[] = [];
  const said = { active };
  const note = (call: string): void => void calls.push(call);
  const connection = fakeConnection(
    {
      send: async () => {
        note('send');
        return [];
      },
      readOne: async () => {
        note('readOne');
        return undefined;
      },
      readAll: async () => {
        note('readAll');
        return { entries: [], agreed: true };
      },
    },
    { ...fakeConnection({}), close: async () => note('close') },
  );
  const expectActive = async (): Promise<void> => {
    note('active?');
    await asking();
    if (!said.active)
      throw new DeviceError('DeviceUnavailable', 'it is passive', { retry: 'backoff', applied: 'no' });
  };
  return { connection: witnessed(connection, expectActive), calls, said };
}

test('every answer about a table is followed by the question', async () => {
  const { connection, calls } = device();
  await connection.call({ ask: 'send', table: ownTable, batch: registers('10.0.0.1') }, signal);
  await connection.call({ ask: 'readOne', table: ownTable, key: '10.0.0.1' }, signal);
  await connection.call({ ask: 'readAll', table: ownTable }, signal);
  await connection.close();
  assert.deepEqual(calls, ['send', 'active?', 'readOne', 'active?', 'readAll', 'active?', 'close']);
});

test('what a member that is passive afterwards confirmed is in doubt, what it read was not read', async () => {
  const { connection } = device({ active: false });
  const message = await failureOf(
    connection.call({ ask: 'send', table: ownTable, batch: registers('10.0.0.1') }, signal),
  );
  assert.deepEqual([message.reason, message.applied], ['DeviceUnavailable', 'unknown']);
  assert.equal((await failureOf(connection.call({ ask: 'readAll', table: ownTable }, signal))).applied, 'no');
  assert.equal(
    (await failureOf(connection.call({ ask: 'readOne', table: ownTable, key: '10.0.0.1' }, signal))).applied,
    'no',
  );
});

test('a refusal by a member that is passive afterwards is no word of the firewall', async () => {
  const refuse = (applied: 'no' | 'unknown') => async (): Promise<never> => {
    throw new DeviceError('RegistrationRejected', 'no', { retry: 'slow', applied, refused: true });
  };
  const asked = { active: true };
  const expectActive = async (): Promise<void> => {
    if (asked.active) return;
    throw new DeviceError('DeviceUnavailable', 'it is passive', { retry: 'backoff', applied: 'no' });
  };
  for (const applied of ['no', 'unknown'] as const) {
    const connection = witnessed(fakeConnection({ send: refuse(applied) }), expectActive);
    const send = () =>
      failureOf(connection.call({ ask: 'send', table: ownTable, batch: registers('10.0.0.1') }, signal));
    asked.active = true;
    assert.equal((await send()).reason, 'RegistrationRejected');
    asked.active = false;
    const { reason, applied: effect, refused } = await send();
    assert.deepEqual([reason, effect, refused], ['DeviceUnavailable', applied, false]);
  }
});

test('answers that come while the question is asked share the next one', async () => {
  const { connection, calls } = device({ asking: () => sleep(20) });
  const send = (i: number) =>
    connection.call({ ask: 'send', table: ownTable, batch: registers(`10.0.0.${i}`) }, signal);
  const first = send(1);
  await sleep(10);
  await Promise.all([first, ...[2, 3, 4, 5].map(send)]);
  assert.equal(calls.filter((call) => call === 'active?').length, 2);
});

test('whoever leaves does not take the question from those who stay', async () => {
  const { connection, calls } = device({ asking: () => sleep(20) });
  const leave = new AbortController();
  const leaving = connection.call(
    { ask: 'send', table: ownTable, batch: registers('10.0.0.1') },
    leave.signal,
  );
  const staying = connection.call({ ask: 'send', table: ownTable, batch: registers('10.0.0.2') }, signal);
  await sleep(5);
  leave.abort();
  await assert.rejects(leaving, { name: 'AbortError' });
  assert.deepEqual(await staying, []);
  assert.ok(calls.includes('active?'));
});
