// Guard: when guarded removals are held, what a held plan may do, and what approval releases.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { planId } from '../../../src/core/removals/held-plan.ts';
import { RemovalGuard } from '../../../src/core/removals/removal-guard.ts';
import type { RemovalOrigin } from '../../../src/core/model/removal-origin.ts';
import { type TagSet, tagSet } from '../../../src/core/model/tag-set.ts';

const minute = 60_000;
const limits = { percent: 30, minimum: 50 };
const many = (count: number, from = 0): Map<string, TagSet> =>
  new Map(Array.from({ length: count }, (_, i) => [`10.0.${(from + i) >> 8}.${(from + i) & 255}`, ['k.a']]));
const stakes = (owned: number, emptied = 0) => ({ owned, leaves: () => owned - emptied });

test('within both limits everything passes', () => {
  const guard = new RemovalGuard(limits);
  guard.judge(many(50), stakes(60), 0);
  assert.equal(guard.held[0], undefined);
  assert.ok(guard.admits('10.0.0.0', 'k.a') && guard.admits('10.0.0.49', 'k.a'));
});

test('beyond the larger limit the whole batch is held, and none of it passes', () => {
  for (const [owned, count] of [
    [60, 51],
    [1000, 301],
  ] as const) {
    const guard = new RemovalGuard(limits);
    guard.judge(many(count), stakes(owned), 7);
    assert.equal(guard.held[0]?.removals.size, count);
    assert.equal(guard.held[0]?.since, 7);
    assert.match(guard.held[0]?.id ?? '', /^[0-9a-f]{4}$/);
    assert.equal(guard.admits('10.0.0.0', 'k.a'), false);
  }
});

test('the same edit drop by drop trips it too, against the owned count at the start', () => {
  const guard = new RemovalGuard(limits);
  let owned = 200;
  for (let i = 0; i < 60; i += 1) {
    guard.judge(many(1, i), stakes(owned), i * 1000);
    assert.equal(guard.held[0], undefined, `after ${i}`);
    owned -= 1;
  }
  guard.judge(many(1, 60), stakes(owned), 60_000);
  assert.equal(guard.held[0]?.removals.size, 1);
});

test('ten minutes later the window is empty again', () => {
  const guard = new RemovalGuard(limits);
  guard.judge(many(50), stakes(100), 0);
  guard.judge(many(50, 50), stakes(100), 10 * minute);
  assert.equal(guard.held[0], undefined);
  const early = new RemovalGuard(limits);
  early.judge(many(50), stakes(100), 0);
  early.judge(many(50, 50), stakes(100), 10 * minute - 1);
  assert.equal(early.held[0]?.removals.size, 50);
});

test('a table of more than 5 is not emptied unasked, a smaller one may be', () => {
  const guard = new RemovalGuard(limits);
  guard.judge(many(6), stakes(6, 6), 0);
  assert.equal(guard.held[0]?.removals.size, 6);
  const small = new RemovalGuard(limits);
  small.judge(many(5), stakes(5, 5), 0);
  assert.equal(small.held[0], undefined);
});

test('a table that had more than 5 at the start of the window is not emptied either, nor one that has them by now', () => {
  const had = new RemovalGuard(limits);
  had.judge(many(4), stakes(8, 4), 0);
  had.judge(many(4, 4), stakes(4, 4), minute);
  assert.equal(had.held[0]?.size, 4);
  const has = new RemovalGuard(limits);
  has.judge(many(3), stakes(3, 3), 0);
  has.judge(many(10, 3), stakes(10, 10), minute);
  assert.equal(has.held[0]?.size, 10);
});

test('zero and zero hold every guarded removal', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 0 });
  guard.judge(many(1), stakes(1000), 0);
  assert.equal(guard.held[0]?.removals.size, 1);
});

test('a held plan is frozen: others wait, it only shrinks, it keeps its id, and its end lets others be judged', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 1 });
  guard.judge(many(3), stakes(100), 0);
  const id = guard.held[0]?.id;
  guard.judge(many(1, 10), stakes(100), 1);
  assert.equal(guard.admits('10.0.0.10', 'k.a'), false);
  guard.retain('10.0.0.0', []);
  guard.retain('10.0.0.1', ['k.a', 'k.b']);
  assert.deepEqual([guard.held[0]?.id, [...(guard.held[0]?.removals ?? [])]], [id, [...many(2, 1)]]);
  guard.retain('10.0.0.1', []);
  guard.retain('10.0.0.2', []);
  assert.equal(guard.held[0], undefined);
  guard.judge(many(1, 10), stakes(100), 2);
  assert.ok(guard.admits('10.0.0.10', 'k.a'));
});

test('approval releases what is left of exactly that plan, once, and does not count in the window', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 1 });
  guard.judge(many(3), stakes(100), 0);
  const id = guard.held[0]?.id ?? '';
  assert.equal(guard.approve('none'), undefined);
  guard.retain('10.0.0.0', []);
  assert.equal(guard.approve(id)?.id, id);
  assert.equal(guard.approve(id), undefined);
  assert.equal(guard.admits('10.0.0.0', 'k.a'), false);
  assert.ok(guard.admits('10.0.0.1', 'k.a'));
  guard.judge(many(1, 20), stakes(98), 1);
  assert.equal(guard.held[0], undefined, 'the window is still empty');
});

