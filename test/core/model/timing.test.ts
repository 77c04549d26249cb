// The product's times keep what must hold between them, and so do those that a test sets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { productTiming, readTiming } from '../../../src/core/model/timing.ts';

test('the product’s own times keep the order that is asked of others', () => {
  assert.deepEqual(readTiming(JSON.stringify(productTiming)), productTiming);
});

test('a test names the times that it shortens; all others are the product’s', () => {
  assert.deepEqual(readTiming('{"groupLookMs": 1000}'), { ...productTiming, groupLookMs: 1000 });
});

for (const [text, problem] of [
  ['{"groupLook": 1}', /^Error: "groupLook" is none of connectMs, callMs, /],
  ['{"groupLookMs": 0}', /^Error: groupLookMs must be a whole number of ms, 1 or more/],
  ['{"groupLookMs": "1000"}', /^Error: groupLookMs must be a whole number/],
  ['{"groupLookMs": 1.5}', /^Error: groupLookMs must be a whole number/],
  ['{"lateMessageMs": 59999}', /^Error: lateMessageMs must not be less than callMs/],
  ['{"callMs": 5000}', /^Error: callMs must not be less than connectMs/],
  ['{"refusedFirstMs": 600001}', /^Error: refusedLongestMs must not be less than refusedFirstMs/],
  ['[1]', /^Error: must be a JSON object/],
  ['null', /^Error: must be a JSON object/],
  ['1s', /^SyntaxError/],
] as const) {
  test(`${text} is refused`, () => {
    assert.throws(() => readTiming(text), problem);
  });
}
