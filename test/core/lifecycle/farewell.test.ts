// Release of a deleted PanFirewall: when, and what is said of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  type FarewellFacts,
  farewell,
  neverMet,
  type PurgeOutcome,
  timeLeft,
  together,
} from '../../../src/core/lifecycle/farewell.ts';

const clean: PurgeOutcome = { kind: 'clean', addresses: 12 };
const left: PurgeOutcome = { kind: 'left', why: 'somebody else has it' };
const going: FarewellFacts = {
  deletionPolicy: 'Purge',
  mode: 'Enforce',
  crdDeleting: false,
  outcome: undefined,
  overdue: false,
  timeoutSeconds: 300,
  obstacle: 'no answer in 10 s',
};
const after = (change: Partial<FarewellFacts>) => farewell({ ...going, ...change });

test('it waits while the purge goes on, and goes when nothing is left', () => {
  assert.equal(after({}), undefined);
  assert.equal(after({ outcome: clean })?.reason, 'Purged');
  assert.match(after({ outcome: clean })?.note ?? '', /12 addresses/);
});

test('whose device was never met goes at once, as there is nothing to purge', () => {
  assert.equal(after({ neverMet: true })?.reason, 'Purged');
  assert.match(after({ neverMet: true })?.note ?? '', /never reached/);
});

test('whatever ends without a purge is PurgeAbandoned, and says why', () => {
  const cases: [Partial<FarewellFacts>, RegExp][] = [
    [{ deletionPolicy: 'Retain' }, /Retain/],
    [{ crdDeleting: true }, /CRD/],
    [{ mode: 'Observe' }, /Observe/],
    [{ outcome: left }, /somebody else has it/],
    [{ overdue: true }, /within 300 s .*no answer in 10 s/],
    [{ overdue: true, deletionPolicy: undefined }, /within 300 s/],
  ];
  for (const [change, says] of cases) {
    const words = after(change);
    assert.equal(words?.reason, 'PurgeAbandoned', JSON.stringify(change));
    assert.match(words?.note ?? '', says);
  }
});

test('several tables are clean only together, and none is over before all are', () => {
  assert.equal(together([clean, undefined, left]), undefined);
  assert.deepEqual(together([clean, left]), left);
  assert.deepEqual(together([clean, clean]), { kind: 'clean', addresses: 24 });
});

test('an overdue deletion that is found late still gets one try of ten seconds, within its own limit', () => {
  const at = (seconds: number, timeoutSeconds = 300) =>
    timeLeft({ deletingSince: 0, seenAt: 3_600_000, now: 3_600_000 + seconds * 1000, timeoutSeconds });
  assert.equal(at(0), 10_000);
  assert.equal(at(9), 1000);
  assert.equal(at(10), 0);
  assert.equal(at(0, 1), 1000);
});

test('law: however the clocks differ, it is let go after the timeout of having been seen, and never before its time', () => {
  const input = fc.record({
    deletingSince: fc.integer({ min: -100_000, max: 100_000 }),
    passed: fc.nat(400_000),
    timeoutSeconds: fc.integer({ min: 1, max: 300 }),
  });
  fc.assert(
    fc.property(input, ({ deletingSince, passed, timeoutSeconds }) => {
      const timeoutMs = timeoutSeconds * 1000;
      const rest = timeLeft({ deletingSince, seenAt: 0, now: passed, timeoutSeconds });
      assert.ok(rest >= 0 && rest <= timeoutMs);
      if (passed >= timeoutMs) assert.equal(rest, 0);
      if (Math.max(0, -deletingSince) + passed < timeoutMs) assert.ok(rest > 0);
    }),
  );
});

test('never met is only what no status tells of a device, or of tags of ours', () => {
  const device = { model: 'PA-440' };
  const status = { conditions: [{}] };
  const tables = [{ owned: 0 }];
  assert.equal(neverMet(undefined, status), true);
  assert.equal(neverMet(undefined, { ...status, tables }), true);
  assert.equal(neverMet(device, status), false, 'by this process');
  assert.equal(
    neverMet(undefined, { ...status, device, tables: [{ owned: 14 }] }),
    false,
    'by one before it',
  );
  assert.equal(neverMet(undefined, { ...status, device, tables }), false, 'by one before it');
  assert.equal(neverMet(undefined, undefined), false, 'no status was ever written');
  assert.equal(neverMet(undefined, { conditions: [] }), false);
  assert.equal(neverMet(undefined, { ...status, tables: [{ owned: 3 }] }), false);
});
