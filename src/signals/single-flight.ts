// Lets callers share one run of something that must not happen twice at once.

import { abortable } from './abort.ts';

/**
 * A caller whose signal aborts leaves with its reason; when the last one has left, the run's own signal aborts.
 */
export function singleFlight<T>(
  run: (signal: AbortSignal) => Promise<T>,
): (signal: AbortSignal) => Promise<T> {
  type Flight = { readonly result: Promise<T>; readonly abort: AbortController; callers: number };
  let flight: Flight | undefined;

  const join = (): Flight => {
    if (flight !== undefined) return flight;
    const abort = new AbortController();
    const result = run(abort.signal).finally(() => {
      if (flight?.abort === abort) flight = undefined;
    });
    flight = { result, abort, callers: 0 };
    return flight;
  };

  return async (signal) => {
    signal.throwIfAborted();
    const joined = join();
    joined.callers += 1;
    try {
      return await abortable(joined.result, signal);
    } finally {
      joined.callers -= 1;
      if (joined.callers === 0) {
        // Nobody is to join a run that is being aborted.
        if (flight === joined) flight = undefined;
        joined.abort.abort();
      }
    }
  };
}
