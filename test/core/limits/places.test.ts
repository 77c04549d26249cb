// Places: never too many, by rank, whoever was there first stays; against a list that is searched from end to end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Heap, type HeapItem } from '../../../src/core/limits/heap.ts';
import { Places } from '../../../src/core/limits/places.ts';
import { compareRanks, higherRank, type Rank, rankOf } from '../../../src/core/policies/rank.ts';

const ranks: readonly Rank[] = [
  { priority: 10, name: 'b' },
  { priority: 0, name: 'a' },
  { priority: 0, name: 'b' },
  { priority: -5, name: 'a' },
  undefined,
];

test('ranks: the higher priority first, then the smaller name, PanTagPolicies last and equal to each other', () => {
  assert.deepEqual(ranks.toReversed().toSorted(compareRanks), ranks);
  for (const rank of ranks) assert.equal(compareRanks(rank, rank && { ...rank }), 0);
  for (const [i, rank] of ranks.entries()) {
    for (const [j, other] of ranks.entries()) {
      assert.equal(Math.sign(compareRanks(rank, other)), Math.sign(i - j));
      assert.equal(higherRank(rank, other), ranks[Math.min(i, j)]);
    }
  }
  const policy = { id: '/a', name: 'a', firewalls: { names: [] }, podSelector: [], tags: [] };
  const ofCluster = { ...policy, namespace: undefined, namespaceSelector: [] };
  assert.deepEqual(rankOf({ ...ofCluster, priority: 3 }), { priority: 3, name: 'a' });
  assert.deepEqual(rankOf(ofCluster), { priority: 0, name: 'a' });
  assert.equal(rankOf({ ...policy, namespace: 'shop', namespaceSelector: undefined }), undefined);
});

test('law: a heap gives what is left in order, whatever was taken out of it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30 })), fc.func(fc.boolean()), (numbers, isTaken) => {
      const heap = new Heap<HeapItem & { readonly n: number }>((a, b) => a.n < b.n);
      const items = numbers.map((n) => ({ n, position: 0 }));
      for (const item of items) heap.add(item);
      const left: number[] = [];
      for (const [i, item] of items.entries()) {
        if (isTaken(i)) heap.remove(item);
        else left.push(item.n);
      }
      assert.equal(heap.size, left.length);
      const given: number[] = [];
      for (let item = heap.first; item !== undefined; item = heap.first) {
        given.push(item.n);
        heap.remove(item);
      }
      assert.deepEqual(
        given,
        left.toSorted((a, b) => a - b),
      );
    }),
  );
});

const upTo = (hard: number) => ({ hard, soft: Number.POSITIVE_INFINITY });

type Step =
  | { readonly kind: 'put'; readonly address: string; readonly rank: Rank }
  | { readonly kind: 'delete'; readonly address: string }
  | { readonly kind: 'settle'; readonly places: number };

const address = fc.constantFrom(...'abcdefgh'.split(''));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), address, rank: fc.constantFrom(...ranks) }),
  fc.record({ kind: fc.constant('delete' as const), address }),
  fc.record({ kind: fc.constant('settle' as const), places: fc.integer({ min: 0, max: 9 }) }),
);

type Known = { readonly address: string; rank: Rank; isIn: boolean };

/** In the order of coming. */
class Naive {
  #all: Known[] = [];

  put(address: string, rank: Rank): void {
    const known = this.#all.find((one) => one.address === address);
    if (known === undefined) this.#all.push({ address, rank, isIn: false });
    else known.rank = rank;
  }

  delete(address: string): void {
    this.#all = this.#all.filter((one) => one.address !== address);
  }

  settle(places: number): void {
    const inside = () => this.#sorted(true);
    const outside = () => this.#sorted(false);
    const next = () => outside()[0];
    const lowest = () => inside().at(-1);
    for (let one = next(); inside().length < places && one !== undefined; one = next()) one.isIn = true;
    for (let one = lowest(); inside().length > places && one !== undefined; one = lowest()) one.isIn = false;
    for (;;) {
      const [goes, comes] = [lowest(), next()];
      if (goes === undefined || comes === undefined || compareRanks(comes.rank, goes.rank) >= 0) return;
      goes.isIn = false;
      comes.isIn = true;
    }
  }

  out(): string[] {
    return this.#sorted(false).map((one) => one.address);
  }

  #sorted(isIn: boolean): Known[] {
    return this.#all.filter((one) => one.isIn === isIn).sort((a, b) => compareRanks(a.rank, b.rank));
  }
}

test('law: who is out is who a search from end to end leaves out, and every move is told', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const told = new Set<string>();
      const places = new Places({ moved: (one) => told.add(one), isTaken: () => true });
      const naive = new Naive();
      for (const one of steps) {
        const before = new Set(places.addressesOut());
        told.clear();
        if (one.kind === 'put') places.put(one.address, one.rank);
        else if (one.kind === 'delete') places.delete(one.address);
        else places.settle(upTo(one.places));
        if (one.kind === 'put') naive.put(one.address, one.rank);
        else if (one.kind === 'delete') naive.delete(one.address);
        else naive.settle(one.places);
        const out = naive.out();
        assert.deepEqual(places.addressesOut().sort(), out.toSorted());
        assert.equal(places.waiting, out.length);
        for (const each of 'abcdefgh') assert.equal(places.isOut(each), out.includes(each));
        if (one.kind !== 'settle') continue;
        const after = new Set(out);
        const moved = 'abcdefgh'.split('').filter((each) => before.has(each) !== after.has(each));
        assert.deepEqual(
          moved.filter((each) => !told.has(each)),
          [],
        );
      }
    }),
    { numRuns: 1000 },
  );
});

test('among equals nobody is sent out for somebody who came later, whatever comes and goes', () => {
  const places = new Places({ moved: () => {}, isTaken: () => true });
  for (const one of ['a', 'b', 'c', 'd']) places.put(one, undefined);
  places.settle(upTo(2));
  assert.deepEqual(places.addressesOut().sort(), ['c', 'd']);
  places.put('gold', { priority: 1, name: 'gold' });
  places.settle(upTo(2));
  assert.deepEqual(places.addressesOut().sort(), ['b', 'c', 'd'], 'the last that came goes');
  // One that loses its rank stays where it is.
  places.put('gold', undefined);
  places.settle(upTo(2));
  assert.deepEqual(places.addressesOut().sort(), ['b', 'c', 'd']);
  places.settle(upTo(3));
  assert.deepEqual(places.addressesOut().sort(), ['c', 'd'], 'the first that came is the first to come back');
});

test('one that rises in rank gets the place of a lower one, and one that falls loses it to whoever waits above', () => {
  const places = new Places({ moved: () => {}, isTaken: () => true });
  const silver = { priority: 1, name: 'silver' };
  for (const one of ['a', 'b']) places.put(one, undefined);
  places.settle(upTo(1));
  assert.deepEqual(places.addressesOut(), ['b']);
  places.put('b', silver);
  places.settle(upTo(1));
  assert.deepEqual(places.addressesOut(), ['a']);
  places.put('b', undefined);
  places.put('a', silver);
  places.settle(upTo(1));
  assert.deepEqual(places.addressesOut(), ['b']);
});
