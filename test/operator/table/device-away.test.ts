// A device that is away, or fails at one kind of call: when it is tried again, how often, and what is told of it.

import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createBackoff } from '../../../src/operator/device/device-backoff.ts';
import { type Call, type Simulated, simulate } from './simulated-worker.ts';

const minute = 60_000;
const failure = (reason: 'DeviceUnavailable' | 'InvalidResponse', applied: 'no' | 'unknown' = 'no') =>
  new DeviceError(reason, `${reason} for a reason`, { retry: 'backoff', applied });
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** How a device that is away fails: it refuses at once, or nothing comes back and only a repeated SYN (1, 3, 7 s) finds it. */
const absences = {
  refuses: async (isAway: () => boolean) => (isAway() ? failure('DeviceUnavailable') : undefined),
  'is silent': async (isAway: () => boolean) => {
    for (const ms of [0, 1000, 2000, 4000]) {
      await sleep(ms);
      if (!isAway()) return undefined;
    }
    await sleep(3000);
    return failure('DeviceUnavailable');
  },
  'answers that it is not available': async (isAway: () => boolean) => {
    await sleep(200);
    return isAway() ? failure('DeviceUnavailable', 'unknown') : undefined;
  },
} as const;

const lengths = [90_000, 10 * minute, 47 * minute];

for (const [how, fails] of Object.entries(absences)) {
  test(`a device that ${how} is written again within 10 s of its return, however long it was away`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...lengths), fc.nat(9_000), async (length, phase) => {
        let isAway = false;
        await simulate({ fails: () => fails(() => isAway) }, async (sim) => {
          sim.want('10.0.0.1', 'k8s.a');
          await sim.pass(2000);
          assert.ok(sim.table.get('10.0.0.1')?.has('k8s.a'));
          isAway = true;
          await sim.pass(1000);
          sim.want('10.0.0.1', 'k8s.b');
          await sim.pass(length + phase);
          isAway = false;
          const since = sim.now();
          await sim.pass(10_000);
          assert.deepEqual([...(sim.table.get('10.0.0.1') ?? [])], ['k8s.b'], `${sim.now() - since} ms`);
          assert.equal(sim.lines.filter((line) => line === 'device works again').length, 1);
          assert.deepEqual(sim.states, ['', 'DeviceUnavailable', '']);
        });
      }),
      { numRuns: 6 },
    );
  });
}

test('a device that falls silent while its table is read for the first time is read again within 10 s of its return', async () => {
  let isAway = true;
  const fails = async (kind: Call) => {
    if (kind !== 'read' || !isAway) return undefined;
    await sleep(60_000);
    return failure('DeviceUnavailable');
  };
  await simulate({ fails }, async (sim) => {
    sim.want('10.0.0.1', 'k8s.a');
    await sim.pass(60_200);
    isAway = false;
    await sim.pass(10_000);
    assert.ok(sim.table.has('10.0.0.1'));
  });
});

test('between two attempts at a device that is away never pass more than 5 s', () => {
  for (const random of [() => 0, () => 0.999_999, Math.random]) {
    const backoff = createBackoff(random);
    for (let i = 0; i < 1000; i += 1)
      assert.ok(backoff.next({ retry: 'backoff', reason: 'DeviceUnavailable' }) <= 5000);
  }
});

test('whoever refuses the credentials, or answers what cannot be trusted, is asked ever more seldom', () => {
  const seldom = [
    { retry: 'slow', reason: 'AuthenticationFailed' },
    { retry: 'backoff', reason: 'AuthenticationFailed' },
    { retry: 'backoff', reason: 'InvalidResponse' },
    // As devices do for some minutes after they start.
    { retry: 'backoff', reason: 'DeviceUnavailable', refusesPass: true },
  ] as const;
  for (const failed of seldom) {
    const backoff = createBackoff(() => 0);
    let ms = 0;
    for (let i = 0; i < 12; i += 1) ms = backoff.next(failed);
    assert.ok(ms >= 45_000, JSON.stringify(failed));
  }
});

