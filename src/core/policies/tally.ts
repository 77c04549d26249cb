// Counts for a policy's status: selected claimants (`pods`), addresses, skipped ones by reason, tags in use.

import { takes } from './eligibility.ts';
import type { Grant } from './grant.ts';
import { tagsFrom } from './grants.ts';
import { bump, smallest } from '../model/collections.ts';
import type { TagSet } from '../model/tag-set.ts';
import type { Claimant } from '../model/claimant.ts';
import type { SkipReason } from '../model/model.ts';

/** One claimant under one policy, as far as counting goes. */
type Contribution = {
  readonly claimant: Claimant;
  readonly grant: Grant;
  /** Those of its addresses that it holds. */
  readonly own: readonly string[];
};

export class Tally {
  /** Selected claimants that hold an address. */
  pods = 0;
  /** Those of them whose namespace some firewall of the policy admits. */
  admitted = 0;
  /** reason -> uid -> the claimant's name as the policy's reader knows it. */
  readonly #skipped = new Map<SkipReason, Map<string, string>>();
  readonly #tags = new Map<string, number>();
  /** The keys of #tags, sorted, until they change: there may be one for every claimant. */
  #sortedTags: readonly string[] | undefined;
  /** firewall -> addresses that shall carry tags of this policy there. */
  readonly #addresses = new Map<string, number>();

  add(contribution: Contribution): void {
    this.#count(contribution, 1);
  }

  subtract(contribution: Contribution): void {
    this.#count(contribution, -1);
  }

  addressesOn(firewall: string): number {
    return this.#addresses.get(firewall) ?? 0;
  }

  /** Distinct tags that claimants carry because of this policy, sorted. */
  tags(): readonly string[] {
    this.#sortedTags ??= [...this.#tags.keys()].sort();
    return this.#sortedTags;
  }

  /** Sorted by reason; the example is the smallest name, so that it stays while it applies. */
  skipped(): { reason: SkipReason; count: number; example: string }[] {
    return [...this.#skipped]
      .map(([reason, names]) => ({ reason, count: names.size, example: smallest(names.values()) ?? '' }))
      .sort((a, b) => (a.reason < b.reason ? -1 : 1));
  }

  #count(contribution: Contribution, by: 1 | -1): void {
    const { grant, own } = contribution;
    for (const reason of skips(contribution)) this.#skip(reason, contribution, by);
    if (own.length === 0) return;
    this.pods += by;
    if (grant.reach.firewalls.length > 0) this.admitted += by;
    // Firewalls of one prefix share one set, unless more tags go to one of them than an address may carry.
    const used = new Set<TagSet>();
    for (const firewall of grant.reach.firewalls) {
      const taken = own.filter((address) => takes(firewall, address)).length;
      const tags = tagsFrom(grant, firewall);
      if (taken === 0 || tags.length === 0) continue;
      bump(this.#addresses, firewall.name, by * taken);
      used.add(tags);
    }
    for (const tag of used.size > 1 ? new Set([...used].flat()) : [...used].flat()) {
      if (bump(this.#tags, tag, by)) this.#sortedTags = undefined;
    }
  }

  #skip(reason: SkipReason, { claimant, grant }: Contribution, by: 1 | -1): void {
    const { uid, namespace, name } = claimant;
    const names = this.#skipped.get(reason) ?? new Map<string, string>();
    if (by === 1) {
      const ofCluster = grant.policy.startsWith('/');
      this.#skipped.set(reason, names.set(uid, ofCluster ? `${namespace}/${name}` : name));
    } else if (names.delete(uid) && names.size === 0) {
      this.#skipped.delete(reason);
    }
  }
}

function skips({ claimant, grant, own }: Contribution): SkipReason[] {
  if (claimant.ineligible !== undefined) return [claimant.ineligible];
  if (claimant.addresses.length === 0) return ['NoAddress'];
  const reasons: SkipReason[] = [];
  if (own.length < claimant.addresses.length) reasons.push('AddressTaken');
  if (own.some((address) => isOutside(address, grant))) reasons.push('OutsideCIDR');
  if (own.length > 0 && grant.missingValue) reasons.push('MissingValue');
  if (own.length > 0 && grant.illegalTag) reasons.push('IllegalTag');
  return reasons;
}

/** Some firewall of the policy's takes the claimant, but not this address. */
function isOutside(address: string, { reach }: Grant): boolean {
  return reach.firewalls.some((firewall) => !takes(firewall, address));
}
