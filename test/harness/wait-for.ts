// Waiting in tests: poll until something holds, and say what was seen last when it does not.
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

export type WaitOptions = {
  /** What is awaited, for the error: 'the Pod's tags on fw-a'. */
  readonly what: string;
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /** Default 50. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
};

type Truthy<T> = Exclude<T, undefined | null | false | 0 | ''>;

/**
 * Calls look until its answer is truthy, and returns that. A look that throws counts as 'not yet'; its error is the
 * cause of the timeout's error when it was the last thing seen.
 */
export async function waitFor<T>(look: () => T | Promise<T>, options: WaitOptions): Promise<Truthy<T>> {
  const { what, timeoutMs = 10_000, intervalMs = 50, signal } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    let last: Seen;
    try {
      const value = await within(Promise.resolve(look()), Math.max(1, deadline - performance.now()));
      if (value) return value as Truthy<T>;
      last = { value };
    } catch (error) {
      last = { error };
    }
    if (performance.now() >= deadline) throw notInTime(what, timeoutMs, last);
    await sleep(intervalMs, undefined, signal ? { signal } : {});
  }
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

function notInTime(what: string, timeoutMs: number, last: Seen): Error {
  const waited = `waited ${timeoutMs} ms in vain for ${what}`;
  if ('error' in last)
    return new Error(`${waited}; the last look failed: ${String(last.error)}`, { cause: last.error });
  return new Error(`${waited}; last value: ${inspect(last.value, { depth: 8, breakLength: 110 })}`);
}
