// Hands out a few shared items, each to one holder at a time, in the order of asking; no party may have them all.

type Turns<T> = {
  /**
   * Waits until one is free. Rejects with the signal's reason.
   * @param party on whose account, where there are several: one of them leaves one thing to the others, and so do all
   *   together who had their last one for long.
   */
  take(signal: AbortSignal, party?: string): Promise<T>;
  give(item: T): void;
};

type Holding = { readonly party: string | undefined; readonly since: number };
type Waiter<T> = { readonly party: string | undefined; readonly resolve: (item: T) => void };

/** Who keeps a thing for this long is slow, until it gives one back sooner. */
const slowMs = 5_000;

/**
 * The one given back last is handed out first, so that of several connections the warm one is used.
 * @param now monotonic ms.
 */
export function createTurns<T>(items: readonly T[], now: () => number = () => performance.now()): Turns<T> {
  const free = items.toReversed();
  const held = new Map<T, Holding>();
  const slow = new Set<string>();
  const queue = new Set<Waiter<T>>();
  const most = Math.max(1, items.length - 1);

  const countHeld = (counts: (party: string) => boolean): number =>
    [...held.values()].filter(({ party }) => party !== undefined && counts(party)).length;

  const mayTake = (party: string | undefined): boolean => {
    if (party === undefined) return true;
    if (countHeld((other) => other === party) >= most) return false;
    return !slow.has(party) || countHeld((other) => slow.has(other)) < most;
  };

  const handOut = (): void => {
    for (const waiter of queue) {
      if (!mayTake(waiter.party)) continue;
      const item = free.pop();
      if (item === undefined) return;
      queue.delete(waiter);
      held.set(item, { party: waiter.party, since: now() });
      waiter.resolve(item);
    }
  };

  return {
    async take(signal, party) {
      signal.throwIfAborted();
      const turn = Promise.withResolvers<T>();
      const waiter = { party, resolve: turn.resolve };
      const leave = () => {
        queue.delete(waiter);
        turn.reject(signal.reason);
      };
      queue.add(waiter);
      handOut();
      signal.addEventListener('abort', leave, { once: true });
      try {
        return await turn.promise;
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },
    give(item) {
      const { party, since } = held.get(item) ?? { party: undefined, since: now() };
      held.delete(item);
      if (party !== undefined) slow[now() - since >= slowMs ? 'add' : 'delete'](party);
      free.push(item);
      handOut();
    },
  };
}
