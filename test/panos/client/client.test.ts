// The client against a simulated device: the values of all calls, device faults, and what an observer is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimulator } from '../../../simulator/simulator.ts';
import type { CallObserver } from '../../../src/panos/client/client.ts';
import { clientOf, clientOfSimulator, entries, failure, never } from '../clients.ts';
import { reply, startScriptedDevice } from '../scripted-device.ts';

test('the device tells who it is', async () => {
  const identity = { hostname: 'fw-a', serial: '0070510000042', model: 'PA-440', swVersion: '11.1.4-h7' };
  await using device = await startSimulator({ identity, vsys: ['vsys1', 'vsys2'] });
  await using client = clientOfSimulator(device);
  assert.deepEqual(await client.systemInfo(never), { ...identity, multiVsys: true });
});

test('a message changes the table of its vsys, unregister before register', async () => {
  await using device = await startSimulator({ vsys: ['vsys1', 'vsys2'] });
  await using client = clientOfSimulator(device);
  const register = entries(['10.0.0.1', 'k8s.a', 'k8s.b'], ['2001:db8::1', 'k8s.R&D <x> y z ä']);
  assert.deepEqual(await client.update({ register, unregister: [], vsys: 'vsys2' }, never), { rejected: [] });
  await client.update(
    {
      unregister: entries(['10.0.0.1', 'k8s.a', 'k8s.b']),
      register: entries(['10.0.0.1', 'k8s.b', 'k8s.c']),
      vsys: 'vsys2',
    },
    never,
  );
  const { vsys1, vsys2 } = device.tables();
  assert.deepEqual(vsys1, {});
  assert.deepEqual(vsys2, {
    '10.0.0.1': { tags: ['k8s.b', 'k8s.c'], fromAgent: false, persistent: true },
    '2001:db8::1': { tags: ['k8s.R&D <x> y z ä'], fromAgent: false, persistent: true },
  });
});

test('what is already as asked is a success', async () => {
  await using device = await startSimulator();
  for (const unknownAddressText of ['ip', 'tag'] as const) {
    device.settings({ unknownAddressText });
    await using client = clientOfSimulator(device);
    const update = { register: entries(['10.0.0.1', 'a']), unregister: entries(['10.0.0.2', 'a', 'b']) };
    assert.deepEqual(await client.update(update, never), { rejected: [] });
    assert.deepEqual(await client.update(update, never), { rejected: [] });
  }
});

test('pairs that the device refuses are named, the others are there', async () => {
  await using device = await startSimulator({ settings: { limits: { tagsPerAddress: 2 } } });
  await using client = clientOfSimulator(device);
  const register = entries(['10.0.0.1', 'a', 'b', 'c'], ['10.0.0.2', 'a'], ['10.0.0.3', 'x'.repeat(128)]);
  const { rejected } = await client.update({ register, unregister: [] }, never);
  assert.deepEqual(
    rejected.map(({ section, ip, tag }) => ({ section, ip, tag })),
    [
      { section: 'register', ip: '10.0.0.1', tag: 'c' },
      { section: 'register', ip: '10.0.0.3', tag: 'x'.repeat(128) },
    ],
  );
  assert.match(rejected[0]?.message ?? '', /exceeds the limit 2/);
  assert.deepEqual(Object.keys(device.tables()['vsys1'] ?? {}), ['10.0.0.1', '10.0.0.2']);
});

test('pages, addresses and counts are read as they are', async () => {
  for (const emptyTable of ['no-count', 'count-zero'] as const) {
    await using device = await startSimulator({
      settings: { emptyTable, hostsAsCidr: true },
      vsys: ['vsys1', 'vsys2'],
    });
    await using client = clientOfSimulator(device);
    assert.deepEqual(await client.readPage({ start: 1, limit: 500 }, never), []);
    assert.equal(await client.count({}, never), 0);
    assert.equal(await client.readOne({ key: '10.0.0.1' }, never), undefined);
    device.plant({
      add: [
        { ip: '10.0.0.1', tags: ['a', 'b'] },
        { ip: '2001:db8::1', tags: ['c'], fromAgent: true, persistent: false },
      ],
    });
    const page = await client.readPage({ start: 1, limit: 500 }, never);
    assert.deepEqual(page, [
      { ip: '10.0.0.1', tags: ['a', 'b'], fromAgent: false, persistent: true },
      { ip: '2001:db8::1', tags: ['c'], fromAgent: true, persistent: false },
    ]);
    assert.deepEqual(await client.readPage({ start: 2, limit: 1 }, never), page.slice(1));
    assert.deepEqual(await client.readOne({ key: '2001:db8::1' }, never), page[1]);
    assert.equal(await client.count({ vsys: 'vsys1' }, never), 2);
    assert.equal(await client.count({ vsys: 'vsys2' }, never), 0);
  }
});

