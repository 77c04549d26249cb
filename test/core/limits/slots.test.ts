// Slots: never too many, by rank, first come stays; against a search from end to end, and against the definition.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { PriorityQueue } from '../../../src/core/limits/priority-queue.ts';
import { type SlotCount, Slots } from '../../../src/core/limits/slots.ts';
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

test('law: a priority queue gives what is wanted in order, whatever is added and dropped meanwhile', () => {
  const item = fc.record({ n: fc.integer({ min: 0, max: 30 }), drops: fc.nat(3), takes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 100, size: 'max' }), (items) => {
      const wanted: { readonly n: number }[] = [];
      const queue = new PriorityQueue<{ readonly n: number }>(
        (a, b) => a.n - b.n,
        (one) => wanted.includes(one),
      );
      const least = () => Math.min(...wanted.map(({ n }) => n));
      for (const { n, drops, takes } of items) {
        const one = { n };
        wanted.push(one);
        queue.add(one);
        if (drops < wanted.length) wanted.splice(drops, 1);
        if (takes && wanted.length > 0) assert.equal(queue.first?.n, least());
      }
      for (let { first } = queue; first !== undefined; { first } = queue) {
        assert.equal(first.n, least());
        wanted.splice(wanted.indexOf(first), 1);
      }
      assert.equal(wanted.length, 0);
    }),
  );
});

const upTo = (hard: number): SlotCount => ({ hard, soft: Number.POSITIVE_INFINITY });
const all = () => true;
const addresses = 'abcdefgh'.split('');
const outOf = (slots: Slots) => addresses.filter((one) => slots.isOut(one));

type Step =
  | { readonly kind: 'put'; readonly address: string; readonly rank: Rank }
  | { readonly kind: 'delete'; readonly address: string }
  | { readonly kind: 'settle'; readonly slots: number };

const address = fc.constantFrom(...addresses);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), address, rank: fc.constantFrom(...ranks) }),
  fc.record({ kind: fc.constant('delete' as const), address }),
  fc.record({ kind: fc.constant('settle' as const), slots: fc.integer({ min: 0, max: 9 }) }),
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

  settle(slots: number): void {
    const inside = () => this.#sorted(true);
    const outside = () => this.#sorted(false);
    const next = () => outside()[0];
    const lowest = () => inside().at(-1);
    for (let one = next(); inside().length < slots && one !== undefined; one = next()) one.isIn = true;
    for (let one = lowest(); inside().length > slots && one !== undefined; one = lowest()) one.isIn = false;
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
      const slots = new Slots();
      const naive = new Naive();
      let before = new Set<string>();
      for (const one of steps) {
        if (one.kind === 'put') slots.put(one.address, one.rank);
        else if (one.kind === 'delete') slots.delete(one.address);
        else slots.settle(upTo(one.slots), all);
        if (one.kind === 'put') naive.put(one.address, one.rank);
        else if (one.kind === 'delete') naive.delete(one.address);
        else naive.settle(one.slots);
        const out = naive.out();
        assert.deepEqual(outOf(slots), out.toSorted());
        assert.equal(slots.slotless, out.length);
        if (one.kind !== 'settle') continue;
        const after = new Set(out);
        const moved = addresses.filter((each) => before.has(each) !== after.has(each));
        assert.deepEqual([...slots.takeMoved()].sort(), moved);
        before = after;
      }
    }),
    { numRuns: 1000 },
  );
});

const maybe = fc.option(fc.integer({ min: 0, max: 9 }), { nil: Number.POSITIVE_INFINITY });
const change = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), address, rank: fc.constantFrom(...ranks) }),
  fc.record({ kind: fc.constantFrom('delete' as const, 'refuse' as const), address }),
  fc.record({ kind: fc.constant('taken' as const), address }),
  fc.record({ kind: fc.constant('probe' as const) }),
);

/** Computed from nothing but what came, in order: see the definition at Slots. */
class Defined {
  #all: (Known & { arrival: number; seen: boolean; probed: boolean; refusals: number })[] = [];
  #arrivals = 0;

  at(address: string) {
    return this.#all.find((one) => one.address === address);
  }

