// However busy a worker is, and however often another burst begins, what is ready is judged.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Burst } from '../../src/core/burst.ts';
import { JudgingTime } from '../../src/core/judging-time.ts';

function lookAt(judging: JudgingTime, burst: Burst, now: number, isReady = true): boolean {
  judging.from = burst.over;
  judging.burst = burst.number;
  return judging.isDue(now, isReady);
}

test('what is ready waits for the end of its burst, and nothing is judged when nothing is ready', () => {
  const judging = new JudgingTime();
  const burst = new Burst();
  assert.equal(lookAt(judging, burst, 500, false), false);
  assert.equal(lookAt(judging, burst, 600), true);
  burst.moved(1000);
  assert.deepEqual([lookAt(judging, burst, 1001), judging.at], [false, 1050]);
  assert.equal(lookAt(judging, burst, 1050), true);
  burst.asked(2000);
  assert.deepEqual([lookAt(judging, burst, 2001), lookAt(judging, burst, 31_999)], [false, false]);
  assert.equal(lookAt(judging, burst, 32_000), true);
});

test('of a burst that began while the worker was busy it waits for no more than two seconds in all', () => {
  const judging = new JudgingTime();
  const burst = new Burst();
  burst.moved(1000);
  assert.equal(lookAt(judging, burst, 1010), false);
  for (let now = 1900; now < 3100; now += 20) burst.moved(now);
  assert.deepEqual([lookAt(judging, burst, 3005), judging.at], [false, 3010]);
  assert.equal(lookAt(judging, burst, 3010), true);
  assert.equal(lookAt(judging, burst, 3011), false, 'what comes next waits for its own');
});

test('law: a worker that is busy for however long each time judges at the first look after two seconds, or thirty', () => {
  const frame = fc.record({
    busyMs: fc.integer({ min: 1, max: 5000 }),
    moves: fc.integer({ min: 1, max: 400 }),
    asks: fc.option(fc.integer({ min: 1, max: 20_000 })),
    isAnswered: fc.boolean(),
  });
  fc.assert(
    fc.property(frame, ({ busyMs, moves, asks, isAnswered }) => {
      const judging = new JudgingTime();
      const burst = new Burst();
      const mostMs = asks === null ? 2_000 : 30_000;
      let since: number | undefined;
      for (let now = 1000; now < 100_000; now++) {
        if (now % moves === 0) burst.moved(now);
        if (asks !== null && now % asks === 0) {
          const answer = burst.asked(now);
          if (isAnswered) answer(now);
        }
        if (now % busyMs !== 0) continue;
        if (lookAt(judging, burst, now)) since = undefined;
        else since ??= now;
        assert.ok(since === undefined || now - since <= mostMs + busyMs, `${now - (since ?? 0)} ms`);
      }
    }),
    { numRuns: 60, endOnFailure: true },
  );
});
