// At most so many turns a second, however many ask.

import { pause } from './wake.ts';

export type Pace = {
  /** Resolves when a turn is free, and takes it. Rejects with an AbortError when the signal says so. */
  turn(signal: AbortSignal): Promise<void>;
  /** How long until a turn is free, in ms; 0 when one is. */
  waitMs(): number;
};

/** @param now monotonic ms. */
export function createPace(perSecond: number, now: () => number): Pace {
  /** When the last turns were taken, oldest first. */
  const turns: number[] = [];
  const waitMs = (): number => {
    const oldest = turns.length < perSecond ? undefined : turns[0];
    return oldest === undefined ? 0 : Math.max(0, oldest + 1000 - now());
  };
  return {
    waitMs,
    async turn(signal) {
      for (let wait = waitMs(); wait > 0; wait = waitMs()) await pause(wait, signal);
      if (turns.length >= perSecond) turns.shift();
      turns.push(now());
    },
  };
}
