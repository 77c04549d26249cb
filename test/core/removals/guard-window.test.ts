// Window of the guard: counted over ten minutes, shown minute by minute, and continued by a later process.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { GuardWindow } from '../../../src/core/removals/guard-window.ts';
import { RemovalGuard } from '../../../src/core/removals/removal-guard.ts';
import { monotonicTime, wallClock } from '../../../src/operator/leadership/wall-clock.ts';

const minute = 60_000;
const addresses = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `10.0.0.${from + i}`);

test('what passed is told minute by minute, and by itself nothing moves', () => {
  const window = new GuardWindow();
  window.add(addresses(2), 90, 0);
  window.add(addresses(1, 2), 88, 59_999);
  window.add(addresses(4, 3), 87, 61_000);
  const told = [
    { at: 59_999, addresses: 3, owned: 90 },
    { at: 61_000, addresses: 4, owned: 87 },
  ];
  assert.deepEqual(window.counts, told);
  assert.deepEqual(window.counts, told, 'hours later, too');
  window.prune(10 * minute + 59_999);
  assert.deepEqual(window.counts, told.slice(1));
});

test('a window of another length is told in tenths of it', () => {
  const window = new GuardWindow({ guardWindowMs: 10_000 });
  window.add(addresses(2), 90, 0);
  window.add(addresses(1, 2), 88, 999);
  window.add(addresses(4, 3), 87, 1_000);
  assert.deepEqual(
    window.counts.map(({ at, addresses: count }) => [at, count]),
    [
      [999, 3],
      [1_000, 4],
    ],
  );
  window.prune(10_999);
  assert.deepEqual(window.sizeWith([]), 4);
});

test('an address that passes again counts once, at its last time', () => {
  const window = new GuardWindow();
  window.add(addresses(2), 90, 0);
  window.add(addresses(1), 88, 5 * minute);
  assert.equal(window.sizeWith(addresses(3)), 3);
  assert.deepEqual(
    window.counts.map(({ addresses: count }) => count),
    [1, 1],
  );
  window.prune(10 * minute);
  assert.deepEqual([window.sizeWith([]), window.ownedAtStart], [1, 88]);
});

test('a later process goes on with the count, against the same start', () => {
  const guard = new RemovalGuard({ percent: 30, minimum: 50 });
  guard.inherit([{ at: -minute, addresses: 55, owned: 200 }], 0);
  const five = new Map(addresses(5).map((address) => [address, ['k.a']]));
  guard.judge(five, { owned: 145, leaves: () => 140 }, 0);
  assert.equal(guard.held.length, 0, '60 of 200');
  guard.judge(new Map([['10.0.0.9', ['k.a']]]), { owned: 140, leaves: () => 139 }, 1);
  assert.equal(guard.held.length, 1, '61 of 200');
});

test('what is older than the window, or of a clock that is ahead, does no harm', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 1 });
  guard.inherit([{ at: -10 * minute, addresses: 9, owned: 9 }], 0);
  const one = new Map([['10.0.0.9', ['k.a']]]);
  guard.judge(one, { owned: 140, leaves: () => 139 }, 0);
  assert.equal(guard.held.length, 0);
  const ahead = new RemovalGuard({ percent: 0, minimum: 1 });
  ahead.inherit([{ at: 100 * minute, addresses: 1, owned: 9 }], 0);
  ahead.judge(one, { owned: 140, leaves: () => 139 }, 10 * minute - 1);
  assert.equal(ahead.held.length, 1, 'it counts as of now');
  ahead.retain('10.0.0.9', []);
  ahead.judge(one, { owned: 140, leaves: () => 139 }, 10 * minute);
  assert.equal(ahead.held.length, 0, 'and not for ever');
});

test('the same process that leads again counts its own once', () => {
  const window = new GuardWindow();
  window.add(addresses(3), 90, 0);
  const told = window.counts;
  window.add(addresses(2, 3), 87, 30_000);
  window.inherit(told, 40_000);
  assert.equal(window.sizeWith([]), 5);
});

const passes = fc.array(
  fc.record({ from: fc.nat(30), count: fc.integer({ min: 1, max: 5 }), wait: fc.nat(4 * minute) }),
  { maxLength: 20 },
);

test('law: whenever a process is followed by another, the count is no smaller, and its status does not move', () => {
  fc.assert(
    fc.property(passes, fc.nat(20), (steps, restartAt) => {
      const throughout = new GuardWindow();
      let window = new GuardWindow();
      let now = 0;
      for (const [i, { from, count, wait }] of steps.entries()) {
        now += wait;
        if (i === restartAt) {
          const told = window.counts.map((one) => ({ ...one, at: wallClock(one.at) }));
          window = new GuardWindow();
          window.inherit(
            told.map((one) => ({ ...one, at: monotonicTime(one.at) ?? 0 })),
            now + 1000,
          );
          assert.deepEqual(
            window.counts.map((one) => ({ ...one, at: wallClock(one.at) })),
            told,
          );
        }
        for (const one of [throughout, window]) {
          one.prune(now);
          one.add(addresses(count, from), 100 - i, now);
        }
        assert.ok(window.sizeWith([]) >= throughout.sizeWith([]));
      }
    }),
  );
});
