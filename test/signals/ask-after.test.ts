// Callers share a run that begins after their call.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { askAfter } from '../../src/signals/ask-after.ts';

const { signal } = new AbortController();

test('law: no caller is served by a run that began before its call, and runs never overlap', async () => {
  const delay = fc.nat({ max: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(delay, delay), { maxLength: 12 }), async (callers) => {
      let time = 0;
      let running = 0;
      let lastStart = -1;
      const ended: number[] = [];
      const shared = askAfter(async () => {
        assert.equal(++running, 1);
        const start = (lastStart = time++);
        await sleep(1);
        running -= 1;
        ended.push(start);
      });
      await Promise.all(
        callers.map(async ([before]) => {
          await sleep(before);
          const calledAt = time++;
          await shared(signal);
          assert.ok(Math.max(...ended) > calledAt, 'served by an older run');
        }),
      );
      assert.ok(lastStart >= 0 || callers.length === 0);
    }),
    { numRuns: 40 },
  );
});
