// The desired registrations: which tags each address deserves on each firewall, kept up to date change by change.

import { isDeepStrictEqual } from 'node:util';
import { takes } from './eligibility.ts';
import { type Evaluation, tagsBehind } from './evaluate.ts';
import type { Firewall, NamespaceRecord, PodRecord, Policy, PolicyId } from './model.ts';
import { Pods, type PodState, sameForUs } from './pods.ts';
import { higherRank, type Rank, rankOf } from './rank.ts';
import { type AddressChange, Registrations } from './registrations.ts';
import { namespaceOf, Rules } from './rules.ts';
import { type Origin, Succession } from './succession.ts';
import type { TagSet } from './tag-set.ts';
import type { Tally } from './tally.ts';

export type { AddressChange } from './registrations.ts';
export type { Origin } from './succession.ts';

/** Called amid a change: listeners note what to look at, and look at counts later. */
export type DesiredListener = {
  addressChanged(firewall: string, change: AddressChange): void;
  /** The tags of this address stay, though the policies that give them may have changed. */
  readonly addressReviewed?: (firewall: string, address: string) => void;
  /** Counts of this policy may have moved. */
  policyChanged(policy: PolicyId): void;
};

/**
 * Level-triggered: whatever the order of calls, the outcome is a function of the last value of each input (a
 * property test holds this against a computation from scratch). Each call costs O(what it touches): a Pod its
 * own addresses, a policy or namespace the Pods in its reach, a firewall all Pods.
 */
export class Desired {
  readonly #rules = new Rules();
  readonly #registrations: Registrations;
  readonly #pods = new Pods();
  readonly #succession = new Succession();
  readonly #listener: DesiredListener;

