// Schedule of full reads, and the reading that shows what came of messages without an answer.

import { productTiming } from '../../../src/core/model/timing.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadSchedule } from '../../../src/operator/table/read-schedule.ts';

function schedule(intervalMs = 900_000) {
  const clock = { now: 1_000_000 };
  const reads = new ReadSchedule({
    intervalMs: () => intervalMs,
    now: () => clock.now,
    timing: productTiming,
  });
  /** Reads for so long. Tells whether it verified. */
  const read = (ms: number) => {
    const startedAt = clock.now;
    clock.now += ms;
    reads.ended(startedAt);
    return reads.verifies(startedAt);
  };
  return { clock, reads, read };
}

test('after a takeover the table is read again when the former leader’s longest call has ended, and that verifies', () => {
  const { clock, reads, read } = schedule();
  reads.takenOver();
  const begun = clock.now;
  assert.equal(read(100), false);
  assert.equal(reads.dueAt, begun + 65_000);
  clock.now = reads.dueAt;
  assert.equal(read(100), true);
  assert.equal(reads.dueAt, clock.now + 900_000);
});

test('a reading that began before a late message was over is repeated, and keeps its distance', () => {
  const { clock, reads, read } = schedule();
  read(100);
  reads.doubt();
  const over = clock.now + 65_000;
  clock.now = over - 1_000;
  assert.equal(read(5_000), false, 'it may have passed the page before the message took effect');
  assert.equal(reads.dueAt, clock.now + 20 * 5_000);
  clock.now = reads.dueAt;
  assert.equal(read(5_000), true);
});
