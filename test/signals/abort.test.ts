// Waiting by a signal ends with the signal, and leaves no listener on it.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { abortable, onAbort } from '../../src/signals/abort.ts';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

test('what waits for a signal is called once when it aborts, at once where it has, and never after it was taken back', () => {
  const calls: string[] = [];
  const { signal, abort } = createSignal();
  onAbort(signal, () => calls.push('heard'));
  const takeBack = onAbort(signal, () => calls.push('taken back'));
  takeBack();
  assert.equal(listeners(signal), 1);
  abort();
  assert.deepEqual(calls, ['heard']);
  onAbort(signal, () => calls.push('late'));
  assert.deepEqual(calls, ['heard', 'late']);
});

test('work that ends first is heard, result or error, and no listener stays', async () => {
  const { signal } = createSignal();
  assert.equal(await abortable(Promise.resolve(7), signal), 7);
  await assert.rejects(abortable(Promise.reject(new Error('broken')), signal), /broken/);
  assert.equal(listeners(signal), 0);
});

test('a signal ends the waiting with its reason, before or while it waits, and later errors of the work are nobody’s', async () => {
  for (const abortFirst of [true, false]) {
    const { signal, abort } = createSignal();
    const work = Promise.withResolvers<never>();
    if (abortFirst) abort();
    const waiting = abortable(work.promise, signal);
    if (!abortFirst) abort();
    await assert.rejects(waiting, /enough/);
    work.reject(new Error('later'));
    await new Promise(setImmediate);
    assert.equal(listeners(signal), 0);
  }
});

function createSignal() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(new Error('enough')) };
}
