// Waiting in tests: poll until something holds, and say what was seen last when it does not.
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

export type WaitOptions = {
  /** What is awaited, for the error: 'the Pod's tags on fw-a'. */
  readonly what: string;
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /** Between the first looks; default 50. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
};

/** A long wait is looked at more seldom, so that it leaves the cores to others: it ends late by a twentieth, or this. */
const longestIntervalMs = 250;

type Truthy<T> = Exclude<T, undefined | null | false | 0 | ''>;

/**
 * Calls look until its answer is truthy, and returns that. A look that throws counts as 'not yet'; its error is the
 * cause of the timeout's error when it was the last thing seen. A look that has not ended in time is given up.
 */
export async function waitFor<T>(look: () => T | Promise<T>, options: WaitOptions): Promise<Truthy<T>> {
  const { what, timeoutMs = 10_000, intervalMs = 50, signal } = options;
  const startedAt = performance.now();
  const deadline = startedAt + timeoutMs;
  let last: Seen = { value: undefined };
  for (let left = timeoutMs; left > 0; left = deadline - performance.now()) {
    signal?.throwIfAborted();
    const seen = await within(tryToSee(look), left);
    if (seen === undefined) break;
    if ('value' in seen && seen.value) return seen.value as Truthy<T>;
    last = seen;
    const seldom = Math.min(longestIntervalMs, (performance.now() - startedAt) / 20);
    await sleep(Math.max(intervalMs, seldom), undefined, signal ? { signal } : {});
  }
  throw notInTime(what, timeoutMs, last);
}

/** Resolves as promise does, or with undefined after timeoutMs. */
export async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), timeoutMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

type Seen = { readonly value: unknown } | { readonly error: unknown };

async function tryToSee(look: () => unknown): Promise<Seen> {
  try {
    return { value: await look() };
  } catch (error) {
    return { error };
  }
}

function notInTime(what: string, timeoutMs: number, last: Seen): Error {
  const waited = `waited ${timeoutMs} ms in vain for ${what}`;
  if ('error' in last)
    return new Error(`${waited}; the last look failed: ${String(last.error)}`, { cause: last.error });
  return new Error(`${waited}; last value: ${inspect(last.value, { depth: 8, breakLength: 110 })}`);
}
