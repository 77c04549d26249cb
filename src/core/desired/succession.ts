// Derives the removal cause when an address changes holders: vacated, or taken over by a new one.

import type { RemovalCause } from '../model/model.ts';

/** Where a change of an object was learned: an event of a live watch, or a list (which cannot tell why something is missing). */
export type Origin = 'watch' | 'list';

/** Addresses that nobody takes again would stay without end: the oldest go first, and their next holder counts as new. */
const mostMissing = 200_000;

export class Succession {
  /** address -> uid of the claimant that held it until a list left it out. */
  readonly #missing = new Map<string, string>();
  #claimantsSynced = false;

  /** From here on, a claimant that takes an address is known to be its new holder. */
  claimantsSynced(): void {
    this.#claimantsSynced = true;
  }

  /** @param holders the uids of those who held the address before and after the change; undefined: nobody. */
  causeAt(
    address: string,
    { before, after }: { readonly before: string | undefined; readonly after: string | undefined },
    origin: Origin,
  ): RemovalCause {
    if (after === before) return 'relabelled';
    const missing = this.#missing.get(address);
    this.#missing.delete(address);
    if (after === undefined) {
      if (origin === 'watch') return 'vacated';
      if (before !== undefined) this.#miss(address, before);
      return 'relist';
    }
    // One that a list left out and that is back was never gone: it is not its own successor.
    return this.#claimantsSynced && after !== missing ? 'newHolder' : 'relist';
  }

  #miss(address: string, uid: string): void {
    this.#missing.set(address, uid);
    if (this.#missing.size <= mostMissing) return;
    const oldest = this.#missing.keys().next().value;
    if (oldest !== undefined) this.#missing.delete(oldest);
  }
}
