// Why may a tag leave an address of one table? The ledger of what was seen, kept until the device has followed.

import type { RemovalCause } from './model.ts';
import type { AddressChange } from './registrations.ts';
import type { RemovalOrigin } from './removal-origin.ts';

type Departure = {
  readonly tag: string;
  readonly cause: RemovalCause;
  readonly origin: RemovalOrigin | undefined;
};

type Entry = {
  /** The address was vacated or got a new holder: whatever it does not deserve may go at once. */
  readonly whole: 'vacated' | 'newHolder' | undefined;
  /** Tags that left for a cause of their own; it overrides `whole`, as it came later. */
  readonly left: readonly Departure[];
};

const nothingSeen: Entry = { whole: undefined, left: [] };
/**
 * A standby notes for days what the leader does, and new addresses may never come back (IPv6). The oldest entry goes
 * first: its tags then count as unclaimed, which is the careful side.
 */
const mostEntries = 50_000;
/** Gone at once: to find the oldest in a Map costs a step for each that went before it. */
const fewestEntries = 45_000;

const immediate: ReadonlySet<RemovalCause> = new Set(['vacated', 'relabelled', 'newHolder', 'displaced']);

/** True for a removal that rests on what a live Pod was seen to do, or on a limit; every other needs the gate. */
export function goesAtOnce(cause: RemovalCause): boolean {
  return immediate.has(cause);
}

export class RemovalCauses {
  readonly #entries = new Map<string, Entry>();

  note({ address, before, after, cause, origin }: AddressChange): void {
    if (cause === 'vacated' || cause === 'newHolder') {
      return this.#keep(address, { whole: cause, left: [] });
    }
    const { whole, left } = this.#entries.get(address) ?? nothingSeen;
    const leaving = before.filter((tag) => !after.includes(tag));
    // A tag that is deserved again needs a new cause to leave.
    const still = left.filter(({ tag }) => !after.includes(tag));
    if (whole === undefined && still.length + leaving.length === 0) this.#entries.delete(address);
    else this.#keep(address, { whole, left: [...still, ...leaving.map((tag) => ({ tag, cause, origin }))] });
  }

  causeOf(address: string, tag: string): RemovalCause {
    const { whole, left } = this.#entries.get(address) ?? nothingSeen;
    return left.find((departure) => departure.tag === tag)?.cause ?? whole ?? 'unclaimed';
  }

  /** Which object's change made the tag leave; undefined where none was noted. */
  originOf(address: string, tag: string): RemovalOrigin | undefined {
    return this.#entries.get(address)?.left.find((departure) => departure.tag === tag)?.origin;
  }

  addresses(): Iterable<string> {
    return this.#entries.keys();
  }

  #keep(address: string, entry: Entry): void {
    this.#entries.delete(address);
    this.#entries.set(address, entry);
    if (this.#entries.size > mostEntries) this.#makeRoom();
  }

  #makeRoom(): void {
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= fewestEntries) return;
      this.#entries.delete(oldest);
    }
  }

  /** The device agrees with the desired state here: later differences are somebody else's doing. */
  settle(address: string): void {
    this.#entries.delete(address);
  }
}
