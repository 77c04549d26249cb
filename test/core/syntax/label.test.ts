// The lengths of label keys and values; keys and values themselves: selector.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  sameLabels,
  isLabelKey,
  isLabelValue,
  maxLabelKeyLength,
  maxLabelPrefixLength,
  maxLabelValueLength,
} from '../../../src/core/syntax/label.ts';

const dns = (length: number) => 'a.'.repeat(length).slice(0, length - 1) + 'b';

test('the longest key and value are 253 characters, a slash, and 63', () => {
  assert.equal(maxLabelKeyLength, maxLabelPrefixLength + 1 + maxLabelValueLength);
  const [prefix, name] = [dns(maxLabelPrefixLength), 'x'.repeat(maxLabelValueLength)];
  assert.equal(isLabelKey(`${prefix}/${name}`), true);
  assert.equal(isLabelKey(`${prefix}c/${name}`), false);
  assert.equal(isLabelKey(`${prefix}/${name}x`), false);
  assert.equal(isLabelValue(name), true);
  assert.equal(isLabelValue(`${name}x`), false);
});

test('label sets are the same by what is in them, whatever their order and instance', () => {
  const set = new Map(Object.entries({ a: '1', b: '2' }));
  assert.ok(sameLabels(set, set));
  assert.ok(sameLabels(set, new Map([...set].toReversed())));
  for (const other of [{}, { a: '1' }, { a: '1', b: '3' }, { a: '1', c: '2' }])
    assert.ok(!sameLabels(set, new Map(Object.entries(other))));
});
