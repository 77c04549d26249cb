// The firewalls behind a Panorama: who is asked, who is missing, and what a refusal turns out to be.

import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceInfo } from '../../../src/operator/device/device-port.ts';
import { requirePanorama, Targets } from '../../../src/operator/device/targets.ts';
import { fakeConnection } from './fake-connection.ts';

const never = new AbortController().signal;
const facts: DeviceInfo = { serial: 'x', model: 'PA-VM', swVersion: '11.1.4', multiVsys: false };

/** A Panorama that tells its calls; `now` moves by hand. */
function lab() {
  const calls: string[] = [];
  const devices = new Map<string, { connected: boolean; vsys: string[] }>();
  const state = {
    now: 0,
    refuse: undefined as DeviceError | undefined,
    answersAs: undefined as string | undefined,
  };
  const connection = fakeConnection({
    async info({ serial = 'panorama' }) {
      calls.push(`info ${serial}`);
      if (state.refuse !== undefined) throw state.refuse;
      const multiVsys = (devices.get(serial)?.vsys.length ?? 1) > 1;
      return { ...facts, serial: state.answersAs ?? serial, multiVsys };
    },
    async managedDevices() {
      calls.push('list');
      return [...devices].map(([serial, device]) => ({ serial, ...device }));
    },
    async send({ table: { serial } }) {
      calls.push(`send ${serial}`);
      if (state.refuse !== undefined) throw state.refuse;
      return [];
    },
  });
  return { calls, devices, state, connection, targets: new Targets(() => state.now) };
}

const refused = (reason: DeviceError['reason'] = 'RegistrationRejected') =>
  new DeviceError(reason, 'the device refuses', { retry: 'slow', applied: 'unknown', refused: true });
const failureOf = async (answer: Promise<unknown>): Promise<DeviceError> => {
  const failure = await answer.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(failure instanceof DeviceError);
  return failure;
};
const at = (serial: string, vsys?: string) => ({ serial, vsys });

test('a firewall is looked for and asked once, also for several of its tables, and anew after askAgain', async () => {
  const { calls, devices, connection, targets } = lab();
  devices.set('A', { connected: true, vsys: ['vsys1', 'vsys2'] });
  for (const vsys of ['vsys1', 'vsys2', 'vsys1']) await targets.connect(connection, at('A', vsys), never);
  assert.deepEqual(calls, ['list', 'info A']);
  assert.equal(targets.infoOf('A')?.multiVsys, true);
  targets.askAgain('A');
  assert.equal(targets.infoOf('A'), undefined);
  await targets.connect(connection, at('A', 'vsys1'), never);
  assert.deepEqual(calls, ['list', 'info A', 'info A']);
  // Another connection may be one to another Panorama.
  await targets.connect({ ...connection }, at('A', 'vsys1'), never);
  assert.deepEqual(calls.slice(3), ['list', 'info A']);
});

test('the missing are told apart, are asked nothing, and share one look at the list for 5 s', async () => {
  const { calls, devices, state, connection, targets } = lab();
  devices.set('B', { connected: false, vsys: [] });
  const [unknown, away] = await Promise.all(
    ['A', 'B'].map((serial) => failureOf(targets.connect(connection, at(serial), never))),
  );
  assert.match(unknown?.message ?? '', /manages no firewall with the serial A/);
  assert.match(away?.message ?? '', /B is not connected/);
  assert.deepEqual([unknown?.reason, away?.applied], ['DeviceUnavailable', 'no']);
  state.now = 4_999;
  await failureOf(targets.connect(connection, at('B'), never));
  assert.deepEqual(calls, ['list']);
  devices.set('B', { connected: true, vsys: [] });
  state.now = 5_001;
  await targets.connect(connection, at('B'), never);
  assert.deepEqual(calls, ['list', 'list', 'info B']);
});

test('what is refused because the firewall has gone meanwhile is its being away, and may have taken effect', async () => {
  const { devices, state, connection, targets } = lab();
  devices.set('A', { connected: true, vsys: [] });
  const there = await targets.connect(connection, at('A'), never);
  state.refuse = refused();
  assert.equal(await failureOf(there.call({ ask: 'send', table: at('A'), batch: [] }, never)), state.refuse);
  devices.set('A', { connected: false, vsys: [] });
  const { reason, applied, message } = await failureOf(
    there.call({ ask: 'send', table: at('A'), batch: [] }, never),
  );
  assert.deepEqual([reason, applied], ['DeviceUnavailable', 'unknown']);
  assert.match(message, /A is not connected/);
});

test('a firewall that says "not now" and is gone meanwhile blames no entry of the message', async () => {
  const { devices, state, connection, targets } = lab();
  devices.set('A', { connected: true, vsys: [] });
  const there = await targets.connect(connection, at('A'), never);
  state.refuse = refused('DeviceUnavailable').with({ answered: true, code: '13' });
  devices.delete('A');
  const {
    answered,
    refused: isRefused,
    code,
    applied,
    message,
  } = await failureOf(there.call({ ask: 'send', table: at('A'), batch: [] }, never));
  assert.deepEqual([answered, isRefused, code, applied], [true, true, '13', 'unknown']);
  assert.match(message, /manages no firewall with the serial A/);
});

test('a refusal of pass or right is that of the endpoint, and no answer at all is left as it is: neither is looked into', async () => {
  const { calls, devices, state, connection, targets } = lab();
  devices.set('A', { connected: true, vsys: [] });
  const there = await targets.connect(connection, at('A'), never);
  const silence = new DeviceError('DeviceUnavailable', 'silence', { retry: 'backoff', applied: 'unknown' });
  devices.delete('A');
  for (const failure of [refused('AuthenticationFailed'), refused('RoleNotAuthorized'), silence]) {
    state.refuse = failure;
    assert.equal(await failureOf(there.call({ ask: 'send', table: at('A'), batch: [] }, never)), failure);
  }
  assert.equal(calls.filter((call) => call === 'list').length, 1);
});

test('an answer of somebody else is no answer: whatever does not forward calls is not written to', async () => {
  const { devices, state, connection, targets } = lab();
  devices.set('A', { connected: true, vsys: [] });
  state.answersAs = 'Z';
  const { reason, message } = await failureOf(targets.connect(connection, at('A'), never));
  assert.equal(reason, 'InvalidResponse');
  assert.match(message, /asked through the endpoint, and Z answered: nothing is written/);
});

test('virtual systems: one that does not exist is named with those that do; of several, one must be named', async () => {
  const { devices, connection, targets } = lab();
  devices.set('A', { connected: true, vsys: ['vsys1', 'vsys3'] });
  devices.set('B', { connected: true, vsys: [] });
  const says = async (serial: string, vsys?: string) => {
    const { reason, message } = await failureOf(targets.connect(connection, at(serial, vsys), never));
    assert.equal(reason, 'InvalidSpec');
    return message;
  };
  assert.match(await says('A', 'vsys2'), /no vsys2, but vsys1, vsys3/);
  assert.match(await says('A'), /several vsys vsys1, vsys3: list/);
  assert.match(await says('B', 'vsys2'), /no vsys2, but vsys1/);
  await targets.connect(connection, at('A', 'vsys3'), never);
  await targets.connect(connection, at('B', 'vsys1'), never);
  await targets.connect(connection, at('B'), never);
});

test('only a Panorama has firewalls behind it', () => {
  for (const model of ['Panorama', 'M-200']) requirePanorama({ ...facts, model });
  for (const model of ['PA-VM', 'PA-5450'])
    assert.throws(() => requirePanorama({ ...facts, model }), /no Panorama/);
});
