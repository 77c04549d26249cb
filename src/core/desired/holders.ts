// Picks the Pod that holds an address when several Pods report it.

import type { PodRecord } from '../model/model.ts';

/**
 * True when `a` holds an address that `b` claims too: the Pod whose network came up last, terminating
 * ones last; uid decides a tie, so that every replica decides alike.
 */
export function outranks(a: PodRecord, b: PodRecord): boolean {
  if (a.terminating !== b.terminating) return b.terminating;
  if (a.networkReadyAt !== b.networkReadyAt) return a.networkReadyAt > b.networkReadyAt;
  return a.uid > b.uid;
}

/** address -> the Pods that claim it. Pods on the host's network claim nothing. */
export class Holders {
  // One claimant is the rule, so it is stored bare; an array exists only while an address is contested.
  readonly #claims = new Map<string, PodRecord | PodRecord[]>();

  claim(pod: PodRecord): void {
    if (pod.hostNetwork) return;
    for (const address of pod.addresses) {
      const others = this.claimants(address);
      this.#claims.set(address, others.length === 0 ? pod : [...others, pod]);
    }
  }

  /** Takes back the claims of the record with this uid on these addresses. */
  release(pod: PodRecord): void {
    if (pod.hostNetwork) return;
    for (const address of pod.addresses) {
      const others = this.claimants(address).filter((other) => other.uid !== pod.uid);
      const [first] = others;
      if (first === undefined) this.#claims.delete(address);
      else this.#claims.set(address, others.length === 1 ? first : others);
    }
  }

  claimants(address: string): readonly PodRecord[] {
    const claim = this.#claims.get(address);
    if (claim === undefined) return [];
    return Array.isArray(claim) ? claim : [claim];
  }

  holder(address: string): PodRecord | undefined {
    const claim = this.#claims.get(address);
    if (!Array.isArray(claim)) return claim;
    return claim.reduce((best, pod) => (outranks(pod, best) ? pod : best));
  }
}
