// When what comes in many small steps may be judged as one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Burst } from '../../src/core/burst.ts';

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
  burst.asked(1000);
  burst.asked(1010);
  assert.equal(burst.over, 31_000);
  burst.answered(1500);
  assert.equal(burst.over, 31_000);
  burst.answered(1600);
  assert.equal(burst.over, 1650);
  burst.asked(5000);
  assert.equal(burst.over, 35_000);
  burst.answered(60_000);
  assert.equal(burst.over, 60_050);
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
      let open = 0;
      let waitingSince: number | undefined;
      for (const { after, asks } of story) {
        for (let ms = 0; ms < after; ms++, now++) {
          if (now >= burst.over) waitingSince = undefined;
          else {
            waitingSince ??= now;
            assert.ok(now - waitingSince <= (asksAtAll ? 32_000 : 2000), 'judged in time');
          }
        }
        if (answers && open > 0) {
          burst.answered(now);
          open -= 1;
        } else if (asks && asksAtAll) {
          burst.asked(now);
          open += 1;
        } else burst.moved(now);
      }
    }),
  );
});