  constructor(listener: DesiredListener) {
    this.#listener = listener;
    this.#registrations = new Registrations(
      (firewall, change) => listener.addressChanged(firewall, change),
      (firewall, address) => listener.addressReviewed?.(firewall, address),
    );
  }

  /** From here on, a Pod that takes an address is known to be its new holder. */
  podsSynced(): void {
    this.#succession.podsSynced();
  }

  /** Nobody was there to see who took an address after this moment (ms since the epoch): its holder is new. */
  holdersNewSince(time: number): void {
    for (const { record, evaluation } of this.#pods.all()) {
      if (record.networkReadyAt <= time) continue;
      for (const address of this.#pods.held(record)) {
        this.#registrations.refresh(address, evaluation, 'newHolder');
      }
    }
  }

  setPod(record: PodRecord): void {
    const before = this.#pods.get(record.uid);
    if (before !== undefined && sameForUs(before.record, record)) return;
    this.#changePod(before, record, 'watch');
  }

  deletePod(uid: string, origin: Origin): void {
    const before = this.#pods.get(uid);
    if (before !== undefined) this.#changePod(before, undefined, origin);
  }

  setNamespace(record: NamespaceRecord): void {
    const before = this.#rules.namespace(record.name);
    if (before?.labels !== record.labels) this.#changeNamespace(record.name, record);
  }

  deleteNamespace(name: string): void {
    if (this.#rules.namespace(name) !== undefined) this.#changeNamespace(name, undefined);
  }

  setPolicy(policy: Policy): void {
    const before = this.#rules.policy(policy.id)?.policy;
    if (!isDeepStrictEqual(before, policy)) this.#changePolicy(policy.id, policy);
  }

  deletePolicy(id: PolicyId): void {
    if (this.#rules.policy(id) !== undefined) this.#changePolicy(id, undefined);
  }

  setFirewall(firewall: Firewall): void {
    const before = this.#rules.firewall(firewall.name);
    if (!isDeepStrictEqual(before, firewall)) this.#changeFirewall(firewall.name, firewall);
  }

  /** Says nothing of its addresses: whoever writes to it must have stopped. */
  deleteFirewall(name: string): void {
    if (this.#rules.firewall(name) !== undefined) this.#changeFirewall(name, undefined);
  }

  tagsOf(firewall: string, address: string): TagSet {
    return this.#registrations.tagsOf(firewall, address);
  }

  /** Every address that deserves tags on this firewall. */
  addressesOf(firewall: string): Iterable<string> {
    return this.#registrations.addressesOf(firewall);
  }

  /** How many addresses deserve tags on this firewall. */
  countOf(firewall: string): number {
    return this.#registrations.countOf(firewall);
  }

  /** The policies that give the holder of this address tags, or one tag, on this firewall. */
  *policiesBehind(firewall: string, address: string, tag?: string): Iterable<PolicyId> {
    for (const grant of this.#pods.evaluationAt(address).grants) {
      const taker = grant.reach.firewalls.find(({ name }) => name === firewall);
      if (taker === undefined || !takes(taker, address)) continue;
      const tags = tagsBehind(grant, taker.tagPrefix);
      if (tag === undefined ? tags.length > 0 : tags.includes(tag)) yield grant.policy;
    }
  }

  /** The rank of the highest of those policies. */
  rankOf(firewall: string, address: string, tag?: string): Rank {
    let highest: Rank;
    for (const id of this.policiesBehind(firewall, address, tag)) {
      const policy = this.#rules.policy(id)?.policy;
      if (policy !== undefined) highest = higherRank(highest, rankOf(policy));
    }
    return highest;
  }

  holderOf(address: string): PodRecord | undefined {
    return this.#pods.holderOf(address);
  }

  tallyOf(policy: PolicyId): Tally | undefined {
    return this.#rules.policy(policy)?.tally;
  }

  /** The existing firewalls that a policy names or selects, sorted. */
  targetsOf(policy: PolicyId): readonly string[] {
    return this.#rules.policy(policy)?.targets.map(({ name }) => name) ?? [];
  }

  admits(firewall: string, namespace: string): boolean {
    return this.#rules.admits(firewall, namespace);
  }

  /** Distinct tags that Pods carry because of this policy, sorted. */
  tagsInUse(policy: PolicyId): readonly string[] {
    return this.#rules.policy(policy)?.tally.tags() ?? [];
  }

  #changePod(before: PodState | undefined, record: PodRecord | undefined, origin: Origin): void {
    const addresses = new Set([...(before?.record.addresses ?? []), ...(record?.addresses ?? [])]);
    const holders = [...addresses].map((address) => [address, this.#pods.holderOf(address)?.uid] as const);
    const rivals = this.#pods.claimants(addresses);
    if (before !== undefined) rivals.delete(before);

    // What one Pod claims moves what its rivals hold, and so their counts.
    for (const rival of rivals) this.#count(rival, 'subtract');
    if (before !== undefined) {
      this.#count(before, 'subtract');
      this.#pods.leave(before);
    }
    if (record !== undefined) {
      const pod = { record, evaluation: this.#rules.evaluate(record) };
      this.#pods.enter(pod);
      this.#count(pod, 'add');
    }
    for (const rival of rivals) this.#count(rival, 'add');

    for (const [address, uidBefore] of holders) {
      const uids = { before: uidBefore, after: this.#pods.holderOf(address)?.uid };
      const cause = this.#succession.causeAt(address, uids, origin);
      this.#registrations.refresh(address, this.#pods.evaluationAt(address), cause);
    }
  }

  #changeNamespace(name: string, record: NamespaceRecord | undefined): void {
    this.#rules.changeNamespace(name, record);
    for (const pod of this.#pods.in(name)) {
      const evaluation = this.#reevaluate(pod);
      for (const address of this.#pods.held(pod.record)) {
        this.#registrations.refresh(address, evaluation, 'namespace');
      }
    }
    for (const policy of this.#rules.policiesOf(name)) this.#listener.policyChanged(policy);
  }

  #changePolicy(id: PolicyId, policy: Policy | undefined): void {
    this.#rules.changePolicy(id, policy);
    const home = namespaceOf(id);
    const pods = home === undefined ? this.#pods.all() : this.#pods.in(home);
    for (const pod of pods) this.#regrant(pod, id);
    this.#listener.policyChanged(id);
  }

  #changeFirewall(name: string, firewall: Firewall | undefined): void {
    this.#rules.changeFirewall(name, firewall);
    if (firewall === undefined) this.#registrations.delete(name);
    else this.#registrations.set(firewall);
    for (const pod of this.#pods.all()) {
      const evaluation = this.#reevaluate(pod);
      for (const address of this.#pods.held(pod.record)) {
        this.#registrations.refreshOn(name, address, evaluation, 'policy');
      }
    }
    for (const policy of this.#rules.policies()) this.#listener.policyChanged(policy);
  }

  /** After a change of what the policies of a Pod rest on. */
  #reevaluate(pod: PodState): Evaluation {
    this.#count(pod, 'subtract');
    const evaluation = this.#rules.evaluate(pod.record);
    pod.evaluation = evaluation;
    this.#count(pod, 'add');
    return evaluation;
  }

  /** After a change of one policy, whose counts begin at zero: what a Pod has of others stays. */
  #regrant(pod: PodState, id: PolicyId): void {
    const evaluation = this.#rules.evaluate(pod.record);
    const grant = evaluation.grants.find(({ policy }) => policy === id);
    if (grant === undefined && pod.evaluation.grants.every(({ policy }) => policy !== id)) return;
    pod.evaluation = evaluation;
    const held = this.#pods.held(pod.record);
    if (grant !== undefined) this.tallyOf(id)?.add({ pod: pod.record, grant, held });
    for (const address of held) this.#registrations.refresh(address, evaluation, 'policy');
  }

  #count({ record: pod, evaluation }: PodState, operation: 'add' | 'subtract'): void {
    if (evaluation.grants.length === 0) return;
    const held = this.#pods.held(pod);
    for (const grant of evaluation.grants) {
      this.tallyOf(grant.policy)?.[operation]({ pod, grant, held });
      this.#listener.policyChanged(grant.policy);
    }
  }
}
