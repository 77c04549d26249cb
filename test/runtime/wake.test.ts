// A sleeper that others wake.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWake } from '../../src/runtime/wake.ts';

test('however often a sleeper is called before it looks, it is woken once, and a call while it is awake ends its next sleep', async () => {
  const wake = createWake();
  const { signal } = new AbortController();
  let ends = 0;
  const removeEventListener = signal.removeEventListener.bind(signal);
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    ends += 1;
    removeEventListener(...args);
  };
  const sleeping = wake.sleep(60_000, signal);
  await new Promise(setImmediate);
  for (let i = 0; i < 1000; i += 1) wake.notify();
  await sleeping;
  assert.equal(ends, 1);

  wake.notify();
  await wake.sleep(60_000, signal);
  assert.equal(ends, 1);
});
