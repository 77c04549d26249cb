// Waits on AbortSignals without leaving listeners behind on signals that live as long as the process.

/**
 * Calls `act` when the signal aborts, and at once where it has; until the returned function is called.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act();
  signal.addEventListener('abort', act, { once: true });
  return () => signal.removeEventListener('abort', act);
}

/**
 * Stops waiting for work when the signal aborts, whether or not the work itself listens. Rejects with the signal's
 * reason then; the work's later result is ignored.
 */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = onAbort(signal, () => reject(signal.reason));
  try {
    return await Promise.race([work, promise]);
  } finally {
    end();
  }
}
