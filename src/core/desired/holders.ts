// Picks the claimant that holds an address when several claim it.

import type { Claimant } from '../model/claimant.ts';

/**
 * True when `a` holds an address that `b` claims too: the one whose addresses are newer (of a Pod, whose network came up
 * last), terminating ones last; uid decides a tie, so that every replica decides alike.
 */
export function outranks(a: Claimant, b: Claimant): boolean {
  if (a.terminating !== b.terminating) return b.terminating;
  if (a.since !== b.since) return a.since > b.since;
  return a.uid > b.uid;
}

/** address -> those that claim it. */
export class Holders {
  // One claimant is the rule, so it is stored bare; an array exists only while an address is contested.
  readonly #claims = new Map<string, Claimant | Claimant[]>();

  claim(claimant: Claimant): void {
    if (claimant.ineligible !== undefined) return;
    for (const address of claimant.addresses) {
      const others = this.claimants(address);
      this.#claims.set(address, others.length === 0 ? claimant : [...others, claimant]);
    }
  }

  /** Takes back the claims of the one with this uid on these addresses. */
  release({ uid, addresses, ineligible }: Claimant): void {
    if (ineligible !== undefined) return;
    for (const address of addresses) {
      const others = this.claimants(address).filter((other) => other.uid !== uid);
      const [first] = others;
      if (first === undefined) this.#claims.delete(address);
      else this.#claims.set(address, others.length === 1 ? first : others);
    }
  }

  claimants(address: string): readonly Claimant[] {
    const claim = this.#claims.get(address);
    if (claim === undefined) return [];
    return Array.isArray(claim) ? claim : [claim];
  }

  holder(address: string): Claimant | undefined {
    const claim = this.#claims.get(address);
    if (!Array.isArray(claim)) return claim;
    return claim.reduce((best, claimant) => (outranks(claimant, best) ? claimant : best));
  }
}
