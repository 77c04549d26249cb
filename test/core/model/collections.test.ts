// Maps that keep no empty entries, and the smallest of some texts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMember, bump, deleteMember, smallest } from '../../../src/core/model/collections.ts';

test('a count comes with its first step, goes with its last, and never falls below', () => {
  const counts = new Map<string, number>();
  assert.deepEqual(
    [bump(counts, 'a', 2), bump(counts, 'a', 1), bump(counts, 'a', -1), bump(counts, 'a', -2)],
    [true, false, false, true],
  );
  bump(counts, 'a', -1);
  assert.equal(counts.size, 0);
});

test('a set comes with its first member and goes with its last', () => {
  const sets = new Map<string, Set<number>>();
  addMember(sets, 'a', 1);
  addMember(sets, 'a', 2);
  deleteMember(sets, 'a', 1);
  deleteMember(sets, 'a', 3);
  deleteMember(sets, 'b', 1);
  assert.deepEqual([...sets], [['a', new Set([2])]]);
  deleteMember(sets, 'a', 2);
  assert.equal(sets.size, 0);
});

test('the smallest of some texts, and of none', () => {
  assert.equal(smallest(['10.0.0.2', '10.0.0.10', '10.0.0.3']), '10.0.0.10');
  assert.equal(smallest([]), undefined);
});
