// Suggestions for misspelt words, and quotes of foreign texts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nearest, quoted } from '../../../src/core/syntax/wording.ts';

test('a text is quoted whole up to 64 characters, and loses its end beyond', () => {
  assert.equal(quoted('say "x"'), '"say \\"x\\""');
  assert.equal(quoted('x'.repeat(64)), `"${'x'.repeat(64)}"`);
  assert.equal(quoted('x'.repeat(65)), `"${'x'.repeat(64)}…"`);
});

test('the nearest word is one insertion, deletion or replacement away rather than two, whatever its case', () => {
  assert.equal(nearest('nod', ['namespace', 'node', 'nothing']), 'node');
  assert.equal(nearest('nodee', ['modems', 'node']), 'node');
  assert.equal(nearest('mode', ['made2', 'node']), 'node');
  assert.equal(nearest('SERVICEACCOUNT', ['pod', 'serviceAccount']), 'serviceAccount');
  assert.equal(nearest('pod', ['poXY', 'POD']), 'POD');
  assert.equal(nearest('', ['ab', 'a']), 'a');
});

test('of equals the one that begins alike longest, and then the first', () => {
  assert.equal(nearest('label', ['xlabel', 'labels']), 'labels');
  assert.equal(nearest('abc', ['abX', 'abY']), 'abX');
});

/** By definition: what the first characters cost, in each of three ways. */
function edits(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const replaced = edits(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1);
  return Math.min(replaced, edits(a.slice(1), b) + 1, edits(a, b.slice(1)) + 1);
}

test('law: no known word is fewer edits away than the nearest', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
  fc.assert(
    fc.property(word, fc.tuple(word, word, word), (typed, known) => {
      const found = edits(typed, nearest(typed, known));
      assert.equal(found, Math.min(...known.map((one) => edits(typed, one))));
    }),
  );
});
