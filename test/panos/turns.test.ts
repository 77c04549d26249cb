// Turns: one holder each, first come first served, a warm one first, and nobody waits after an abort.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from '../../src/panos/turns.ts';
import { never } from './clients.ts';

test('each is held once, in the order of asking', async () => {
  const turns = createTurns(['a', 'b']);
  assert.deepEqual([await turns.take(never), await turns.take(never)], ['a', 'b']);
  const [third, fourth] = [turns.take(never), turns.take(never)];
  turns.give('b');
  assert.equal(await third, 'b');
  turns.give('a');
  assert.equal(await fourth, 'a');
});

test('the one given back last is handed out first', async () => {
  const turns = createTurns(['a', 'b', 'c']);
  for (let n = 0; n < 3; n += 1) {
    assert.equal(await turns.take(never), 'a');
    turns.give('a');
  }
});

test('who leaves the queue takes no turn', async () => {
  const turns = createTurns(['a']);
  await turns.take(never);
  const abort = new AbortController();
  const leaving = turns.take(abort.signal);
  const staying = turns.take(never);
  const reason = new Error('enough');
  abort.abort(reason);
  await assert.rejects(leaving, reason);
  turns.give('a');
  assert.equal(await staying, 'a');
  await assert.rejects(turns.take(abort.signal), reason);
});