/** One kind of call fails for a minute; everything else is answered. */
async function failAlone(
  kind: Call,
  reason: 'DeviceUnavailable' | 'InvalidResponse',
  then: (sim: Simulated, failed: number) => Promise<void>,
) {
  let isFailing = false;
  const fails = async (call: Call) =>
    isFailing && call === kind ? failure(reason, kind === 'write' ? 'unknown' : 'no') : undefined;
  await simulate(
    { fails, context: { settings: { resync: { fullIntervalSeconds: 20, markerIntervalSeconds: 30 } } } },
    async (sim) => {
      sim.want('10.0.0.1', 'k8s.a');
      await sim.pass(5_000);
      isFailing = true;
      const before = sim.calls.length;
      sim.want('10.0.0.1', 'k8s.b');
      await sim.pass(15_000);
      sim.want('10.0.0.2', 'k8s.a');
      await sim.pass(60_000);
      const failed = sim.calls.slice(before).filter((call) => call.kind === kind).length;
      isFailing = false;
      await sim.pass(100_000);
      await then(sim, failed);
    },
  );
}

for (const kind of ['look', 'read', 'write'] as const) {
  test(`where every ${kind} fails and all else is answered, that is told once, tried ever more seldom, and ended by its success alone`, async () => {
    await failAlone(kind, 'InvalidResponse', async (sim, failed) => {
      assert.deepEqual(sim.states, ['', 'InvalidResponse', '']);
      assert.deepEqual(sim.lines, ['device failed', 'device works again']);
      assert.ok(failed >= 4 && failed <= 9, `${failed} attempts`);
      assert.deepEqual([...(sim.table.get('10.0.0.1') ?? [])], ['k8s.b']);
      assert.ok(sim.table.has('10.0.0.2'));
    });
  });
}

test('while a table cannot be read, what changes is written as ever', async () => {
  let isFailing = false;
  const fails = async (call: Call) => (isFailing && call === 'read' ? failure('InvalidResponse') : undefined);
  await simulate({ fails }, async (sim) => {
    await sim.pass(5_000);
    isFailing = true;
    sim.worker.resync();
    await sim.pass(300_000);
    sim.want('10.0.0.1', 'k8s.a');
    await sim.pass(500);
    assert.ok(sim.table.has('10.0.0.1'));
    assert.deepEqual(sim.states, ['', 'InvalidResponse']);
  });
});

test('a message that failed and is wanted no more is no outage any more', async () => {
  let isFailing = false;
  const fails = async (call: Call) =>
    isFailing && call === 'write' ? failure('InvalidResponse') : undefined;
  await simulate({ fails }, async (sim) => {
    await sim.pass(5_000);
    isFailing = true;
    sim.want('10.0.0.1', 'k8s.a');
    await sim.pass(5_000);
    assert.deepEqual(sim.states, ['', 'InvalidResponse']);
    sim.want('10.0.0.1');
    await sim.pass(120_000);
    assert.deepEqual(sim.states, ['', 'InvalidResponse', '']);
  });
});

test('a mark that keeps vanishing: the table is read at once the first time, and then at the pace of any full read', async () => {
  let forgets = false;
  const context = { settings: { resync: { fullIntervalSeconds: 900, markerIntervalSeconds: 5 } } };
  await simulate({ readMs: 2_000, forgetsMarks: () => forgets, context }, async (sim) => {
    sim.want('10.0.0.1', 'k8s.a');
    await sim.pass(60_000);
    const reads = () => sim.calls.filter(({ kind }) => kind === 'read').length;
    const before = reads();
    forgets = true;
    (sim.table as Map<string, unknown>).delete('192.0.2.1');
    await sim.pass(6_000);
    assert.equal(reads() - before, 1);
    // Spaced by 20 x 2 s.
    await sim.pass(400_000);
    const spaced = reads() - before;
    assert.ok(spaced >= 9 && spaced <= 11, `${spaced} reads`);
    forgets = false;
    await sim.pass(60_000);
    // Long afterwards it is a first time again.
    await sim.pass(900_000);
    (sim.table as Map<string, unknown>).clear();
    await sim.pass(8_000);
    assert.ok(sim.table.has('10.0.0.1'));
  });
});
