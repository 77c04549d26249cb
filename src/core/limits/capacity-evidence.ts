// Capacity learned from refusals; other addresses are tried slowly, so that a limit that has ended is noticed.

import { LearnedLimit, type ProbeTiming, type Refused } from './learned-limit.ts';
import { type Answer, hasEntry } from './limits-input.ts';

/** What came of a message, as far as capacity goes. Counts are of addresses. */
export type CapacityOutcome = {
  /** The message left nothing at them. */
  readonly freed: number;
  /** They were not in the table before, and are now. */
  readonly taken: number;
  /** One of them was tried though the limit said that the device was full. */
  readonly isProbeTaken: boolean;
  /** They were not in the table, are not now, and no newcomer after them was taken. */
  readonly refused: readonly Refused[];
  /** In the device's tables after the message, as far as is known. */
  readonly entries: number;
};

export class CapacityEvidence {
  readonly #learned: LearnedLimit;

  constructor(timing?: ProbeTiming) {
    this.#learned = new LearnedLimit(timing);
  }

  /** So many entries the device takes; undefined: nothing is known. */
  get limit(): number | undefined {
    return this.#learned.figure;
  }

  get probeAt(): number | undefined {
    return this.#learned.probeAt;
  }

  /** True when others are to be tried from now on. */
  probe(now: number): boolean {
    const { probeAt } = this;
    if (probeAt === undefined || now < probeAt) return false;
    this.#learned.probed(now);
    return true;
  }

  /** An address of this namespace has no slot. */
  waits(namespace: string): void {
    this.#learned.hasten(namespace);
  }

  /** Takes up the answer to a message; true when it showed that the device is full. */
  answered(outcome: CapacityOutcome, now: number): boolean {
    const { freed, taken, isProbeTaken, refused, entries } = outcome;
    if (taken > 0) this.#learned.taken();
    if (this.limit !== undefined && (isProbeTaken || entries > this.limit)) {
      // Others that were tried with it may have been refused for a reason of their own: the next message tells.
      this.#learned.disprove();
      return false;
    }
    if (refused.length === 0) return false;
    const isCertain = refused.some((one) => one.isCertain);
    if (!isCertain && freed > taken) {
      // What was freed in the same message was not wanted: there was free capacity, and the refusal is about something else.
      this.#learned.disprove();
      return false;
    }
    const believed = this.#learned.hear(refused);
    // Where the limit is known already, one is enough to say that it still holds.
    if (!believed && entries !== this.limit) return false;
    // What was freed in this message may have been freed too late for it.
    this.#learned.learn(entries + Math.max(0, freed - taken), refused, now);
    return true;
  }

  /** The device is another one, or has another release: what it refused says nothing any more. */
  forget(): void {
    this.#learned.forget();
  }
}

type Facts = {
  /** In the device's tables by now. */
  readonly entries: number;
  readonly namespaceOf: (address: string) => string;
  readonly isProbed: (address: string) => boolean;
};

/** What an answer tells of the device's capacity, and the newcomers that it took. */
export function capacityOutcome(
  { table, batch, newcomers, refusedPairs }: Answer,
  { entries, namespaceOf, isProbed }: Facts,
): { readonly outcome: CapacityOutcome; readonly taken: readonly string[] } {
  const lastTaken = newcomers.findLastIndex((address) => hasEntry(table, address));
  const candidates = new Set(newcomers.slice(lastTaken + 1));
  const refused = refusedPairs.flatMap(({ address, limit }) =>
    limit?.kind === 'addresses' && candidates.has(address)
      ? [{ address, isCertain: limit.isCertain, namespace: namespaceOf(address) }]
      : [],
  );
  const freed = batch.filter(
    ({ address, unregister }) => unregister.length > 0 && !hasEntry(table, address),
  ).length;
  const taken = newcomers.filter((address) => hasEntry(table, address));
  const isProbeTaken = taken.some(isProbed);
  return { outcome: { freed, taken: taken.length, isProbeTaken, refused, entries }, taken };
}
