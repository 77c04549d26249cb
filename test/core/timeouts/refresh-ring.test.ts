// The ring of refreshes: each address once a turn, whatever comes, goes and waits meanwhile, and never many at once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RefreshRing } from '../../../src/core/timeouts/refresh-ring.ts';

const turnMs = 4096_000;

function ringOf(addresses: Iterable<string>): RefreshRing {
  const ring = new RefreshRing();
  for (const address of addresses) ring.add(address);
  ring.turn(turnMs, 0);
  return ring;
}

/** Lets the hand go on, and settles what comes due; tells when each came. */
function visits(ring: RefreshRing, from: number, to: number, stepMs: number): Map<string, number[]> {
  const seen = new Map<string, number[]>();
  for (let now = from; now <= to; now += stepMs) {
    ring.advance(now);
    for (const address of ring.due.keys()) {
      seen.set(address, [...(seen.get(address) ?? []), now]);
      ring.settle(address);
    }
  }
  return seen;
}

const host = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
const hosts = (count: number) => Array.from({ length: count }, (_, i) => host(i));

test('each address comes once a turn, always after the same time', () => {
  const addresses = hosts(500);
  const seen = visits(ringOf(addresses), 0, 3 * turnMs, 1000);
  assert.equal(seen.size, 500);
  for (const times of seen.values()) {
    assert.equal(times.length, 3);
    for (const [i, at] of times.slice(1).entries()) assert.equal(at - (times[i] ?? 0), turnMs);
  }
});

test('addresses that were added together come apart, and as many in each part of a turn', () => {
  const parts = Array.from({ length: 20 }, () => 0);
  for (const [first = 0] of visits(ringOf(hosts(100_000)), 0, turnMs, 1000).values()) {
    const part = Math.min(19, Math.floor((first / turnMs) * 20));
    parts[part] = (parts[part] ?? 0) + 1;
  }
  const most = Math.max(...parts);
  assert.ok(most < 5000 * 1.1, `${most} in the fullest twentieth of 100,000`);
});

test('the next address tells when the hand comes to it, and one that is due when it did', () => {
  const ring = ringOf(['10.0.0.1']);
  const at = ring.nextAt() ?? Number.NaN;
  assert.ok(at > 0 && at <= turnMs);
  ring.advance(at - 1);
  assert.equal(ring.due.size, 0);
  ring.advance(at);
  assert.deepEqual([...ring.due], [['10.0.0.1', at]]);
  ring.advance(at + 5000);
  assert.equal(ring.nextAt(), at);
  ring.settle('10.0.0.1');
  assert.equal(ring.nextAt(), at + turnMs);
});

test('a hand that was held up for several turns passes each position once, and the longest waiting stand first', () => {
  const ring = ringOf(hosts(50));
  assert.equal(ring.advance(10 * turnMs), ring.positions);
  assert.equal(ring.due.size, 50);
  const times = [...ring.due.values()];
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
});

test('nothing comes of a ring that does not turn, that is empty, or that was cleared', () => {
  const ring = new RefreshRing();
  ring.add('10.0.0.1');
  assert.equal(ring.advance(1e12), 0);
  ring.turn(turnMs, 0);
  ring.clear();
  assert.equal(ring.advance(1e12), 0);
  assert.equal(ring.nextAt(), undefined);
  assert.equal(ring.due.size, 0);
});

test('one that is summoned is due at once, wherever it stands', () => {
  const ring = ringOf([]);
  ring.summon('10.0.0.9', 7);
  assert.deepEqual([...ring.due], [['10.0.0.9', 7]]);
});

test('law: other paces and other addresses never make one wait longer than the slowest turn', () => {
  const step = fc.record({
    turn: fc.integer({ min: 100, max: 5000 }),
    add: fc.nat(200),
    drop: fc.nat(200),
    ms: fc.integer({ min: 1, max: 2000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ring = new RefreshRing();
      const since = new Map<string, number>();
      let now = 0;
      ring.turn(5000, now);
      for (const { turn, add, drop, ms } of steps) {
        ring.turn(turn, now);
        ring.add(host(add));
        since.set(host(add), since.get(host(add)) ?? now);
        ring.delete(host(drop));
        since.delete(host(drop));
        now += ms;
        ring.advance(now);
        for (const address of ring.due.keys()) {
          assert.ok(since.has(address), `${address} is not in the ring`);
          since.set(address, now);
          ring.settle(address);
        }
        // Each edit may cost the hand one position more, and it is looked at only now and then.
        for (const at of since.values()) assert.ok(now - at <= 5000 + 2000 + steps.length * 2);
      }
    }),
  );
});
