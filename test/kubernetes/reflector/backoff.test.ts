// Backing off: doubling up to a limit, jittered, and forgotten after a good time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBackoff } from '../../../src/kubernetes/reflector/backoff.ts';

function backoff(random: () => number) {
  let now = 0;
  const waits = createBackoff({ baseMs: 800, maxMs: 30_000, resetAfterMs: 120_000, now: () => now, random });
  return {
    next: () => {
      const wait = waits.next();
      now += wait;
      return wait;
    },
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test('waits double from 0.8 s to 30 s', () => {
  const { next } = backoff(() => 1);
  assert.deepEqual(Array.from({ length: 8 }, next), [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
});

test('jitter takes off up to half', () => {
  const { next } = backoff(() => 0);
  assert.deepEqual(Array.from({ length: 3 }, next), [400, 800, 1600]);
});

test('two good minutes make it start over; less does not', () => {
  const { next, pass } = backoff(() => 1);
  next();
  next();
  pass(119_999);
  assert.equal(next(), 3200);
  pass(120_000);
  assert.equal(next(), 800);
});