  put(address: string, rank: Rank): void {
    const known = this.at(address);
    const fresh = {
      address,
      rank,
      isIn: false,
      arrival: this.#arrivals,
      seen: false,
      probed: false,
      refusals: 0,
    };
    if (known !== undefined) known.rank = rank;
    else if (this.#all.push(fresh) > 0) this.#arrivals += 1;
  }

  delete(address: string): void {
    this.#all = this.#all.filter((one) => one.address !== address);
  }

  refuse(address: string): void {
    const known = this.at(address);
    if (known === undefined) return;
    Object.assign(known, { arrival: this.#arrivals++, isIn: false, seen: false, probed: false });
    known.refusals += 1;
  }

  /** Each address is a group of its own: all that wait are tried. */
  probe(isTaken: (address: string) => boolean): void {
    for (const one of this.#all.filter(({ probed }) => probed)) {
      if (isTaken(one.address)) Object.assign(one, { probed: false, seen: true });
      else this.refuse(one.address);
    }
    for (const one of this.#all) if (!one.isIn) Object.assign(one, { isIn: true, probed: true });
  }

  settle({ hard, soft }: SlotCount, isTaken: (address: string) => boolean): void {
    if (soft === Number.POSITIVE_INFINITY) for (const one of this.#all) one.probed = false;
    const count = Math.min(hard, soft + this.#all.filter(({ probed }) => probed).length);
    const isSoft = soft < hard;
    if (isSoft) for (const one of this.#all) one.seen ||= one.isIn && isTaken(one.address);
    const inOrder = this.#all.toSorted(
      (a, b) => compareRanks(a.rank, b.rank) || Number(b.isIn) - Number(a.isIn) || a.arrival - b.arrival,
    );
    const first = (from: typeof inOrder, most: number) => new Set(from.slice(0, Math.max(0, most)));
    const probed = inOrder.filter((one) => one.probed);
    const others = inOrder.filter((one) => !one.probed);
    // No more than the hard count stays of those that are in, then the soft one counts.
    const held = first(
      others.filter(({ isIn }) => isIn),
      hard - probed.length,
    );
    const fixed = isSoft ? others.filter((one) => one.seen && held.has(one)) : [];
    const rest = others.filter((one) => !fixed.includes(one));
    const admitted = new Set([...probed, ...fixed, ...first(rest, count - probed.length - fixed.length)]);
    for (const one of this.#all) {
      if (!admitted.has(one)) Object.assign(one, { isIn: false, seen: false, probed: false });
      else if (!one.isIn) Object.assign(one, { isIn: true, seen: isTaken(one.address) });
    }
  }

  out(): string[] {
    return this.#all
      .filter(({ isIn }) => !isIn)
      .map((one) => one.address)
      .sort();
  }
}

test('law: kept up to date from change to change it is what the definition gives, with either limit and while it is tried', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ changes: fc.array(change, { maxLength: 5 }), hard: maybe, soft: maybe }), {
        maxLength: 30,
        size: 'max',
      }),
      (rounds) => {
        const [slots, defined] = [new Slots(), new Defined()];
        const device = new Set<string>();
        const isTaken = (one: string) => device.has(one);
        for (const { changes, hard, soft } of rounds) {
          for (const one of changes) {
            if (one.kind === 'taken') device.add(one.address);
            else if (one.kind === 'probe') {
              slots.probe((group) => group, isTaken);
              defined.probe(isTaken);
            } else if (one.kind === 'put') {
              slots.put(one.address, one.rank);
              defined.put(one.address, one.rank);
            } else {
              slots[one.kind](one.address);
              defined[one.kind](one.address);
            }
          }
          slots.settle({ hard, soft }, isTaken);
          defined.settle({ hard, soft }, isTaken);
          assert.deepEqual(outOf(slots), defined.out());
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('a priority queue that nobody asks keeps few of the items that are no longer wanted', () => {
  let last = -1;
  let asked = 0;
  const queue = new PriorityQueue<number>(
    (a, b) => a - b,
    (n) => {
      asked += 1;
      return n > last - 10;
    },
  );
  for (last = 0; last < 100_000; last += 1) queue.add(last);
  last -= 1;
  asked = 0;
  assert.equal(queue.first, 99_990);
  assert.ok(asked < 5_000, `${asked} items were kept`);
});

test('law: n changes where slots are short take n log n comparisons, one message each or all in one', () => {
  const comparisons = (n: number, perMessage: number): number => {
    let count = 0;
    const counted = (priority: number): Rank => ({
      get priority() {
        count += 1;
        return priority;
      },
      name: 'a',
    });
    const slots = new Slots();
    for (let i = 0; i < n; i += 1) {
      slots.put(`${i}`, counted(i % 7));
      if (i % 3 === 2) slots.delete(`${i - 2}`);
      if (i % perMessage === 0) slots.settle(upTo(Math.floor(n / 4)), all);
    }
    slots.settle(upTo(Math.floor(n / 4)), all);
    return count;
  };
  for (const message of [1, 1e9]) {
    const [small, large] = [comparisons(1000, message), comparisons(8000, message)];
    const bound = 8 * (Math.log2(8000) / Math.log2(1000)) * 1.3;
    assert.ok(large / small < bound, `${small} of 1,000 and ${large} of 8,000`);
  }
});

test('among equals nobody is sent out for somebody who came later, whatever comes and goes', () => {
  const slots = new Slots();
  for (const one of ['a', 'b', 'c', 'd']) slots.put(one, undefined);
  slots.settle(upTo(2), all);
  assert.deepEqual(outOf(slots), ['c', 'd']);
  slots.put('gold', { priority: 1, name: 'gold' });
  slots.settle(upTo(2), all);
  assert.deepEqual(outOf(slots), ['b', 'c', 'd'], 'the last that came goes');
  // One that loses its rank stays where it is.
  slots.put('gold', undefined);
  slots.settle(upTo(2), all);
  assert.deepEqual(outOf(slots), ['b', 'c', 'd']);
  slots.settle(upTo(3), all);
  assert.deepEqual(outOf(slots), ['c', 'd'], 'the first that came is the first to come back');
});

test('one that rises in rank gets the slot of a lower one, and one that falls loses it to whoever waits above', () => {
  const slots = new Slots();
  const silver = { priority: 1, name: 'silver' };
  for (const one of ['a', 'b']) slots.put(one, undefined);
  slots.settle(upTo(1), all);
  assert.deepEqual(outOf(slots), ['b']);
  slots.put('b', silver);
  slots.settle(upTo(1), all);
  assert.deepEqual(outOf(slots), ['a']);
  slots.put('b', undefined);
  slots.put('a', silver);
  slots.settle(upTo(1), all);
  assert.deepEqual(outOf(slots), ['b']);
});
