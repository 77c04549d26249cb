// Time limits and giving up, without leaving listeners behind on signals that live for ever.

type Deadline = {
  /** Aborts with the caller's reason, or with the limit's own error. */
  readonly signal: AbortSignal;
  /** Must be called when the work has ended, either way. */
  readonly clear: () => void;
};

export function deadline(signal: AbortSignal, ms: number, limitError: () => Error): Deadline {
  const controller = new AbortController();
  const giveUp = () => controller.abort(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  const timer = setTimeout(() => controller.abort(limitError()), ms);
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    },
  };
}

/** Stops waiting for work when the signal aborts, whether or not the work itself listens. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
