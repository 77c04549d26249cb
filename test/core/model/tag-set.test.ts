// The laws of tag sets, against JavaScript's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { noTags, sameTags, tagSet, union, without } from '../../../src/core/model/tag-set.ts';

const some = fc.array(fc.constantFrom('a', 'b', 'B', 'c', 'ü', '\u{1F98A}', ''));
const sets = some.map((tags) => tagSet(tags));

test('a tag set is sorted by code unit and names each tag once', () => {
  fc.assert(
    fc.property(some, (tags) => {
      assert.deepEqual(tagSet(tags), [...new Set(tags)].sort());
    }),
  );
  assert.equal(tagSet([]), noTags);
});

test('what stays the same stays the same instance, and nothing is always noTags: identity is compared first', () => {
  const set = tagSet(['a', 'b']);
  assert.ok(sameTags(set, set));
  assert.equal(without(set, noTags), set);
  assert.equal(union(set, noTags), set);
  assert.equal(union(noTags, set), set);
  assert.equal(union(set, set), set);
  for (const nothing of [without(set, set), without(noTags, set), without(['a'], set)]) {
    assert.equal(nothing, noTags);
  }
});

test('without, union and sameTags are difference, union and equality, and their results are tag sets', () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const [inA, inB] = [new Set(a), new Set(b)];
      assert.deepEqual(without(a, b), tagSet(a.filter((tag) => !inB.has(tag))));
      assert.deepEqual(union(a, b), tagSet([...inA, ...inB]));
      assert.equal(sameTags(a, b), inA.size === inB.size && b.every((tag) => inA.has(tag)));
      assert.ok(sameTags(a, [...a]));
    }),
  );
});
