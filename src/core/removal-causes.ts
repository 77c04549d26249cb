// Why may a tag leave an address of one table? The ledger of what was seen, kept until the device has followed.

import type { AddressChange } from './desired.ts';
import type { RemovalCause } from './model.ts';

type Entry = {
  /** The address was vacated or got a new holder: whatever it does not deserve may go at once. */
  whole: 'vacated' | 'newHolder' | undefined;
  /** Tags that left for a cause of their own; it overrides `whole` when it came later. */
  readonly tags: Map<string, RemovalCause>;
};

const immediate: ReadonlySet<RemovalCause> = new Set(['vacated', 'relabelled', 'newHolder']);

/** True for a removal that rests on what a live Pod was seen to do; every other needs the gate. */
export function goesAtOnce(cause: RemovalCause): boolean {
  return immediate.has(cause);
}

export class RemovalCauses {
  readonly #entries = new Map<string, Entry>();

  note({ address, before, after, cause }: AddressChange): void {
    if (cause === 'vacated' || cause === 'newHolder') {
      this.#entries.set(address, { whole: cause, tags: new Map() });
      return;
    }
    const entry = this.#entries.get(address) ?? { whole: undefined, tags: new Map<string, RemovalCause>() };
    for (const tag of before) if (!after.includes(tag)) entry.tags.set(tag, cause);
    // A tag that is deserved again needs a new cause to leave.
    for (const tag of after) entry.tags.delete(tag);
    if (entry.whole !== undefined || entry.tags.size > 0) this.#entries.set(address, entry);
    else this.#entries.delete(address);
  }

  causeOf(address: string, tag: string): RemovalCause {
    const entry = this.#entries.get(address);
    return entry?.tags.get(tag) ?? entry?.whole ?? 'unclaimed';
  }

  /** The device agrees with the desired state here: later differences are somebody else's doing. */
  settle(address: string): void {
    this.#entries.delete(address);
  }

  get size(): number {
    return this.#entries.size;
  }
}
