// Ledger for the audit log: whose a tag was that is no longer desired at an address, and whose change ended that.

import type { AddressChange } from '../../core/model/address-change.ts';
import type { Claimant } from '../../core/model/claimant.ts';
import type { RemovalOrigin } from '../../core/model/removal-origin.ts';
import { without } from '../../core/model/tag-set.ts';

export type AuditObject = Pick<Claimant, 'kind' | 'namespace' | 'name'>;

export type Departure = {
  /** Absent: not known. */
  readonly object?: AuditObject | undefined;
  /** Absent: the object itself. */
  readonly by?: RemovalOrigin | undefined;
};

/** A standby notes for days what the leader does. The oldest pairs go first: their lines then name no object. */
const mostPairs = 200_000;

export class Departures {
  /** Firewall, address and tag -> the departure of the tag: of late, and of the time before that. */
  #recent = new Map<string, Departure>();
  /** Forgotten as a whole: a Map that loses its first key again and again looks longer and longer for the next one. */
  #older = new Map<string, Departure>();
  /** Who has just lost an address, as the changes that follow from it are told. */
  #leaving: { readonly address: string; readonly object: AuditObject } | undefined;

  holderLeaves(address: string, { kind, namespace, name }: Claimant): void {
    this.#leaving = { address, object: { kind, namespace, name } };
  }

  /** @param holder of the address now. */
  note(
    firewall: string,
    { address, before, after, cause, origin }: AddressChange,
    holder: Claimant | undefined,
  ): void {
    for (const tag of after) {
      const key = keyOf(firewall, address, tag);
      this.#recent.delete(key);
      this.#older.delete(key);
    }
    const isAnothers = cause === 'vacated' || cause === 'newHolder' || cause === 'relist';
    const former = this.#leaving?.address === address ? this.#leaving.object : undefined;
    const object = isAnothers ? former : holder && objectOf(holder);
    for (const tag of without(before, after)) {
      this.#recent.set(keyOf(firewall, address, tag), { object, by: origin });
    }
    if (this.#recent.size < mostPairs / 2) return;
    this.#older = this.#recent;
    this.#recent = new Map();
  }

  of(firewall: string, address: string, tag: string): Departure | undefined {
    const key = keyOf(firewall, address, tag);
    return this.#recent.get(key) ?? this.#older.get(key);
  }
}

export function objectOf({ kind, namespace, name }: Claimant): AuditObject {
  return { kind, namespace, name };
}

/** Neither a name of a PanFirewall nor an address has a blank. */
function keyOf(firewall: string, address: string, tag: string): string {
  return `${firewall} ${address} ${tag}`;
}