test('of an address that a device lists twice the last entry counts, in a page as when it is asked for alone', async () => {
  const entry = (tag: string) =>
    `<entry ip="10.0.0.1" from_agent="0" persistent="1"><tag><member>${tag}</member></tag></entry>`;
  const both = `<response status="success"><result>${entry('a')}${entry('b')}<count>2</count></result></response>`;
  await using device = await startScriptedDevice(reply(both));
  await using client = clientOf(device);
  const page = await client.readPage({ start: 1, limit: 500 }, never);
  assert.deepEqual(await client.readOne({ key: '10.0.0.1' }, never), page.at(-1));
  assert.deepEqual(page.at(-1)?.tags, ['b']);
});

test('a reset after the message was applied leaves its effect unknown, and repeating it is harmless', async () => {
  await using device = await startSimulator();
  await using client = clientOfSimulator(device);
  const update = { register: entries(['10.0.0.1', 'a']), unregister: [] };
  for (const applies of [true, false]) {
    device.wipe();
    // Twice: a kept connection is given a second attempt.
    device.inject({ fault: 'reset', on: 'message', applies, count: 2 });
    const first = await failure(client.update(update, never));
    assert.deepEqual([first.reason, first.applied], ['DeviceUnavailable', 'unknown']);
    assert.deepEqual(Object.keys(device.tables()['vsys1'] ?? {}), applies ? ['10.0.0.1'] : []);
    device.clearFaults();
    assert.deepEqual(await client.update(update, never), { rejected: [] });
  }
});

const faults = [
  [{ fault: 'hang' }, 'DeviceUnavailable'],
  [{ fault: 'http-status', status: 503 }, 'DeviceUnavailable'],
  [{ fault: 'http-status', status: 403 }, 'AuthenticationFailed'],
  [{ fault: 'garbage' }, 'InvalidResponse'],
  [{ fault: 'html' }, 'InvalidResponse'],
  [{ fault: 'empty' }, 'InvalidResponse'],
  [{ fault: 'wrong-root' }, 'InvalidResponse'],
  [{ fault: 'truncate' }, 'InvalidResponse'],
  [{ fault: 'truncate', cutConnection: true }, 'DeviceUnavailable'],
  [{ fault: 'error', code: 11 }, 'DeviceUnavailable'],
  [{ fault: 'error', code: 17 }, 'InvalidResponse'],
] as const;

for (const [fault, reason] of faults) {
  test(`a read that meets ${JSON.stringify(fault)} is ${reason}, never an empty table`, async () => {
    await using device = await startSimulator();
    device.plant({ add: [{ ip: '10.0.0.1', tags: ['a'] }] });
    device.inject({ ...fault, on: 'read' });
    await using client = clientOfSimulator(device, { timeouts: { connectMs: 1000, callMs: 300 } });
    for (const read of [
      () => client.readPage({ start: 1, limit: 500 }, never),
      () => client.readOne({ key: '10.0.0.1' }, never),
      () => client.count({}, never),
    ]) {
      const error = await failure(read());
      assert.deepEqual([error.reason, error.applied], [reason, 'no']);
    }
  });
}

test('an observer is told of every HTTP call, its kind, outcome and duration', async () => {
  await using device = await startSimulator({ settings: { latencyMs: { message: 300 } } });
  const calls: Parameters<CallObserver>[0][] = [];
  const observe: CallObserver = (call) => calls.push(call);
  await using client = clientOfSimulator(device, {
    credentials: { username: device.username, password: device.password },
    observe,
    maxConcurrentCalls: 1,
  });
  const update = { register: entries(['10.0.0.1', 'a']), unregister: [] };
  await Promise.all([client.update(update, never), client.update(update, never)]);
  device.inject({ fault: 'garbage', on: 'read' });
  await failure(client.readPage({ start: 1, limit: 500 }, never));
  await assert.rejects(client.readOne({ key: '10.0.0.1' }, AbortSignal.abort()));
  assert.deepEqual(
    calls.map(({ kind, outcome }) => `${kind} ${outcome}`),
    ['keygen ok', 'update ok', 'update ok', 'readPage InvalidResponse', 'readOne aborted'],
  );
  const updates = calls.filter(({ kind }) => kind === 'update');
  for (const { seconds } of updates)
    assert.ok(seconds >= 0.3 && seconds < 0.55, `${seconds} s, without the wait`);
});
