// When removals that rest on absence are held, what a held plan may do, and what approval releases.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RemovalGuard } from '../../src/core/removal-guard.ts';
import type { TagSet } from '../../src/core/tag-set.ts';

const minute = 60_000;
const limits = { percent: 30, minimum: 50 };
const many = (count: number, from = 0): Map<string, TagSet> =>
  new Map(Array.from({ length: count }, (_, i) => [`10.0.${(from + i) >> 8}.${(from + i) & 255}`, ['k.a']]));
const stakes = (owned: number, emptied = 0) => ({ owned, emptied });

test('within both limits everything passes', () => {
  const guard = new RemovalGuard(limits);
  guard.judge(many(50), stakes(60), 0);
  assert.equal(guard.held, undefined);
  assert.ok(guard.admits('10.0.0.0', 'k.a') && guard.admits('10.0.0.49', 'k.a'));
});

test('beyond the larger limit the whole batch is held, and none of it passes', () => {
  for (const [owned, count] of [
    [60, 51],
    [1000, 301],
  ] as const) {
    const guard = new RemovalGuard(limits);
    guard.judge(many(count), stakes(owned), 7);
    assert.equal(guard.held?.removals.size, count);
    assert.equal(guard.held?.since, 7);
    assert.match(guard.held?.id ?? '', /^[0-9a-f]{4}$/);
    assert.equal(guard.admits('10.0.0.0', 'k.a'), false);
  }
});

test('the same edit drop by drop trips it too, against the owned count at the start', () => {
  const guard = new RemovalGuard(limits);
  let owned = 200;
  for (let i = 0; i < 60; i += 1) {
    guard.judge(many(1, i), stakes(owned), i * 1000);
    assert.equal(guard.held, undefined, `after ${i}`);
    owned -= 1;
  }
  guard.judge(many(1, 60), stakes(owned), 60_000);
  assert.equal(guard.held?.removals.size, 1);
});

test('ten minutes later the window is empty again', () => {
  const guard = new RemovalGuard(limits);
  guard.judge(many(50), stakes(100), 0);
  guard.judge(many(50, 50), stakes(100), 10 * minute);
  assert.equal(guard.held, undefined);
  const early = new RemovalGuard(limits);
  early.judge(many(50), stakes(100), 0);
  early.judge(many(50, 50), stakes(100), 10 * minute - 1);
  assert.equal(early.held?.removals.size, 50);
});

test('a table of more than 5 is not emptied unasked, a smaller one may be', () => {
  const guard = new RemovalGuard(limits);
  guard.judge(many(6), stakes(6, 6), 0);
  assert.equal(guard.held?.removals.size, 6);
  const small = new RemovalGuard(limits);
  small.judge(many(5), stakes(5, 5), 0);
  assert.equal(small.held, undefined);
});

test('zero and zero hold every guarded removal', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 0 });
  guard.judge(many(1), stakes(1000), 0);
  assert.equal(guard.held?.removals.size, 1);
});

test('a held plan is frozen: others wait, it only shrinks, it keeps its id, and its end lets others be judged', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 1 });
  guard.judge(many(3), stakes(100), 0);
  const id = guard.held?.id;
  guard.judge(many(1, 10), stakes(100), 1);
  assert.equal(guard.admits('10.0.0.10', 'k.a'), false);
  guard.retain('10.0.0.0', []);
  guard.retain('10.0.0.1', ['k.a', 'k.b']);
  assert.deepEqual([guard.held?.id, [...(guard.held?.removals ?? [])]], [id, [...many(2, 1)]]);
  guard.retain('10.0.0.1', []);
  guard.retain('10.0.0.2', []);
  assert.equal(guard.held, undefined);
  guard.judge(many(1, 10), stakes(100), 2);
  assert.ok(guard.admits('10.0.0.10', 'k.a'));
});

