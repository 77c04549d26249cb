// Ledger of removal causes for one table: why a tag may leave an address, kept until the device has followed.

import type { RemovalCause } from '../model/model.ts';
import type { AddressChange } from '../model/address-change.ts';
import type { RemovalOrigin } from '../model/removal-origin.ts';
import { membership, without } from '../model/tag-set.ts';

type Departure = { readonly cause: RemovalCause; readonly origin: RemovalOrigin | undefined };

type Entry = {
  /** The address was vacated or got a new holder: every tag that is not desired may go at once. */
  readonly whole: 'vacated' | 'newHolder' | undefined;
  /** Tags that left for a cause of their own, the oldest first; it overrides `whole`, as it came later. */
  readonly left: ReadonlyMap<string, Departure>;
};

const nothingLeft: Entry['left'] = new Map();
const nothingSeen: Entry = { whole: undefined, left: nothingLeft };
/**
 * A standby notes for days what the leader does, and new addresses may never come back (IPv6). The oldest entry goes
 * first: its tags then count as unclaimed, which is the careful side.
 */
const mostEntries = 50_000;
/** So much stays then: to find the oldest in a Map costs a step for each that went before it. */
const keptPart = 0.9;
/**
 * Of one address: a tenant may change its tags every second while the device cannot be reached.
 */
const mostDepartures = 512;

type LedgerLimits = { readonly entries: number; readonly departures: number };

const immediate: ReadonlySet<RemovalCause> = new Set(['vacated', 'relabelled', 'newHolder', 'displaced']);

/** True for a removal that rests on what a live Pod was seen to do, or on a higher rank at a limit; every other is guarded. */
export function goesAtOnce(cause: RemovalCause): boolean {
  return immediate.has(cause);
}

export class RemovalCauses {
  readonly #entries = new Map<string, Entry>();
  readonly #limits: LedgerLimits;

  constructor(limits: LedgerLimits = { entries: mostEntries, departures: mostDepartures }) {
    this.#limits = limits;
  }

  note({ address, before, after, cause, origin }: AddressChange): void {
    if (cause === 'vacated' || cause === 'newHolder') {
      return this.#keep(address, { whole: cause, left: nothingLeft });
    }
    const { whole, left } = this.#entries.get(address) ?? nothingSeen;
    // A tag that is desired again needs a new cause to leave.
    const isDeserved = membership(after);
    const departures = new Map([...left].filter(([tag]) => !isDeserved(tag)));
    const departure = { cause, origin };
    for (const tag of without(before, after)) {
      departures.delete(tag);
      departures.set(tag, departure);
    }
    const kept = forgetOldest(departures, whole, this.#limits.departures);
    if (kept === undefined && departures.size === 0) this.#entries.delete(address);
    else this.#keep(address, { whole: kept, left: departures });
  }

  causeOf(address: string, tag: string): RemovalCause {
    const { whole, left } = this.#entries.get(address) ?? nothingSeen;
    return left.get(tag)?.cause ?? whole ?? 'unclaimed';
  }

  /** Which object's change made the tag leave; undefined where none was noted. */
  originOf(address: string, tag: string): RemovalOrigin | undefined {
    return this.#entries.get(address)?.left.get(tag)?.origin;
  }

  addresses(): Iterable<string> {
    return this.#entries.keys();
  }

  #keep(address: string, entry: Entry): void {
    this.#entries.delete(address);
    this.#entries.set(address, entry);
    if (this.#entries.size > this.#limits.entries) this.#trim();
  }

  #trim(): void {
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limits.entries * keptPart) return;
      this.#entries.delete(oldest);
    }
  }

  /** The device agrees with the desired state here: later differences are somebody else's doing. */
  settle(address: string): void {
    this.#entries.delete(address);
  }
}

/**
 * The oldest departures go first, and before all others those that go at once: a forgotten tag counts as `whole` says. One
 * that is guarded must not come to go at once by that, so with the first of them `whole` is forgotten, too. Tells what is
 * left of it.
 */
function forgetOldest(
  departures: Map<string, Departure>,
  whole: Entry['whole'],
  most: number,
): Entry['whole'] {
  for (const atOnce of [true, false]) {
    for (const [tag, { cause }] of departures) {
      if (departures.size <= most) return whole;
      if (goesAtOnce(cause) !== atOnce) continue;
      departures.delete(tag);
      if (!atOnce) whole = undefined;
    }
  }
  return whole;
}
