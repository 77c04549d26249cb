// Polling and bounded parallel work: what they return, and what they say when it does not work.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inParallel } from './in-parallel.ts';
import { waitFor } from './wait-for.ts';

const soon = { what: 'the moon', timeoutMs: 60, intervalMs: 5 };

test('waitFor returns the first truthy answer, and takes a failed look for "not yet"', async () => {
  let looks = 0;
  const look = async (): Promise<string> => {
    looks += 1;
    if (looks === 1) throw new Error('not there');
    return looks < 4 ? '' : 'here';
  };
  assert.equal(await waitFor(look, { ...soon, timeoutMs: 5_000 }), 'here');
  assert.equal(looks, 4);
});

test('waitFor gives up in time and tells what it saw last', async () => {
  await assert.rejects(
    waitFor(() => [].at(0), soon),
    /waited 60 ms in vain for the moon; last value: undefined/,
  );
  const cause = new Error('no such Pod');
  const failing = waitFor(() => Promise.reject(cause), soon);
  await assert.rejects(failing, { message: /for the moon; the last look failed: Error: no such Pod/, cause });
});

test('waitFor looks ever more seldom', async () => {
  const seen: number[] = [];
  const look = () => seen.push(performance.now()) > 0 && false;
  await assert.rejects(waitFor(look, { ...soon, timeoutMs: 600, intervalMs: 1 }));
  const [first = 0, second = 0] = seen;
  assert.ok(
    seen.length > 5 && seen.length < 120,
    `${seen.length} looks, the second after ${second - first} ms`,
  );
});

test('waitFor gives up a look that never ends', async () => {
  await assert.rejects(
    waitFor(() => new Promise(() => undefined), soon),
    /waited 60 ms in vain/,
  );
});

test('waitFor ends with its signal', async () => {
  const reason = new Error('enough');
  const wait = waitFor(() => false, { ...soon, timeoutMs: 60_000, signal: AbortSignal.abort(reason) });
  await assert.rejects(wait, reason);
});

test('inParallel keeps the order and the limit', async () => {
  let running = 0;
  let most = 0;
  const work = async (n: number): Promise<number> => {
    running += 1;
    most = Math.max(most, running);
    await sleep(n % 3);
    running -= 1;
    return n * 2;
  };
  const items = Array.from({ length: 40 }, (_, n) => n);
  const expected = items.map((n) => n * 2);
  assert.deepEqual(await inParallel(items, work, 7), expected);
  assert.equal(most, 7);
});

test('inParallel begins nothing after a failure and rejects with it', async () => {
  const begun: number[] = [];
  const failure = new Error('third');
  const work = async (n: number): Promise<void> => {
    begun.push(n);
    await sleep(1);
    if (n === 2) throw failure;
  };
  await assert.rejects(inParallel([0, 1, 2, 3, 4, 5, 6, 7], work, 2), failure);
  assert.ok(begun.length <= 5, `begun: ${begun.join()}`);
});