test('approval releases what is left of exactly that plan, once, and does not count in the window', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 1 });
  guard.judge(many(3), stakes(100), 0);
  const id = guard.held?.id ?? '';
  assert.equal(guard.approve('none'), false);
  guard.retain('10.0.0.0', []);
  assert.equal(guard.approve(id), true);
  assert.equal(guard.approve(id), false);
  assert.equal(guard.admits('10.0.0.0', 'k.a'), false);
  assert.ok(guard.admits('10.0.0.1', 'k.a'));
  guard.judge(many(1, 20), stakes(98), 1);
  assert.equal(guard.held, undefined, 'the window is still empty');
});

test('what passed and what was approved later add up at an address, and end with the need for them', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 1 });
  const admitted = (address: string) => ['k.a', 'k.b'].filter((tag) => guard.admits(address, tag));
  guard.judge(many(1), stakes(100), 0);
  guard.judge(new Map([...many(1, 1), ['10.0.0.0', ['k.b']]]), stakes(100), 1);
  guard.approve(guard.held?.id ?? '');
  assert.deepEqual(admitted('10.0.0.0'), ['k.a', 'k.b']);
  guard.retain('10.0.0.0', ['k.b']);
  assert.deepEqual(admitted('10.0.0.0'), ['k.b']);
  guard.retain('10.0.0.0', []);
  assert.deepEqual(admitted('10.0.0.0'), []);
  guard.retain('10.0.0.0', ['k.a']);
  assert.deepEqual(admitted('10.0.0.0'), [], 'an admission is not for ever');
});

test('a plan loses the single tag that is not surplus any more', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 0 });
  guard.judge(new Map([['10.0.0.1', ['k.a', 'k.b', 'k.c']]]), stakes(100), 0);
  guard.retain('10.0.0.1', ['k.b', 'k.c', 'k.d']);
  assert.deepEqual([...(guard.held?.removals ?? [])], [['10.0.0.1', ['k.b', 'k.c']]]);
});

test('when nothing is known of the table any more, nothing is held and nothing admitted', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 1 });
  guard.judge(many(1), stakes(100), 0);
  guard.judge(many(2, 1), stakes(100), 1);
  guard.forget();
  assert.equal(guard.held, undefined);
  assert.equal(guard.admits('10.0.0.0', 'k.a'), false);
});

// Somebody may read the id, and the operator be upgraded, before the approval is written.
test('the id of a plan is that of its content, whatever the order, and stays what it was in every release', () => {
  const idOf = (removals: readonly (readonly [string, TagSet])[]) => {
    const guard = new RemovalGuard({ percent: 0, minimum: 0 });
    guard.judge(new Map(removals), stakes(100), 0);
    return guard.held?.id;
  };
  const [first, second] = [['10.0.0.1', ['k.a', 'k.b']] as const, ['10.0.0.2', ['k.a']] as const];
  assert.equal(idOf([first, second]), '6ef8');
  assert.equal(idOf([second, first]), '6ef8');
  assert.notEqual(idOf([first]), idOf([['10.0.0.1', ['k.ak.b']]]));
});

test('after its removals are done, the same plan arising later is held again, under the same id', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 1 });
  guard.judge(many(3), stakes(100), 0);
  const id = guard.held?.id ?? '';
  guard.approve(id);
  for (const address of many(3).keys()) guard.retain(address, []);
  guard.judge(many(3), stakes(100), 1);
  assert.equal(guard.held?.id, id);
});

test('whatever comes, nothing is admitted beyond the limit within ten minutes without approval', () => {
  const step = fc.record({
    from: fc.nat(40),
    count: fc.integer({ min: 1, max: 8 }),
    wait: fc.nat(4 * minute),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 0, max: 12 }), (steps, minimum) => {
      const guard = new RemovalGuard({ percent: 0, minimum });
      const admitted: { address: string; at: number }[] = [];
      let now = 0;
      for (const { from, count, wait } of steps) {
        now += wait;
        const candidates = many(count, from);
        guard.judge(candidates, stakes(1000), now);
        for (const address of candidates.keys()) {
          if (!guard.admits(address, 'k.a')) continue;
          admitted.push({ address, at: now });
          guard.retain(address, []);
        }
        const recent = new Set(
          admitted.filter(({ at }) => at > now - 10 * minute).map(({ address }) => address),
        );
        assert.ok(recent.size <= minimum, `${recent.size} of ${minimum}`);
      }
    }),
  );
});
