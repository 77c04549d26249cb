// Counts by policy what a device's limits leave out, updated with each change so that statuses read it cheaply.

import type { Claimant } from '../model/claimant.ts';
import type { PolicyId } from '../model/model.ts';

export type LimitReason = 'Capacity' | 'TagLimit';

/** An address that has no slot, or some tags of which do not fit. */
export type Limited = {
  readonly reason: LimitReason;
  /** The Pod that holds it. */
  readonly pod: Claimant;
  /** The policies that give the tags that are left out. */
  readonly policies: readonly PolicyId[];
};

/** What of one policy is out for one reason. */
export type LimitedShare = {
  readonly reason: LimitReason;
  readonly addresses: number;
  readonly pods: number;
  /** The smallest addresses. */
  readonly examples: readonly string[];
  /** The smallest name of a Pod, as the policy's reader knows it. */
  readonly example: string;
};

const exampleLimit = 3;

export class LimitTally {
  readonly #limited = new Map<string, Limited>();
  readonly #byPolicy = new Map<PolicyId, Map<string, Limited>>();
  /** Made when asked for, until something of the policy moves. */
  readonly #shares = new Map<PolicyId, readonly LimitedShare[]>();
  #examples: ReadonlyMap<LimitReason, string> | undefined;

  /** @param limited undefined: nothing of the address is out any more. */
  put(address: string, limited: Limited | undefined): void {
    const before = this.#limited.get(address);
    for (const policy of before?.policies ?? []) this.#remove(policy, address);
    if (limited === undefined) this.#limited.delete(address);
    else this.#limited.set(address, limited);
    for (const policy of limited?.policies ?? []) this.#add(policy, address, limited);
    if (before?.reason !== limited?.reason) this.#examples = undefined;
  }

  /** Something of the address was out when it was last looked at. */
  knows(address: string): boolean {
    return this.#limited.has(address);
  }

  /** Addresses of which something was out when they were last looked at. */
  addresses(): Iterable<string> {
    return this.#limited.keys();
  }

  has(policy: PolicyId, address: string): boolean {
    return this.#byPolicy.get(policy)?.has(address) === true;
  }

  /** The policies of which something is out. */
  policies(): Iterable<PolicyId> {
    return this.#byPolicy.keys();
  }

  /** The smallest address that is out for this reason. */
  example(reason: LimitReason): string | undefined {
    this.#examples ??= smallestOfEach(this.#limited);
    return this.#examples.get(reason);
  }

  /** Capacity first. */
  sharesOf(policy: PolicyId): readonly LimitedShare[] {
    const limited = this.#byPolicy.get(policy);
    if (limited === undefined) return [];
    let shares = this.#shares.get(policy);
    if (shares === undefined) {
      shares = (['Capacity', 'TagLimit'] as const).flatMap((reason) => shareOf(reason, policy, limited));
      this.#shares.set(policy, shares);
    }
    return shares;
  }

  #add(policy: PolicyId, address: string, limited: Limited | undefined): void {
    if (limited === undefined) return;
    const ofPolicy = this.#byPolicy.get(policy) ?? new Map<string, Limited>();
    this.#byPolicy.set(policy, ofPolicy.set(address, limited));
    this.#shares.delete(policy);
  }

  #remove(policy: PolicyId, address: string): void {
    const ofPolicy = this.#byPolicy.get(policy);
    ofPolicy?.delete(address);
    if (ofPolicy?.size === 0) this.#byPolicy.delete(policy);
    this.#shares.delete(policy);
  }
}

function smallestOfEach(limited: ReadonlyMap<string, Limited>): ReadonlyMap<LimitReason, string> {
  const smallest = new Map<LimitReason, string>();
  for (const [address, { reason }] of limited) {
    const known = smallest.get(reason);
    if (known === undefined || address < known) smallest.set(reason, address);
  }
  return smallest;
}

function shareOf(
  reason: LimitReason,
  policy: PolicyId,
  limited: ReadonlyMap<string, Limited>,
): readonly LimitedShare[] {
  const addresses: string[] = [];
  const pods = new Map<string, string>();
  for (const [address, { reason: why, pod }] of limited) {
    if (why !== reason) continue;
    addresses.push(address);
    pods.set(pod.uid, policy.startsWith('/') ? `${pod.namespace}/${pod.name}` : pod.name);
  }
  const [example] = [...pods.values()].sort();
  if (example === undefined) return [];
  const examples = addresses.sort().slice(0, exampleLimit);
  return [{ reason, addresses: addresses.length, pods: pods.size, examples, example }];
}

/** One share a reason, the largest: of several devices, that of the one where most is out. */
export function largestOfEach(shares: readonly LimitedShare[]): readonly LimitedShare[] {
  const largest = new Map<LimitReason, LimitedShare>();
  for (const share of shares) {
    const known = largest.get(share.reason);
    if (known === undefined || share.addresses > known.addresses) largest.set(share.reason, share);
  }
  return [...largest.values()];
}
