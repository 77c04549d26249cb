// Pairs that an answer changed: those that were refused are out, and where the device is not clear nothing is certain.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchItem } from '../../../src/core/message/batch.ts';
import type { RefusedPair } from '../../../src/core/message/refusals.ts';
import { changesOf, doubtsOf } from '../../../src/operator/audit/changed-pairs.ts';

const item = (more: Partial<BatchItem>): BatchItem => ({
  address: '10.0.0.1',
  register: [],
  unregister: [],
  causes: new Map(),
  since: 0,
  ...more,
});
const refused = (section: RefusedPair['section'], tag?: string, address = '10.0.0.1'): RefusedPair => ({
  section,
  address,
  tag,
  message: 'no',
});
const told = (changes: ReturnType<typeof changesOf>) =>
  [...changes].map(
    ({ item: { address }, op, tag, outcome, refresh }) =>
      `${op} ${address} ${tag} ${outcome}${refresh ? ' refresh' : ''}`,
  );

test('of a message that is accepted in part the refused pairs are left out', () => {
  const batch = [
    item({ register: ['a', 'b'], unregister: ['c'] }),
    item({ address: '10.0.0.2', register: ['a'] }),
  ];
  assert.deepEqual(told(changesOf(batch, [refused('register', 'b'), refused('register', 'a', '10.0.0.2')])), [
    '- 10.0.0.1 c confirmed',
    '+ 10.0.0.1 a confirmed',
  ]);
});

test('a refusal that names an address alone means its only tag, and of several nobody knows which', () => {
  assert.deepEqual(told(changesOf([item({ register: ['a'], unregister: ['c'] })], [refused('register')])), [
    '- 10.0.0.1 c confirmed',
  ]);
  assert.deepEqual(told(changesOf([item({ register: ['a', 'b'] })], [refused('register')])), [
    '+ 10.0.0.1 a unknown',
    '+ 10.0.0.1 b unknown',
  ]);
});

test('a refresh changes nothing, unless the device takes the pair back and refuses it then', () => {
  const batch = [item({ refresh: ['a', 'b'], register: ['n'] })];
  assert.deepEqual(told(changesOf(batch, [])), ['+ 10.0.0.1 n confirmed']);
  assert.deepEqual(told(changesOf(batch, [refused('register', 'b')])), [
    '+ 10.0.0.1 n confirmed',
    '- 10.0.0.1 b confirmed refresh',
  ]);
  const kept = [refused('register', 'b'), refused('unregister', 'b')];
  assert.deepEqual(told(changesOf(batch, kept)), ['+ 10.0.0.1 n confirmed']);
});

test('without an answer every pair that was to change may have changed', () => {
  const batch = [item({ register: ['a'], unregister: ['c'], refresh: ['r'] })];
  assert.deepEqual(told(doubtsOf(batch)), ['- 10.0.0.1 c unknown', '+ 10.0.0.1 a unknown']);
});
