// Laws of the leader's Lease: no leader acts once another may have taken it, whatever clocks and calls do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  freeFrom,
  leaseTimes,
  newHoldersSince,
  provenUntil,
} from '../../../src/core/lifecycle/leader-lease.ts';

/** A process's monotonic clock: it began at any value and runs up to 2 % fast or slow. Real time in ms. */
type Clock = { readonly offset: number; readonly rate: number };

const clock = fc.record({
  offset: fc.integer({ min: 0, max: 1e9 }),
  rate: fc.double({ min: 0.98, max: 1.02, noNaN: true }),
});
const read = ({ offset, rate }: Clock, real: number) => offset + real * rate;
const realTime = ({ offset, rate }: Clock, reading: number) => (reading - offset) / rate;
const delay = fc.integer({ min: 0, max: 60_000 });

test('whatever calls and clocks do, the calls of a leader have ended before another may take its Lease', () => {
  const law = fc.property(
    clock,
    clock,
    fc.integer({ min: 0, max: 1e6 }),
    delay,
    delay,
    (leader, other, sent, way, sight) => {
      // The renewal was sent, then written, then seen by the other; nothing is known of how long each took.
      const calls = realTime(leader, provenUntil(read(leader, sent)).calls);
      const seen = { holder: 'leader', termMs: leaseTimes.term, at: read(other, sent + way + sight) };
      assert.ok(calls <= realTime(other, freeFrom(seen, 'other')));
    },
  );
  fc.assert(law);
});

// Replicas of two releases meet at every upgrade: each must keep the times that the other counts on.
test('a term is 10 s, renewed within 7 s, tried every 2 s, and calls end half a second early', () => {
  assert.deepEqual(leaseTimes, { term: 10_000, renewal: 7_000, retry: 2_000, margin: 500 });
});

test('something begins only while a call has room to end', () => {
  const { begin, calls } = provenUntil(1000);
  assert.ok(calls - begin >= leaseTimes.retry);
  assert.ok(begin - 1000 >= 3 * leaseTimes.retry);
});

test('a Lease that nobody holds, or this process itself, may be taken at once', () => {
  assert.equal(freeFrom({ holder: '', termMs: 1000, at: 5 }, 'me'), 5);
  assert.equal(freeFrom({ holder: 'me', termMs: 10_000, at: 5 }, 'me'), 5);
});

test('a holder that claims a longer term gets it, and none gets a shorter one', () => {
  const at = (termMs: number | undefined) => freeFrom({ holder: 'other', termMs, at: 100 }, 'me');
  assert.deepEqual([at(60_000), at(1_000), at(undefined)], [60_100, 10_100, 10_100]);
});

test('holders of the second of the last renewal and later are new, and a clock a little ahead is corrected', () => {
  const renewedAt = Date.parse('2026-11-22T10:00:07.654Z');
  const since = newHoldersSince(renewedAt, renewedAt + 500);
  assert.equal(
    since,
    Date.parse('2026-11-22T10:00:06.999Z'),
    'a Pod of second 07 is after it, one of second 06 is not',
  );
  assert.equal(newHoldersSince(renewedAt + 4_000, renewedAt), since);
});

test('where a renewal lies far in the future one clock is wrong, and few holders count as new', () => {
  const day = 86_400_000;
  const renewedAt = Date.parse('2026-11-22T10:00:07.654Z');
  const since = newHoldersSince(renewedAt, renewedAt + 500);
  assert.equal(newHoldersSince(renewedAt, renewedAt - day), since, 'our own clock is a day behind');
  assert.equal(
    newHoldersSince(renewedAt + day, renewedAt),
    since + day,
    'the former leader’s was a day ahead',
  );
});

test('law: no clock of ours makes more holders new than the Lease alone and five seconds would', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 4e12 }), (renewedAt, seenAt) => {
      assert.ok(newHoldersSince(renewedAt, seenAt) >= Math.floor((renewedAt - 5_000) / 1000) * 1000 - 1);
      assert.ok(newHoldersSince(renewedAt, seenAt) <= newHoldersSince(renewedAt, renewedAt));
    }),
  );
});
