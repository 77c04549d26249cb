// Backoff of calls to the API server after a failure, depending on what failed before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicClock } from '../../../src/kubernetes/reflector/clock.ts';
import type { Failure } from '../../../src/kubernetes/errors/failure.ts';
import { WatchHealth } from '../../../src/kubernetes/reflector/watch-health.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {} };
const failure = (reason: string): Failure => ({ reason, message: reason, relist: false, retryAfterMs: 0 });

function waits(reasons: readonly string[]): number[] {
  const health = new WatchHealth({ log: quiet, clock: { ...monotonicClock, now: () => 0 }, random: () => 1 });
  return reasons.map((reason) => health.failed(failure(reason)));
}

test('failures of one kind double the wait', () => {
  assert.deepEqual(waits(['Unreachable', 'Unreachable', 'Unreachable']), [800, 1600, 3200]);
});

test('a server that answers again, if only with Expired, is not kept waiting for what its outage has cost', () => {
  const outage = ['Unreachable', 'Unreachable', 'Unreachable', 'Unreachable'];
  assert.equal(waits([...outage, 'Expired']).at(-1), 800);
});

test('versions that expire again and again are no reason to list in a tight loop', () => {
  assert.deepEqual(waits(['Expired', 'Expired', 'Expired']), [800, 1600, 3200]);
});
