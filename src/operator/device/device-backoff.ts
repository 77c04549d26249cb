// Backoff before the next attempt at a device: doubling with jitter; every few seconds where it is away;
// slow where an administrator has to act first.

import type { ConditionReason } from '../../core/model/model.ts';

type Failed = {
  readonly retry: 'backoff' | 'slow';
  readonly reason?: ConditionReason;
  /** The device is up, and refuses the credentials: it is not to be asked every few seconds. */
  readonly refusesPass?: boolean;
  /** One of several devices is away; it is asked every few seconds, whatever the others refuse. */
  readonly someAway?: boolean;
};

export type Backoff = {
  /** ms until the next attempt; each call stands for one more failure. */
  next(failure: Failed): number;
  reset(): void;
};

const firstMs = 500;
const longestMs = 60_000;
/**
 * A device that is away is looked for at least every 5 s, however long it has been away, so that it is written again
 * within 10 s of answering again. An attempt begins with a connection and one small read.
 */
const awayMs = 4_000;
const slowMs = 120_000;

export function createBackoff(random: () => number = Math.random): Backoff {
  let failures = 0;
  const jitter = (ms: number) => ms * (0.75 + random() / 2);
  return {
    next({ retry, reason, refusesPass = false, someAway = false }) {
      failures += 1;
      // The first slow failure is tried again soon: devices refuse good keys for a while after a reboot.
      if (retry === 'slow' && failures > 2) return jitter(slowMs);
      const isAway = someAway || (reason === 'DeviceUnavailable' && retry === 'backoff' && !refusesPass);
      return jitter(Math.min(firstMs * 2 ** (failures - 1), isAway ? awayMs : longestMs));
    },
    reset() {
      failures = 0;
    },
  };
}
