// Checks periodically that we may still read what is watched: an API server never ends a watch for lost rights.

import type { Clock } from './clock.ts';
import { KubeApiError } from '../errors/kube-errors.ts';

type ProbeOptions = {
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  /** A cheap read of the watched resource; returns at once when there is nothing to be asked. */
  readonly ask: () => Promise<void>;
  /** Our rights or credentials are gone: what the watch says from here on proves nothing. */
  readonly refused: (error: KubeApiError) => void;
};

/**
 * A watch goes on for up to ten minutes after a role was taken away or a token ran out. Other failures are no news here:
 * a dead connection falls silent, and a server that is gone closes it.
 */
export async function probeRegularly(options: ProbeOptions, signal: AbortSignal): Promise<void> {
  const { intervalMs, clock, random, ask, refused } = options;
  while (!signal.aborted) {
    await clock.sleep(intervalMs * (0.9 + random() * 0.2), signal);
    if (signal.aborted) return;
    try {
      await ask();
    } catch (error) {
      if (error instanceof KubeApiError && (error.status === 401 || error.status === 403)) refused(error);
    }
  }
}
