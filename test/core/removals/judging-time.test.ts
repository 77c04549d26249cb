// However busy a worker is, and however often another burst begins, what is ready is judged.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Burst } from '../../../src/core/removals/burst.ts';
import { JudgingTime } from '../../../src/core/removals/judging-time.ts';
import { Table } from '../../../src/core/table/table.ts';
import { tagSet } from '../../../src/core/model/tag-set.ts';
import { nextBatch } from '../table/messages.ts';

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

test('a table that is read anew waits for the burst that is on: nothing of it has waited before', () => {
  const wanted = new Map([['10.0.0.1', tagSet(['k.stays', 'k.goes'])]]);
  const desired = { tagsOf: (address: string) => wanted.get(address) ?? [], addresses: () => wanted.keys() };
  const gate = () => undefined;
  const table = new Table(desired, gate, { percent: 100, minimum: 10 });
  const look = (from: number, burst: number, now: number) => {
    table.setKnowledge({ gate, judgeFrom: from, burst }, now);
    return nextBatch(table, { entries: 10, bytes: 10_000 }, now);
  };
  const read = (now: number) => {
    table.beginRead();
    const owned = new Map([['10.0.0.1', tagSet(['k.stays', 'k.goes'])]]);
    table.endRead({ owned, others: new Map(), agreed: true }, now);
  };
  const remove = (now: number) => {
    wanted.set('10.0.0.1', tagSet(['k.stays']));
    const before = tagSet(['k.stays', 'k.goes']);
    table.note({ address: '10.0.0.1', before, after: tagSet(['k.stays']), cause: 'policy' }, now);
  };
  read(1000);
  remove(1000);
  assert.equal(look(1050, 1, 1001), undefined);
  table.forget();
  read(600_000);
  remove(600_000);
  assert.equal(look(600_050, 2, 600_001), undefined);
  assert.deepEqual(look(600_050, 2, 600_050)?.[0]?.unregister, ['k.goes']);
});
