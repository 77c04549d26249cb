// Contradictions of confirmed pairs: repaired once, then trusted only when read back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Contradictions } from '../../../src/core/mirror/contradictions.ts';

const a = '10.0.0.1';
const believed = (tags: string[], unsure: string[] = []) => ({ tags, unsure });
const lost = { believed: believed(['k.a']), read: [], desired: ['k.a'] };
const left = { believed: believed([]), read: ['k.a'], desired: [] };
const register = { register: ['k.a'], unregister: [] };
const unregister = { register: [], unregister: ['k.a'] };

test('the first contradiction says nothing, the second names the pair, and from then on no message is believed', () => {
  for (const [sight, message, section] of [
    [lost, register, 'register'],
    [left, unregister, 'unregister'],
  ] as const) {
    const seen = new Contradictions();
    assert.deepEqual(seen.see(a, sight), []);
    assert.ok(seen.has(a) && !seen.has('10.0.0.2'));
    assert.deepEqual(seen.distrusted(a, message), []);
    const [named] = seen.see(a, sight);
    assert.deepEqual([named?.section, named?.address, named?.tag], [section, a, 'k.a']);
    assert.deepEqual(seen.distrusted(a, message), [named]);
    assert.deepEqual(seen.distrusted('10.0.0.2', message), []);
    assert.deepEqual(seen.distrusted(a, { register: ['k.b'], unregister: ['k.b'] }), []);
  }
});

test('a reading that agrees ends it, and so does a wish that ended or an input that changed', () => {
  const ends = [
    (seen: Contradictions) => seen.see(a, { believed: believed([]), read: ['k.a'], desired: ['k.a'] }),
    (seen: Contradictions) => seen.see(a, { believed: believed([]), read: [], desired: [] }),
    (seen: Contradictions) => seen.forgive(a),
    (seen: Contradictions) => seen.clear(),
  ];
  for (const end of ends) {
    const seen = new Contradictions();
    seen.see(a, lost);
    end(seen);
    assert.ok(!seen.has(a));
    assert.deepEqual(seen.see(a, lost), []);
  }
});

test('what was unsure, and what was known before, contradicts nothing', () => {
  const seen = new Contradictions();
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(seen.see(a, { believed: believed([], ['k.a']), read: [], desired: ['k.a'] }), []);
    assert.deepEqual(seen.see(a, { believed: believed([], ['k.a']), read: ['k.a'], desired: [] }), []);
    assert.deepEqual(seen.see(a, { believed: believed([]), read: [], desired: ['k.a'] }), []);
    assert.deepEqual(seen.see(a, { believed: believed(['k.a']), read: ['k.a'], desired: [] }), []);
  }
});
