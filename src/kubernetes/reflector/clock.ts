// Clock of the Kubernetes adapter; tests replace it.

import { setTimeout as delay } from 'node:timers/promises';

export type Clock = {
  /** Monotonic milliseconds: differences mean something, the value does not. */
  readonly now: () => number;
  /** Resolves after ms, or at once when the signal aborts; never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
};

export const monotonicClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    // What a timer rejects with is the abort, which is one of the two ways to wake up.
    await delay(ms, undefined, { signal }).catch(() => undefined);
  },
};
