// Interning: equal keys share one value while they are in use, and memory stays bounded whatever comes by.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  createInterner,
  Generations,
  largestSharedSet,
  sharedLabels,
} from '../../../src/kubernetes/codec/intern.ts';

test('what was remembered comes back, or nothing does, never another value', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(20)), (limit, keys) => {
      const memory = new Generations<object>(limit);
      const latest = new Map<string, object>();
      for (const key of keys.map(String)) {
        const found = memory.get(key);
        if (found !== undefined) {
          assert.equal(found, latest.get(key));
          continue;
        }
        const value = {};
        memory.set(key, value);
        latest.set(key, value);
        assert.equal(memory.get(key), value);
      }
    }),
  );
});

test('a key in steady use is never forgotten, however many others pass', () => {
  const memory = new Generations<object>(10);
  const kept = {};
  memory.set('kept', kept);
  for (let i = 0; i < 1000; i += 1) {
    memory.set(`passing-${i}`, {});
    if (i % 5 === 0) assert.equal(memory.get('kept'), kept);
  }
});

test('at most twice the limit is remembered', () => {
  const memory = new Generations<object>(10);
  for (let i = 0; i < 1000; i += 1) memory.set(String(i), {});
  const remembered = Array.from({ length: 1000 }, (_, i) => String(i)).filter((key) => memory.get(key));
  assert.ok(remembered.length <= 20);
  assert.ok(remembered.includes('999'));
});

test('the interner gives back equal strings', () => {
  const interner = createInterner(4);
  fc.assert(
    fc.property(fc.string(), (text) => interner.string(text) === text && interner.string(text) === text),
  );
});

test('a half is full by bytes, too: however large the keys, what is remembered is bounded', () => {
  const memory = new Generations<object>(1000, 100);
  const keys = Array.from({ length: 200 }, (_, i) => `${i}`.padStart(40, '.'));
  for (const key of keys) memory.set(key, {});
  const remembered = keys.filter((key) => memory.get(key) !== undefined);
  assert.ok(remembered.length >= 1 && remembered.length <= 4, `${remembered.length}`);
});

test('a small label set is shared; a very large one is not, nor are its texts', () => {
  const interner = createInterner();
  const read = (share: (text: string) => string) => new Map([[share('app'), share('web')]]);
  assert.equal(sharedLabels('small', interner, read), sharedLabels('small', interner, read));
  const large = 'x'.repeat(largestSharedSet + 1);
  const asked: unknown[] = [];
  const spy = { ...interner, string: (text: string) => (asked.push(text), text) };
  const first = sharedLabels(large, spy, read);
  assert.notEqual(first, sharedLabels(large, spy, read));
  assert.deepEqual(first, new Map([['app', 'web']]));
  assert.deepEqual(asked, []);
  assert.equal(interner.labelSets.get(large), undefined);
});
