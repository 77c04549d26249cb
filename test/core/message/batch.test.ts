// A message before it is written: what still goes into it, and what the log says of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Batch,
  countsOf,
  type BatchItem,
  pairsOf,
  spaceFor,
  sectionsOf,
} from '../../../src/core/message/batch.ts';
import type { RemovalCause } from '../../../src/core/model/model.ts';

function item(address: string, register: string[], unregister: [string, RemovalCause][] = []): BatchItem {
  return {
    address,
    register,
    unregister: unregister.map(([tag]) => tag),
    causes: new Map(unregister),
    since: 0,
  };
}

const batch: Batch = [
  item('10.0.0.1', ['k.a', 'k.b'], [['k.old', 'policy']]),
  item(
    '10.0.0.2',
    [],
    [
      ['k.old', 'vacated'],
      ['k.older', 'policy'],
      ['k.oldest', 'policy'],
    ],
  ),
];

test('the log counts addresses, pairs and causes', () => {
  const causes = { policy: 3, vacated: 1 };
  assert.deepEqual(countsOf(batch), { addresses: 2, registered: 2, unregistered: 4, refreshed: 0, causes });
  assert.deepEqual(countsOf([]), { addresses: 0, registered: 0, unregistered: 0, refreshed: 0, causes: {} });
});

test('what is refreshed stands in both sections, takes the room of two entries, and is no change', () => {
  const refreshed = { ...item('10.0.0.3', ['k.new'], [['k.old', 'policy']]), refresh: ['k.a', 'k.b'] };
  assert.deepEqual(sectionsOf(refreshed), {
    unregister: ['k.a', 'k.b', 'k.old'],
    register: ['k.a', 'k.b', 'k.new'],
  });
  const counts = { addresses: 1, registered: 1, unregistered: 1, refreshed: 2, causes: { policy: 1 } };
  assert.deepEqual(countsOf([refreshed]), counts);
  const only = { ...item('10.0.0.4', []), refresh: ['k.a'], timeoutSeconds: 900 };
  const fits = spaceFor({ entries: 3, bytes: 1_000_000 });
  assert.deepEqual([fits(only), fits(only)], [true, false]);
  assert.deepEqual(pairsOf([only]), { registered: [], unregistered: [] });
});

test('the log names every pair, each removal with its cause', () => {
  assert.deepEqual(pairsOf(batch), {
    registered: ['10.0.0.1 k.a', '10.0.0.1 k.b'],
    unregistered: [
      '10.0.0.1 k.old: policy',
      '10.0.0.2 k.old: vacated',
      '10.0.0.2 k.older: policy',
      '10.0.0.2 k.oldest: policy',
    ],
  });
});

test('an address is an entry in each section where it stands, and the last that fits exactly goes', () => {
  const fits = spaceFor({ entries: 3, bytes: 1_000_000 });
  const [both = item('', []), removals = item('', [])] = batch;
  assert.deepEqual([fits(both), fits(removals), fits(removals)], [true, true, false]);
});

test('the first address always goes, however little room there is', () => {
  const fits = spaceFor({ entries: 1, bytes: 1 });
  const [both = item('', []), removals = item('', [])] = batch;
  assert.deepEqual([fits(both), fits(removals)], [true, false]);
});

test('a message names no more pairs than a refusal may repeat, whatever the number of its addresses', () => {
  const tags = ['a', 'b', 'c', 'd'];
  const fits = spaceFor({ entries: 500, bytes: 1_000_000, pairs: 10 });
  const one = (address: string) => fits(item(address, tags));
  assert.deepEqual([one('10.0.0.1'), one('10.0.0.2'), one('10.0.0.3')], [true, true, false]);
  const small = spaceFor({ entries: 500, bytes: 1_000_000, pairs: 3 });
  assert.ok(small(item('10.0.0.1', tags)), 'the first always goes');
});
