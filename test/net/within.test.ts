// A time limit for a call: it ends the call, and leaves nothing behind on the signal of the caller.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { mock, test } from 'node:test';
import { within } from '../../src/net/within.ts';
import { abortable } from '../../src/signals/abort.ts';

const never = (signal: AbortSignal) => abortable(new Promise<never>(() => {}), signal);
const limit = (ms: number) => ({ ms, late: () => new Error('late') });

test('the limit ends a call, and so does the caller, each with its own reason', async () => {
  const { signal } = new AbortController();
  await assert.rejects(within(limit(1), signal, never), /late/);
  const caller = new AbortController();
  const call = within(limit(60_000), caller.signal, never);
  caller.abort(new Error('no longer'));
  await assert.rejects(call, /no longer/);
  await assert.rejects(within(limit(60_000), caller.signal, never), /no longer/);
});

// The record of AbortSignal.any lives until garbage is collected: 20,000 calls took ten times as long, and ever longer.
test('a call leaves nothing behind on a signal that lives as long as the process', async () => {
  const any = mock.method(AbortSignal, 'any');
  const { signal } = new AbortController();
  assert.equal(await within(limit(60_000), signal, async () => getEventListeners(signal, 'abort').length), 1);
  assert.deepEqual([getEventListeners(signal, 'abort').length, any.mock.callCount()], [0, 0]);
});
