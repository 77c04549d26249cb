// Turns: one holder each, first come first served, a warm one first, and nobody waits after an abort.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from '../../../src/panos/http/turns.ts';
import { never } from '../clients.ts';

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

/** Whether it has its turn by now. */
async function hasTurn(turn: Promise<unknown>): Promise<boolean> {
  let done = false;
  void turn.then(() => (done = true));
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

test('one party leaves one to the others, who pass it in the queue; whoever has no party may have all', async () => {
  const turns = createTurns(['a', 'b', 'c']);
  assert.deepEqual([await turns.take(never, 'A'), await turns.take(never, 'A')], ['a', 'b']);
  const [again, other] = [turns.take(never, 'A'), turns.take(never, 'B')];
  assert.deepEqual([await hasTurn(again), await other], [false, 'c']);
  turns.give('a');
  assert.equal(await again, 'a');
  for (const item of ['a', 'b', 'c']) turns.give(item);
  for (let n = 0; n < 3; n += 1) await turns.take(never);
});

test('the slow ones together leave one to the others, until they are slow no more', async () => {
  let now = 0;
  const turns = createTurns(['a', 'b'], () => now);
  const beSlow = async (party: string, ms: number) => {
    const item = await turns.take(never, party);
    now += ms;
    turns.give(item);
  };
  await beSlow('A', 5_000);
  await beSlow('B', 60_000);
  const first = await turns.take(never, 'A');
  const [second, quick] = [turns.take(never, 'B'), turns.take(never, 'C')];
  assert.deepEqual([await hasTurn(second), await hasTurn(quick)], [false, true]);
  turns.give(first);
  assert.equal(await hasTurn(second), true);
  turns.give(await second);
  turns.give(await quick);
  // What B was given back by soon was no long turn.
  await beSlow('A', 10);
  const both = [turns.take(never, 'A'), turns.take(never, 'B')];
  assert.deepEqual(await Promise.all(both.map(hasTurn)), [true, true]);
});

test('a single one is for everybody in turn', async () => {
  const turns = createTurns(['a']);
  const [first, second] = [turns.take(never, 'A'), turns.take(never, 'A')];
  turns.give(await first);
  turns.give(await second);
  assert.equal(await turns.take(never, 'B'), 'a');
});