test('what passed and what was approved later add up at an address, and end with the need for them', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 1 });
  const admitted = (address: string) => ['k.a', 'k.b'].filter((tag) => guard.admits(address, tag));
  guard.judge(many(1), stakes(100), 0);
  guard.judge(new Map([...many(1, 1), ['10.0.0.0', ['k.b']]]), stakes(100), 1);
  guard.approve(guard.held[0]?.id ?? '');
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
  assert.deepEqual([...(guard.held[0]?.removals ?? [])], [['10.0.0.1', ['k.b', 'k.c']]]);
});

test('when nothing is known of the table any more, nothing is held and nothing admitted', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 1 });
  guard.judge(many(1), stakes(100), 0);
  guard.judge(many(2, 1), stakes(100), 1);
  guard.forget();
  assert.equal(guard.held[0], undefined);
  assert.equal(guard.admits('10.0.0.0', 'k.a'), false);
});

// Somebody may read the id, and the operator be upgraded, before the approval is written.
test('the id of a plan is that of its content, whatever the order, and stays what it was in every release', () => {
  const idOf = (removals: readonly (readonly [string, TagSet])[]) => {
    const guard = new RemovalGuard({ percent: 0, minimum: 0 });
    guard.judge(new Map(removals), stakes(100), 0);
    return guard.held[0]?.id;
  };
  const [first, second] = [['10.0.0.1', ['k.a', 'k.b']] as const, ['10.0.0.2', ['k.a']] as const];
  assert.equal(idOf([first, second]), '6ef8');
  assert.equal(idOf([second, first]), '6ef8');
  assert.notEqual(idOf([first]), idOf([['10.0.0.1', ['k.ak.b']]]));
});

test('after its removals are done, the same plan arising later is held again, under the same id', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 1 });
  guard.judge(many(3), stakes(100), 0);
  const id = guard.held[0]?.id ?? '';
  guard.approve(id);
  for (const address of many(3).keys()) guard.retain(address, []);
  guard.judge(many(3), stakes(100), 1);
  assert.equal(guard.held[0]?.id, id);
});

const prefixed = () => new RemovalGuard({ percent: 0, minimum: 2 }, 'k.');
const tagged = (tag: string, count: number, from = 0) =>
  new Map([...many(count, from).keys()].map((address) => [address, [tag]] as [string, TagSet]));
const isIn = (guard: RemovalGuard, candidates: ReadonlyMap<string, TagSet>) =>
  [...candidates].every(([address, tags]) => tags.every((tag) => guard.admits(address, tag)));

test('a plan blocks the namespaces that it touches, the cluster-wide tags if it touches those, and nothing else', () => {
  const guard = prefixed();
  guard.judge(tagged('k.ns_a.web', 3), stakes(100), 0);
  const [plan] = guard.held;
  assert.deepEqual([guard.blocks('a'), guard.blocks('b'), guard.blocks('')], [true, false, false]);
  guard.judge(tagged('k.ns_a.other', 1, 10), stakes(100), 1);
  assert.equal(guard.admits('10.0.0.10', 'k.ns_a.other'), false, 'its turn comes after the plan');
  guard.judge(tagged('k.ns_b.web', 1, 20), stakes(100), 2);
  guard.judge(tagged('k.all', 1, 21), stakes(100), 3);
  assert.ok(guard.admits('10.0.0.20', 'k.ns_b.web') && guard.admits('10.0.0.21', 'k.all'));
  assert.deepEqual(guard.takeFreed(), []);
  for (const address of many(3).keys()) guard.retain(address, []);
  assert.deepEqual([guard.held, guard.takeFreed(), guard.blocks('a')], [[], ['a'], false]);
  assert.equal(plan?.size, 0);
});

test('plans are a list, oldest first; any of them is approved, and the others stay', () => {
  const guard = prefixed();
  for (const [i, name] of ['a', 'b', 'c'].entries())
    guard.judge(tagged(`k.ns_${name}.web`, 3), stakes(100), i);
  const ids = guard.held.map(({ id }) => id);
  assert.deepEqual(
    guard.held.map(({ since }) => since),
    [0, 1, 2],
  );
  guard.approve(ids[1] ?? '');
  assert.deepEqual(
    guard.held.map(({ id }) => id),
    [ids[0], ids[2]],
  );
  assert.deepEqual(guard.takeFreed(), ['b']);
  assert.ok(isIn(guard, tagged('k.ns_b.web', 3)));
  assert.ok(!guard.admits('10.0.0.0', 'k.ns_a.web') && !guard.admits('10.0.0.0', 'k.ns_c.web'));
});

