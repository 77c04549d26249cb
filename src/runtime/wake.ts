// A sleeper that others can wake: many calls before it looks are one.

export type Wake = {
  /** Ends the present sleep, or lets the next one return at once. */
  notify(): void;
  /** Sleeps until notified, for at most this long. Rejects with an AbortError when the signal says so. */
  sleep(atMostMs: number, signal: AbortSignal): Promise<void>;
};

export function createWake(): Wake {
  let notified = false;
  let wake: (() => void) | undefined;
  return {
    notify() {
      notified = true;
      const waking = wake;
      wake = undefined;
      waking?.();
    },
    async sleep(atMostMs, signal) {
      signal.throwIfAborted();
      if (!notified && atMostMs > 0) await sleepUntil((resolve) => (wake = resolve), atMostMs, signal);
      wake = undefined;
      notified = false;
    },
  };
}

// setTimeout counts in 32 bits.
const longestTimerMs = 2 ** 31 - 1;

function sleepUntil(onWake: (resolve: () => void) => void, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      resolve();
    };
    const timer = setTimeout(done, Math.min(Math.max(0, ms), longestTimerMs));
    signal.addEventListener('abort', abort, { once: true });
    onWake(done);
  });
}

/** Resolves after this long; rejects with an AbortError when the signal says so. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await sleepUntil(() => undefined, ms, signal);
}
