// Method Basic against a simulated device: passwords that work once, sessions that end, devices that begin none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { clientOf, clientOfSimulator, entries, failure, message, never, success } from './clients.ts';
import { reply, startScriptedDevice } from './scripted-device.ts';

const update = { register: entries(['10.0.0.1', 'a']), unregister: [] };

function kindsOf(device: Simulator): string[] {
  return device.log().map(({ kind, code }) => (code === null ? kind : `${kind} ${code}`));
}

test('a one-time password is used once, however many calls want in at once, and its session goes on', async () => {
  await using device = await startSimulator();
  device.setAccount({ name: 'radius', password: '123456', oneTime: true });
  const credentials = { username: 'radius', password: '123456', method: 'Basic' } as const;
  await using client = clientOfSimulator(device, { credentials });
  await Promise.all([client.count({}, never), client.systemInfo(never), client.update(update, never)]);
  assert.deepEqual(await client.update(update, never), { rejected: [] });
  assert.deepEqual(kindsOf(device).toSorted(), ['info', 'message', 'message', 'read', 'version']);
});

for (const [what, end] of [
  ['that has timed out (code 22)', (device: Simulator) => device.timeOutSessions()],
  ['that a restart has ended (code 403)', (device: Simulator) => device.reboot()],
] as const) {
  test(`a session ${what} is begun again, once, and the call sent again`, async () => {
    await using device = await startSimulator();
    const { username, password } = device;
    const credentials = { username, password, method: 'Basic' } as const;
    await using client = clientOfSimulator(device, { credentials });
    await client.count({}, never);
    end(device);
    assert.deepEqual(await client.update(update, never), { rejected: [] });
    const kinds = device.log().map(({ kind }) => kind);
    assert.deepEqual(kinds, ['version', 'read', 'message', 'version', 'message']);
  });
}

test('a session that ends when the one-time password is spent is told, and tried again when there is a new one', async () => {
  await using device = await startSimulator();
  device.setAccount({ name: 'radius', password: '123456', oneTime: true });
  let now = 0;
  const credentials = { username: 'radius', password: '123456', method: 'Basic' } as const;
  await using client = clientOfSimulator(device, { credentials, now: () => now });
  await client.count({}, never);
  device.timeOutSessions();
  now = 60_000;
  for (const later of [60_000, 119_999]) {
    now = later;
    const { reason, applied } = await failure(client.update(update, never));
    assert.deepEqual([reason, applied], ['AuthenticationFailed', 'no']);
  }
  const signIns = device.log().filter(({ kind }) => kind === 'version');
  assert.equal(signIns.length, 2, 'the account is not locked by trying');
});

test('the password is in the Authorization header of the sign-in, and nowhere else', async () => {
  const version = '<response status="success"><result><sw-version>11.1.0</sw-version></result></response>';
  const session = { 'set-cookie': 'PHPSESSID=0123456789abcdef; path=/; secure; HttpOnly' };
  await using device = await startScriptedDevice(reply(version, 200, session), reply(success));
  await using client = clientOf(device, {
    credentials: { username: 'operator', password: 'pa:ss', method: 'Basic' },
  });
  await client.update(message, never);
  const carried = device.received.map(({ headers, form }) => [
    headers.authorization,
    headers.cookie,
    form.get('key'),
    form.get('type'),
  ]);
  const basic = `Basic ${Buffer.from('operator:pa:ss').toString('base64')}`;
  assert.deepEqual(carried, [
    [basic, undefined, null, 'version'],
    [undefined, 'PHPSESSID=0123456789abcdef', null, 'user-id'],
  ]);
});

test('a device that begins no session, or takes no cookies alone, gets the password with each call', async () => {
  const version = '<response status="success"><result><sw-version>11.1.0</sw-version></result></response>';
  const credentials = { username: 'operator', password: 'pass', method: 'Basic' } as const;
  await using plain = await startScriptedDevice(reply(version), reply(success));
  await using one = clientOf(plain, { credentials });
  await one.update(message, never);
  await one.update(message, never);
  assert.equal(plain.received.length, 3);
  for (const { headers } of plain.received) assert.match(headers.authorization ?? '', /^Basic /);

  const refusal =
    '<response status="error" code="403"><result><msg>Invalid Credential</msg></result></response>';
  const session = { 'set-cookie': 'PHPSESSID=0123456789abcdef' };
  await using strict = await startScriptedDevice(
    reply(version, 200, session),
    reply(refusal, 403),
    reply(success),
  );
  await using other = clientOf(strict, { credentials });
  await other.update(message, never);
  await other.update(message, never);
  const carried = strict.received.map(({ headers }) => [
    headers.authorization !== undefined,
    headers.cookie !== undefined,
  ]);
  assert.deepEqual(carried, [
    [true, false],
    [false, true],
    [true, true],
    [true, true],
  ]);
});
