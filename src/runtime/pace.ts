// At most so many turns a second, however many ask.

import { pause } from './wake.ts';

type Pace = {
  /**
   * How long until a turn is free, in ms; 0 when one is.
   * @param reserve so many turns of each second are left to others; default 0.
   */
  waitMs(reserve?: number): number;
  /** Takes a turn that is free. */
  take(): void;
  /** Resolves when a turn is free, and takes it. Rejects with an AbortError when the signal says so. */
  turn(signal: AbortSignal): Promise<void>;
};

/** @param now monotonic ms. */
export function createPace(perSecond: number, now: () => number): Pace {
  /** When the last turns were taken, latest first. */
  const turns: number[] = [];
  const waitMs = (reserve = 0): number => {
    const before = turns[perSecond - reserve - 1];
    return before === undefined ? 0 : Math.max(0, before + 1000 - now());
  };
  const take = (): void => {
    turns.unshift(now());
    turns.length = Math.min(turns.length, perSecond);
  };
  return {
    waitMs,
    take,
    async turn(signal) {
      for (let wait = waitMs(); wait > 0; wait = waitMs()) await pause(wait, signal);
      take();
    },
  };
}
