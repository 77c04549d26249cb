// A time limit for one step of making a connection, or for one call.

import { onAbort } from '../signals/abort.ts';

type Limit = {
  readonly ms: number;
  /** What the step fails with when it is over. */
  readonly late: () => Error;
};

/**
 * Does as `step` does, whose signal aborts with the limit's error or with the caller's reason, whichever comes first.
 * `step` must reject with the reason of its signal then.
 */
export async function within<T>(
  { ms, late }: Limit,
  signal: AbortSignal,
  step: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // Not AbortSignal.any, of which a signal that lives as long as the process keeps a record for each call until garbage is collected.
  const limited = new AbortController();
  const end = onAbort(signal, () => limited.abort(signal.reason));
  let lastLook: NodeJS.Immediate | undefined;
  // A process that stood still for a while meets its timers before its sockets, on which the answer may wait.
  const timer = setTimeout(() => {
    lastLook = setImmediate(() => limited.abort(late()));
  }, ms);
  try {
    return await step(limited.signal);
  } finally {
    end();
    clearTimeout(timer);
    clearImmediate(lastLook);
  }
}
