// Hands out a few things, each to one holder at a time, in the order of asking.

export type Turns<T> = {
  /** Waits until one is free. Rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<T>;
  give(item: T): void;
};

/** The one given back last is handed out first, so that of several connections the warm one is used. */
export function createTurns<T>(items: readonly T[]): Turns<T> {
  const free = items.toReversed();
  const waiting = new Set<(item: T) => void>();

  return {
    async take(signal) {
      signal.throwIfAborted();
      const item = free.pop();
      if (item !== undefined) return item;
      const turn = Promise.withResolvers<T>();
      const leave = () => {
        waiting.delete(turn.resolve);
        turn.reject(signal.reason);
      };
      waiting.add(turn.resolve);
      signal.addEventListener('abort', leave, { once: true });
      try {
        return await turn.promise;
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },
    give(item) {
      const [next] = waiting;
      if (next === undefined) {
        free.push(item);
        return;
      }
      waiting.delete(next);
      next(item);
    },
  };
}
