// A time limit for one step of making a connection, or for one call.

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
  const limit = new AbortController();
  let lastLook: NodeJS.Immediate | undefined;
  // A process that stood still for a while meets its timers before its sockets, on which the answer may wait.
  const timer = setTimeout(() => {
    lastLook = setImmediate(() => limit.abort(late()));
  }, ms);
  try {
    return await step(AbortSignal.any([signal, limit.signal]));
  } finally {
    clearTimeout(timer);
    clearImmediate(lastLook);
  }
}
