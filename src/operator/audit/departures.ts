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

/** A standby notes for days what the leader does. The oldest go first: their lines then name no object. */
const mostAddresses = 100_000;

export class Departures {
  /** Firewall and address -> tag -> its departure. */
  readonly #left = new Map<string, Map<string, Departure>>();
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
    const key = keyOf(firewall, address);
    const left = this.#left.get(key) ?? new Map<string, Departure>();
    for (const tag of after) left.delete(tag);
    const isAnothers = cause === 'vacated' || cause === 'newHolder' || cause === 'relist';
    const former = this.#leaving?.address === address ? this.#leaving.object : undefined;
    const object = isAnothers ? former : holder && objectOf(holder);
    for (const tag of without(before, after)) left.set(tag, { object, by: origin });
    this.#left.delete(key);
    if (left.size > 0) this.#left.set(key, left);
    if (this.#left.size <= mostAddresses) return;
    const [oldest] = this.#left.keys();
    if (oldest !== undefined) this.#left.delete(oldest);
  }

  of(firewall: string, address: string, tag: string): Departure | undefined {
    return this.#left.get(keyOf(firewall, address))?.get(tag);
  }
}

export function objectOf({ kind, namespace, name }: Claimant): AuditObject {
  return { kind, namespace, name };
}

/** No name of a PanFirewall has a blank. */
function keyOf(firewall: string, address: string): string {
  return `${firewall} ${address}`;
}
