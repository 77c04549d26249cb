// Counts for a policy's status: selected Pods, addresses, skipped Pods by reason, tags in use.

import { takes } from './eligibility.ts';
import type { Grant } from './grant.ts';
import { tagsFrom } from './grants.ts';
import type { TagSet } from '../model/tag-set.ts';
import type { PodRecord, SkipReason } from '../model/model.ts';

/** One Pod under one policy, as far as counting goes. */
type Contribution = {
  readonly pod: PodRecord;
  readonly grant: Grant;
  /** Those of the Pod's addresses that it holds. */
  readonly held: readonly string[];
};

export class Tally {
  /** Selected Pods that hold an address. */
  pods = 0;
  /** Those of them whose namespace some firewall of the policy admits. */
  admitted = 0;
  /** reason -> uid -> the Pod's name as the policy's reader knows it. */
  readonly #skipped = new Map<SkipReason, Map<string, string>>();
  readonly #tags = new Map<string, number>();
  /** The keys of #tags, sorted, until they change: there may be one for every Pod. */
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

  /** Distinct tags that Pods carry because of this policy, sorted. */
  tags(): readonly string[] {
    this.#sortedTags ??= [...this.#tags.keys()].sort();
    return this.#sortedTags;
  }

  /** Sorted by reason; the example is the smallest name, so that it stays while it applies. */
  skipped(): { reason: SkipReason; count: number; example: string }[] {
    return [...this.#skipped]
      .map(([reason, names]) => ({ reason, count: names.size, example: smallest(names.values()) }))
      .sort((a, b) => (a.reason < b.reason ? -1 : 1));
  }

  #count(contribution: Contribution, by: 1 | -1): void {
    const { grant, held } = contribution;
    for (const reason of skips(contribution)) this.#skip(reason, contribution, by);
    if (held.length === 0) return;
    this.pods += by;
    if (grant.reach.firewalls.length > 0) this.admitted += by;
    // Firewalls of one prefix share one set, unless more tags go to one of them than an address may carry.
    const used = new Set<TagSet>();
    for (const firewall of grant.reach.firewalls) {
      const taken = held.filter((address) => takes(firewall, address)).length;
      const tags = tagsFrom(grant, firewall);
      if (taken === 0 || tags.length === 0) continue;
      bump(this.#addresses, firewall.name, by * taken);
      used.add(tags);
    }
    for (const tag of used.size > 1 ? new Set([...used].flat()) : [...used].flat()) {
      if (bump(this.#tags, tag, by)) this.#sortedTags = undefined;
    }
  }

  #skip(reason: SkipReason, { pod, grant }: Contribution, by: 1 | -1): void {
    const pods = this.#skipped.get(reason) ?? new Map<string, string>();
    if (by === 1) {
      const ofCluster = grant.policy.startsWith('/');
      this.#skipped.set(reason, pods.set(pod.uid, ofCluster ? `${pod.namespace}/${pod.name}` : pod.name));
    } else if (pods.delete(pod.uid) && pods.size === 0) {
      this.#skipped.delete(reason);
    }
  }
}

function skips({ pod, grant, held }: Contribution): SkipReason[] {
  if (pod.hostNetwork) return ['HostNetwork'];
  if (pod.addresses.length === 0) return ['NoAddress'];
  const reasons: SkipReason[] = [];
  if (held.length < pod.addresses.length) reasons.push('AddressTaken');
  if (held.some((address) => isOutside(address, grant))) reasons.push('OutsideCIDR');
  if (held.length > 0 && grant.missingValue) reasons.push('MissingValue');
  if (held.length > 0 && grant.illegalTag) reasons.push('IllegalTag');
  return reasons;
}

/** Some firewall of the policy's takes the Pod, but not this address. */
function isOutside(address: string, { reach }: Grant): boolean {
  return reach.firewalls.some((firewall) => !takes(firewall, address));
}

/** True when the key appeared or disappeared. */
function bump(counts: Map<string, number>, key: string, by: number): boolean {
  const before = counts.get(key) ?? 0;
  if (before + by === 0) counts.delete(key);
  else counts.set(key, before + by);
  return before === 0 || before + by === 0;
}

function smallest(names: Iterable<string>): string {
  let least: string | undefined;
  for (const name of names) if (least === undefined || name < least) least = name;
  return least ?? '';
}
