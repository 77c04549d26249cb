// Last reported tags of each address on each firewall; turns a new result into a change.

import { takes } from '../policies/eligibility.ts';
import { type Evaluation, tagsOn } from '../policies/grants.ts';
import type { AddressChange } from '../model/address-change.ts';
import type { Firewall } from '../model/model.ts';
import { noTags, sameTags, type TagSet, without } from '../model/tag-set.ts';

/** Why tags leave, and whose change it is. */
export type Why = Pick<AddressChange, 'cause' | 'origin'>;

/** What one of several objects that changed gave a Pod before. */
export type GivenUp = { readonly why: Why; readonly gave: (firewall: Firewall) => TagSet };

type FirewallState = { readonly firewall: Firewall; readonly desired: Map<string, TagSet> };

export class Registrations {
  readonly #firewalls = new Map<string, FirewallState>();
  readonly #changed: (firewall: string, change: AddressChange) => void;
  readonly #reviewed: (firewall: string, address: string) => void;

  /** @param reviewed is told of addresses whose tags stay, though what gives them may have changed. */
  constructor(
    changed: (firewall: string, change: AddressChange) => void,
    reviewed: (firewall: string, address: string) => void,
  ) {
    this.#changed = changed;
    this.#reviewed = reviewed;
  }

  /** Takes up a firewall, new or edited; its addresses must be refreshed then. */
  set(firewall: Firewall): void {
    const desired = this.#firewalls.get(firewall.name)?.desired ?? new Map<string, TagSet>();
    this.#firewalls.set(firewall.name, { firewall, desired });
  }

  delete(firewall: string): void {
    this.#firewalls.delete(firewall);
  }

  /** All of them. */
  firewalls(): readonly Firewall[] {
    return [...this.#firewalls.values()].map(({ firewall }) => firewall);
  }

  tagsOf(firewall: string, address: string): TagSet {
    return this.#firewalls.get(firewall)?.desired.get(address) ?? noTags;
  }

  countOf(firewall: string): number {
    return this.#firewalls.get(firewall)?.desired.size ?? 0;
  }

  addressesOf(firewall: string): Iterable<string> {
    return this.#firewalls.get(firewall)?.desired.keys() ?? [];
  }

  /** Brings an address up to date with its holder's evaluation, and tells what that changes. */
  refresh(address: string, evaluation: Evaluation, why: Why): void {
    for (const state of this.#firewalls.values()) this.#refresh(state, address, evaluation, why);
  }

  /** The same where only what one firewall takes can have changed. */
  refreshOn(name: string, address: string, evaluation: Evaluation, why: Why): void {
    const state = this.#firewalls.get(name);
    if (state !== undefined) this.#refresh(state, address, evaluation, why);
  }

  /**
   * The same after several objects changed together: tags that leave are told object by object, so that each stands behind
   * those that it gave. What comes is told with the last of them: between the first and the last the address keeps tags.
   * @param why for tags that none of them gave.
   */
  refreshTogether(address: string, evaluation: Evaluation, changed: readonly GivenUp[], why: Why): void {
    for (const state of this.#firewalls.values()) {
      const after = tagsOfAddress(state, address, evaluation);
      const before = state.desired.get(address) ?? noTags;
      const parts = partsOf(state.firewall, without(before, after), changed, why);
      let left = before;
      for (const { tags, why: cause } of parts.slice(0, -1)) {
        left = without(left, tags);
        this.#tell(state, address, left, cause);
      }
      this.#tell(state, address, after, parts.at(-1)?.why ?? why);
    }
  }

  #refresh(state: FirewallState, address: string, evaluation: Evaluation, why: Why): void {
    this.#tell(state, address, tagsOfAddress(state, address, evaluation), why);
  }

  #tell({ firewall, desired }: FirewallState, address: string, after: TagSet, { cause, origin }: Why): void {
    const before = desired.get(address) ?? noTags;
    const same = sameTags(before, after);
    if (after.length === 0) desired.delete(address);
    // Also where both are the same: one instance for all claimants that share an evaluation is what keeps this small.
    else if (before !== after) desired.set(address, after);
    const wholeAddress = cause === 'vacated' || cause === 'newHolder';
    if (wholeAddress || !same) this.#changed(firewall.name, { address, before, after, cause, origin });
    else if (after.length > 0) this.#reviewed(firewall.name, address);
  }
}

function tagsOfAddress({ firewall }: FirewallState, address: string, evaluation: Evaluation): TagSet {
  const tags = tagsOn(evaluation, firewall);
  return tags.length > 0 && takes(firewall, address) ? tags : noTags;
}

/** The tags that leave, by the first object that gave each of them; those that none gave come last. */
function partsOf(
  firewall: Firewall,
  removed: TagSet,
  changed: readonly GivenUp[],
  why: Why,
): readonly { readonly tags: TagSet; readonly why: Why }[] {
  const rest = new Set(removed);
  const parts: { tags: TagSet; why: Why }[] = [];
  for (const one of changed) {
    if (rest.size === 0) return parts;
    const tags = one.gave(firewall).filter((tag) => rest.delete(tag));
    if (tags.length > 0) parts.push({ tags, why: one.why });
  }
  return rest.size === 0 ? parts : [...parts, { tags: [...rest], why }];
}
