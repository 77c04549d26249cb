// Exponential backoff with jitter, reset after a time without failure.

export type Backoff = {
  /** The wait in ms after the failure that just happened. */
  readonly next: () => number;
  /** The next failure is a first one. */
  readonly restart: () => void;
};

type BackoffOptions = {
  readonly baseMs: number;
  readonly maxMs: number;
  /** So long without a failure, and the next one starts at baseMs again. */
  readonly resetAfterMs: number;
  /** Monotonic ms. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
};

/** Waits lie between half and the whole of base, 2 base, 4 base ... max, so that many clients do not come back together. */
export function createBackoff(options: BackoffOptions): Backoff {
  const { baseMs, maxMs, resetAfterMs, now, random } = options;
  let limitMs = baseMs;
  let quietFrom = Number.NEGATIVE_INFINITY;
  return {
    next: () => {
      if (now() - quietFrom >= resetAfterMs) limitMs = baseMs;
      const waitMs = limitMs * (0.5 + random() / 2);
      limitMs = Math.min(limitMs * 2, maxMs);
      quietFrom = now() + waitMs;
      return waitMs;
    },
    restart: () => {
      limitMs = baseMs;
    },
  };
}
