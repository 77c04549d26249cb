// The order of sending, and the age of what waits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backlog } from '../../../src/core/table/backlog.ts';

function backlog(...entries: [address: string, vacated: boolean, since: number][]): Backlog {
  const made = new Backlog();
  for (const [address, vacated, since] of entries) made.put(address, vacated ? 'vacated' : 'other', since);
  return made;
}

test('vacated addresses come first, then all others in the order in which they came', () => {
  const made = backlog(['a', false, 1], ['b', true, 2], ['c', false, 3], ['d', true, 4]);
  assert.deepEqual(
    [...made],
    [
      ['b', 2],
      ['d', 4],
      ['a', 1],
      ['c', 3],
    ],
  );
  assert.equal(made.size, 4);
});

test('an address that is put again keeps its time, also when it moves', () => {
  const made = backlog(['a', false, 1], ['b', false, 2]);
  made.put('a', 'other', 9);
  made.put('b', 'vacated', 9);
  assert.deepEqual(
    [...made],
    [
      ['b', 2],
      ['a', 1],
    ],
  );
  made.put('b', 'other', 9);
  assert.deepEqual(
    [...made],
    [
      ['a', 1],
      ['b', 2],
    ],
  );
});

test('the oldest time is told through every change', () => {
  const made = backlog(['a', false, 5], ['b', true, 7]);
  assert.equal(made.oldest, 5);
  made.put('b', 'vacated', 1);
  assert.equal(made.oldest, 5, 'what is there already keeps its time');
  made.put('c', 'other', 3);
  assert.equal(made.oldest, 3);
  made.delete('c');
  assert.equal(made.oldest, 5);
  made.put('a', 'vacated', 9);
  assert.equal(made.oldest, 5);
  made.delete('a');
  assert.equal(made.oldest, 7);
  made.delete('absent');
  assert.equal(made.oldest, 7);
  made.clear();
  assert.equal(made.oldest, undefined);
  assert.equal(made.size, 0);
});

test('entries may go while it is walked through', () => {
  const made = backlog(['a', true, 1], ['b', false, 2], ['c', false, 3]);
  const seen: string[] = [];
  for (const [address] of made) {
    seen.push(address);
    made.delete(address);
  }
  assert.deepEqual(seen, ['a', 'b', 'c']);
  assert.equal(made.size, 0);
});

test('what the guard has yet to judge counts, waits and ages, and is not sent', () => {
  const made = new Backlog();
  made.put('b', 'unjudged', 1);
  made.put('a', 'other', 5);
  assert.deepEqual([...made], [['a', 5]]);
  assert.deepEqual([...made.entriesOf(['a', 'b'])], [['a', 5]]);
  assert.deepEqual([...made.addresses()], ['b', 'a']);
  assert.deepEqual([made.size, made.has('b'), made.oldest], [2, true, 1]);
  made.put('b', 'other', 9);
  assert.deepEqual(
    [...made],
    [
      ['b', 1],
      ['a', 5],
    ],
    'it keeps its time and its place',
  );
  made.put('a', 'unjudged', 9);
  assert.deepEqual([...made], [['b', 1]]);
  made.delete('a');
  assert.deepEqual([made.size, made.oldest], [1, 1]);
});