const byTag =
  (change: RemovalOrigin['change'], inList = false) =>
  (_: string, tag: string): RemovalOrigin => {
    const namespace = /^k\.ns_([^.]+)/.exec(tag)?.[1];
    return namespace === undefined
      ? { kind: 'ClusterPanTagPolicy', name: 'all', change, inList }
      : { kind: 'PanTagPolicy', name: `${namespace}/web`, change, inList };
  };

test('of one moment, the tenant that goes beyond the limits alone is held apart, and the others pass', () => {
  const guard = prefixed();
  const others = new Map([...tagged('k.ns_b.web', 1, 10), ...tagged('k.all', 1, 11)]);
  const all = new Map([...tagged('k.ns_a.web', 3), ...others]);
  guard.judge(all, { ...stakes(100), originOf: byTag('deleted') }, 0);
  assert.deepEqual([guard.held.length, guard.held[0]?.size], [1, 3]);
  assert.ok(isIn(guard, others));
});

test('of one moment, tenants that go beyond the limits together only are held as one', () => {
  const guard = prefixed();
  const all = new Map([...tagged('k.ns_a.web', 2), ...tagged('k.ns_b.web', 2, 10)]);
  guard.judge(all, { ...stakes(100), originOf: byTag('edited') }, 0);
  assert.deepEqual([guard.held.length, guard.held[0]?.size], [1, 4]);
});

test('what one list told is judged as one, whichever namespaces it is about', () => {
  const guard = prefixed();
  const all = new Map([...tagged('k.ns_a.web', 3), ...tagged('k.ns_b.web', 1, 10)]);
  guard.judge(all, { ...stakes(100), originOf: byTag('missing', true) }, 0);
  assert.deepEqual([guard.held.length, guard.held[0]?.size], [1, 4]);
});

test('however many tenants trip it at once, the plans are few enough to be read', () => {
  const guard = new RemovalGuard({ percent: 0, minimum: 0 }, 'k.');
  const names = Array.from({ length: 40 }, (_, i) => `t${i}`);
  const all = new Map(names.flatMap((name, i) => [...tagged(`k.ns_${name}.web`, 1, i)]));
  guard.judge(all, { ...stakes(100), originOf: byTag('deleted') }, 0);
  assert.equal(guard.held.length, 9);
  assert.equal(
    guard.held.reduce((sum, { size }) => sum + size, 0),
    40,
  );
});

test('of one moment, what an administrator did beyond the limits holds no tenant, nor do more tenants than there are plans', () => {
  const small = tagged('k.ns_small.web', 1, 250);
  const wide = prefixed();
  wide.judge(new Map([...tagged('k.all', 4), ...small]), { ...stakes(100), originOf: byTag('edited') }, 0);
  assert.deepEqual([wide.held.map(({ size }) => size), isIn(wide, small)], [[4], true]);

  const crowd = prefixed();
  const names = Array.from({ length: 12 }, (_, i) => `t${i}`);
  const tripping = names.flatMap((name, i) => [...tagged(`k.ns_${name}.web`, 4, 4 * i)]);
  crowd.judge(new Map([...tripping, ...small]), { ...stakes(100), originOf: byTag('edited') }, 0);
  assert.deepEqual(
    crowd.held.map(({ size }) => size),
    [...Array.from({ length: 8 }, () => 4), 16],
  );
  assert.ok(isIn(crowd, small));

  const doubtful = prefixed();
  const isDoubtful = (_: string, tag: string) => tag === 'k.all';
  const all = new Map([
    ...small,
    ['10.0.0.250', tagSet(['k.all', ...(small.get('10.0.0.250') ?? [])])] as const,
  ]);
  doubtful.judge(all, { ...stakes(100), originOf: byTag('edited'), isDoubtful }, 0);
  assert.deepEqual([doubtful.held.map(({ size }) => size), isIn(doubtful, small)], [[1], true]);
});

test('a plan names what is behind it, the most addresses first, and follows as it shrinks', () => {
  const guard = prefixed();
  const all = new Map([...tagged('k.ns_a.web', 2), ...tagged('k.all', 3, 10)]);
  guard.judge(all, { ...stakes(640), originOf: byTag('missing', true) }, 0);
  const [plan] = guard.held;
  const told = () =>
    plan?.summary.origins.map(({ kind, name, change, addresses }) => [kind, name, change, addresses]);
  assert.deepEqual(told(), [
    ['ClusterPanTagPolicy', 'all', 'missing', 3],
    ['PanTagPolicy', 'a/web', 'missing', 2],
  ]);
  assert.deepEqual([plan?.summary.addresses, plan?.summary.of], [5, 640]);
  assert.deepEqual(plan?.summary.examples[0], '10.0.0.0 k.ns_a.web');
  for (const address of many(2, 10).keys()) guard.retain(address, []);
  assert.deepEqual(told()?.[0], ['PanTagPolicy', 'a/web', 'missing', 2]);
});

test('two plans that are held at once have two ids', () => {
  const removals = tagged('k.a', 2);
  const id = planId(removals, () => false);
  assert.match(
    planId(removals, (taken) => taken === id),
    new RegExp(`^${id}.$`),
  );
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
