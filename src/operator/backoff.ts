// How long to wait before the next attempt: doubling with jitter, for ever; slow where somebody has to act first.

export type Backoff = {
  /** ms until the next attempt; each call stands for one more failure. */
  next(retry: 'backoff' | 'slow'): number;
  reset(): void;
};

const firstMs = 500;
const longestMs = 60_000;
const slowMs = 120_000;

export function createBackoff(random: () => number = Math.random): Backoff {
  let failures = 0;
  const jitter = (ms: number) => ms * (0.75 + random() / 2);
  return {
    next(retry) {
      failures += 1;
      // The first slow failure is tried again soon: devices refuse good keys for a while after a reboot.
      if (retry === 'slow' && failures > 2) return jitter(slowMs);
      return jitter(Math.min(firstMs * 2 ** (failures - 1), longestMs));
    },
    reset() {
      failures = 0;
    },
  };
}
