// A policy's tags from a label set that is sorted once: the same as from a walk through all labels.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { allTexts, smallestTexts } from '../../../src/core/syntax/label-texts.ts';
import type { Labels } from '../../../src/core/model/model.ts';
import { legalTag, reservedClusterSuffix } from '../../../src/core/syntax/tag.ts';
import { labelKeySuffixes } from '../../../src/core/syntax/template.ts';

const most = 4;
const piece = (units: readonly string[], maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...units), { maxLength }).map((parts) => parts.join(''));
const key = piece(['a', 'b', '.', 'ns_', '_', '-', "'"], 5);
const value = piece(['a', 'b', '.', '-', ' ', '"', 'x'.repeat(60)], 3);
const labelSets = fc
  .array(fc.tuple(key, value), { minLength: 8, maxLength: 40, size: 'max' })
  .map((entries): Labels => new Map(entries));
const start = piece(['a', 'b', '.', 'ns_'], 2);
const asked = fc.array(fc.tuple(fc.oneof(start, key), fc.boolean()), { minLength: 1, maxLength: 4 });

/** What a policy makes of its texts: the tags that it keeps, whether it loses some, and whether one is illegal. */
function outcome(texts: readonly string[], scope: string | undefined): unknown {
  const legal = new Set<string>();
  let illegal = false;
  for (const text of texts) {
    const fits =
      scope === undefined
        ? !reservedClusterSuffix(text) && legalTag('x.', text) !== undefined
        : legalTag('x.', scope + text) !== undefined;
    if (fits) legal.add((scope ?? '') + text);
    else illegal = true;
  }
  return { kept: [...legal].sort().slice(0, most - 1), overflows: legal.size > most - 1, illegal };
}

test('law: the smallest texts of each kind lead to the same tags and faults as all texts', () => {
  let cut = 0;
  fc.assert(
    fc.property(labelSets, asked, (labels, drawn) => {
      const keys = drawn.map(([text, exact]) => (exact ? text : `${text}*`));
      const all = labelKeySuffixes(keys, labels, allTexts(labels));
      const some = labelKeySuffixes(keys, labels, smallestTexts(labels, most));
      if (some.length < all.length) cut += 1;
      for (const scope of [undefined, 'ns_shop.'])
        assert.deepEqual(outcome(some, scope), outcome(all, scope));
    }),
    { numRuns: 2000 },
  );
  assert.ok(cut > 300, `only ${cut} sets were cut`);
});

test('a text of two labels counts for the longer key, and a key that ends before the start for nothing', () => {
  const labels: Labels = new Map([
    ...Array.from({ length: 9 }, (_, i) => [`z${i}`, 'v'] as const),
    ['a', 'b.c'],
    ['a.b', 'c'],
    ['a.b.c', 'd'],
  ]);
  const texts = smallestTexts(labels, most);
  assert.deepEqual([...texts('a.b')], ['a.b.c', 'a.b.c.d']);
  assert.deepEqual([...texts('a.b.c')], ['a.b.c.d']);
  assert.deepEqual([...texts('z')], ['z0.v', 'z1.v', 'z2.v', 'z3.v']);
});
