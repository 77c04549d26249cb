// The laws of one address's plan.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { RemovalCause } from '../../../src/core/model/model.ts';
import { isEmpty, diffAddress } from '../../../src/core/table/address-diff.ts';
import { type TagSet, tagSet, union, without } from '../../../src/core/model/tag-set.ts';

const universe = ['a', 'b', 'c', 'd', 'e'];
const tags = fc.subarray(universe).map((some) => tagSet(some));
const causes: RemovalCause[] = [
  'vacated',
  'relabelled',
  'newHolder',
  'policy',
  'namespace',
  'relist',
  'unclaimed',
];
const needKnowledge = causes.slice(3);

const input = fc
  .record({
    desired: tags,
    known: tags,
    unsure: tags,
    causes: fc.tuple(...universe.map(() => fc.constantFrom(...causes))),
    gated: tags,
    admitted: tags,
  })
  .map(({ desired, known, unsure, causes: drawn, gated, admitted }) => ({
    desired,
    present: { tags: known, unsure: without(unsure, known) },
    causeOf: (tag: string) => drawn[universe.indexOf(tag)] ?? 'unclaimed',
    gate: (tag: string) => (gated.includes(tag) ? 'not known' : undefined),
    admits: (tag: string) => admitted.includes(tag),
  }));

const disjoint = (a: TagSet, b: TagSet) => a.every((tag) => !b.includes(tag));

test('applying the plan to what is held gives what is desired and what waits, whatever of the unsure was there', () => {
  fc.assert(
    fc.property(input, tags, (given, luck) => {
      const { register, unregister, guarded, waiting: gated } = diffAddress(given);
      const waiting = union(gated, guarded);
      const { desired, present } = given;
      const there = union(present.tags, tagSet(present.unsure.filter((tag) => luck.includes(tag))));
      const after = union(without(there, unregister), register);
      assert.deepEqual(without(after, waiting), desired);
      assert.deepEqual(without(waiting, union(present.tags, present.unsure)), []);
    }),
  );
});

test('register, unregister, guarded and waiting are disjoint; nothing desired leaves, nothing leaves that cannot be there', () => {
  fc.assert(
    fc.property(input, (given) => {
      const { register, unregister, guarded, waiting: gated } = diffAddress(given);
      const waiting = union(gated, guarded);
      assert.ok(disjoint(gated, guarded));
      assert.ok(
        disjoint(register, unregister) && disjoint(register, waiting) && disjoint(unregister, waiting),
      );
      assert.ok(disjoint(union(unregister, waiting), given.desired));
      assert.deepEqual(
        without(union(unregister, waiting), union(given.present.tags, given.present.unsure)),
        [],
      );
    }),
  );
});

test('a removal goes when its cause goes at once, or when both gate and guard let it; else it waits for the one that objects', () => {
  fc.assert(
    fc.property(input, (given) => {
      const { unregister, guarded, waiting } = diffAddress(given);
      const atOnce = (tag: string) => !needKnowledge.includes(given.causeOf(tag));
      const open = (tag: string) => given.gate(tag) === undefined;
      assert.ok(unregister.every((tag) => atOnce(tag) || (open(tag) && given.admits(tag))));
      assert.ok(guarded.every((tag) => !atOnce(tag) && open(tag) && !given.admits(tag)));
      assert.ok(waiting.every((tag) => !atOnce(tag) && !open(tag)));
    }),
  );
});

test('the plan is minimal: surely held tags are not sent again, and equal sides need nothing', () => {
  fc.assert(
    fc.property(input, (given) => {
      const { register } = diffAddress(given);
      assert.ok(disjoint(register, given.present.tags));
      const same = { ...given, present: { tags: given.desired, unsure: [] } };
      assert.ok(isEmpty(diffAddress(same)));
      assert.deepEqual([...diffAddress(same).waiting, ...diffAddress(same).guarded], []);
    }),
  );
});

test('every desired tag that is not surely there is registered', () => {
  fc.assert(
    fc.property(input, (given) => {
      assert.deepEqual(diffAddress(given).register, without(given.desired, given.present.tags));
    }),
  );
});

test('a plan is empty when it sends nothing, whatever waits', () => {
  const rest = { guarded: ['b'], waiting: ['a'] };
  assert.equal(isEmpty({ register: [], unregister: [], ...rest }), true);
  assert.equal(isEmpty({ register: ['a'], unregister: [], ...rest }), false);
  assert.equal(isEmpty({ register: [], unregister: ['a'], ...rest }), false);
});
