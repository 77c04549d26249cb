// Debounce of changes that arrive in many small steps.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Burst } from '../../../src/core/removals/burst.ts';

test('nothing is waited for before anything came', () => {
  assert.equal(new Burst().over, Number.NEGATIVE_INFINITY);
});

test('one edit waits 50 ms for its siblings, and each of them for the next', () => {
  const burst = new Burst();
  burst.moved(1000);
  assert.equal(burst.over, 1050);
  burst.moved(1040);
  assert.equal(burst.over, 1090);
});

test('until what was asked is answered the burst goes on, though not for ever', () => {
  const burst = new Burst();
  const answers = [burst.asked(1000), burst.asked(1010)];
  assert.equal(burst.over, 31_000);
  answers[0]?.(1500);
  assert.equal(burst.over, 31_000);
  answers[1]?.(1600);
  assert.equal(burst.over, 1650);
  const late = burst.asked(5000);
  assert.equal(burst.over, 35_000);
  late(60_000);
  assert.equal(burst.over, 60_050);
});

test('what is never answered holds up the burst that it belongs to, and no later one', () => {
  const burst = new Burst();
  burst.asked(1000);
  burst.moved(40_000);
  assert.equal(burst.over, 40_050);
  const answer = burst.asked(40_010);
  assert.equal(burst.over, 70_000);
  answer(40_020);
  assert.equal(burst.over, 40_070);
});

test('the answer to a question of an earlier burst ends no later one', () => {
  const burst = new Burst();
  const early = burst.asked(1000);
  burst.asked(50_000);
  early(50_010);
  assert.equal(burst.over, 80_000);
});

test('who asks over and over, and is answered, gets two seconds like anybody', () => {
  for (const period of [30, 40, 47]) {
    const burst = new Burst();
    const ends = endsOf(burst, 20_000, (now) => {
      if (now % period === 0) burst.asked(now)(now);
      else if (now % period === 13) burst.moved(now);
    });
    assert.ok(Math.max(...ends) <= 2200, `${period}: ${Math.max(...ends)}`);
  }
});

/** How long each wait was for a moment at which it is over, looked at each ms after `step` has moved it. */
function endsOf(burst: Burst, until: number, step: (now: number) => void): number[] {
  const waits: number[] = [0];
  let since = 1000;
  for (let now = 1000; now < until; now++) {
    step(now);
    if (now < burst.over) continue;
    waits.push(now - since);
    since = now;
  }
  waits.push(until - since);
  return waits;
}

test('what comes each time just as it ends gets two seconds, too', () => {
  for (const period of [49, 50, 51, 99]) {
    const burst = new Burst();
    const waits = endsOf(burst, 20_000, (now) => {
      if (now % period === 0) burst.moved(now);
    });
    assert.ok(Math.max(...waits) <= 2200, `${period}: ${Math.max(...waits)}`);
  }
});

test('law: whatever comes however often, and is answered or not, it is over within two seconds, or thirty, and a moment', () => {
  const frame = fc.record({
    moves: fc.integer({ min: 1, max: 97 }),
    asks: fc.integer({ min: 1, max: 97 }),
    answersAfter: fc.option(fc.integer({ min: 0, max: 40_000 })),
    asksOnce: fc.boolean(),
  });
  fc.assert(
    fc.property(frame, ({ moves, asks, answersAfter, asksOnce }) => {
      const burst = new Burst();
      const due = new Map<number, (now: number) => void>();
      let asked = 0;
      const waits = endsOf(burst, 75_000, (now) => {
        if (now % moves === 0) burst.moved(now);
        if (now % asks === 0 && (!asksOnce || asked === 0)) {
          asked += 1;
          const answer = burst.asked(now);
          if (answersAfter !== null) due.set(now + answersAfter, answer);
        }
        due.get(now)?.(now);
      });
      const long = waits.filter((ms) => ms > 2200);
      assert.ok(Math.max(...waits) <= 30_200, `${Math.max(...waits)} ms`);
      if (asksOnce) assert.ok(long.length <= 1, 'one question is waited for once');
    }),
    { numRuns: 60, endOnFailure: true },
  );
});

test('after two seconds, or thirty, nothing that comes begins another burst before it was judged', () => {
  for (const asks of [false, true]) {
    for (const period of [7, 11, 13, 49]) {
      const burst = new Burst();
      let free = 0;
      for (let now = 1000; now < 34_000; now++) {
        if (now % period === 0) burst.moved(now);
        if (asks && now === 1001) burst.asked(now);
        if (now >= burst.over && now > 2000) free += 1;
      }
      assert.ok(free >= 95, `${asks} ${period}: ${free} ms`);
    }
  }
});

test('law: however many edits come, it is over within two seconds; while one is not answered, within thirty', () => {
  const steps = fc.array(fc.record({ after: fc.nat(60), asks: fc.boolean() }), {
    minLength: 1,
    maxLength: 400,
  });
  fc.assert(
    fc.property(steps, fc.boolean(), fc.boolean(), (story, asksAtAll, answers) => {
      const burst = new Burst();
      let now = 10_000;
      const open: ((now: number) => void)[] = [];
      let waitingSince: number | undefined;
      for (const { after, asks } of story) {
        for (let ms = 0; ms < after; ms++, now++) {
          if (now >= burst.over) waitingSince = undefined;
          else {
            waitingSince ??= now;
            assert.ok(now - waitingSince <= (asksAtAll ? 32_000 : 2000), 'judged in time');
          }
        }
        const answer = answers ? open.shift() : undefined;
        if (answer !== undefined) answer(now);
        else if (asks && asksAtAll) open.push(burst.asked(now));
        else burst.moved(now);
      }
    }),
  );
});
