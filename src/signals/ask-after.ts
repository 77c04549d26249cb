// Lets callers share a run that begins after they called.

import { singleFlight } from './single-flight.ts';

/**
 * A queue of two: the run that goes on, and the next one, which all share who call meanwhile. One runs at a time. As
 * with singleFlight, a caller whose signal aborts leaves, and a run that all have left is aborted.
 */
export function askAfter(
  run: (signal: AbortSignal) => Promise<void>,
): (signal: AbortSignal) => Promise<void> {
  /** Never rejects. */
  let running: Promise<unknown> = Promise.resolve();
  let next: ((signal: AbortSignal) => Promise<void>) | undefined;

  const begin = (signal: AbortSignal): Promise<void> => {
    // Whoever calls from now on is served by the one after it.
    next = undefined;
    const answer = run(signal);
    running = answer.catch(() => undefined);
    return answer;
  };
  const following = () =>
    singleFlight(async (signal) => {
      await running;
      signal.throwIfAborted();
      return begin(signal);
    });
  return (signal) => {
    next ??= following();
    return next(signal);
  };
}
