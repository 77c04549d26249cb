// The desired registrations: which tags each address deserves on each firewall, kept up to date change by change.

import { isDeepStrictEqual } from 'node:util';
import { takes } from '../policies/eligibility.ts';
import type { Grant } from '../policies/grant.ts';
import { type Evaluation, ranksOn, tagsFrom, type TagRanks } from '../policies/grants.ts';
import { type DesiredExplanation, explainDesired } from './explain-desired.ts';
import { sameLabels } from '../syntax/label.ts';
import type { Firewall, NamespaceRecord, PodRecord, Policy, PolicyId } from '../model/model.ts';
import { Pods, type PodState, sameForUs } from './pods.ts';
import { givenUp, PendingPolicies, type PolicyChange, type PolicyChanges, whyOf } from './policy-changes.ts';
import { higherRank, type Rank } from '../policies/rank.ts';
import { type AddressChange, Registrations, type Why } from './registrations.ts';
import { originOfObject, originOfPolicy } from '../model/removal-origin.ts';
import { namespaceOf } from '../model/policy-scope.ts';
import { Rules } from '../policies/rules.ts';
import { whyNothingSelected } from './selection-advice.ts';
import { type Origin, Succession } from './succession.ts';
import { isCut } from '../policies/tag-cap.ts';
import type { TagSet } from '../model/tag-set.ts';
import type { Tally } from '../policies/tally.ts';

export type { AddressChange } from './registrations.ts';
export type { Origin } from './succession.ts';

/** Called amid a change: listeners note what to look at, and look at counts later. */
type DesiredListener = {
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
  readonly #pending = new PendingPolicies();
  #defers = false;

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
        this.#registrations.refresh(address, evaluation, { cause: 'newHolder' });
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

  setNamespace(record: NamespaceRecord, seen: Origin = 'watch'): void {
    const before = this.#rules.namespace(record.name);
    if (before === undefined || !sameLabels(before.labels, record.labels))
      this.#changeNamespace(record.name, record, seen);
  }

  deleteNamespace(name: string, seen: Origin = 'watch'): void {
    if (this.#rules.namespace(name) !== undefined) this.#changeNamespace(name, undefined, seen);
  }

  /** Policies that change from here on are taken up together, by `settle`: each Pod is evaluated once for all of them. */
  defer(): void {
    this.#defers = true;
  }

  /** Takes up the policies that changed since `defer`. */
  settle(): void {
    this.#defers = false;
    const changes = this.#pending.take((id) => this.#rules.policy(id)?.policy);
    if (changes.size === 0) return;
    for (const [id, { policy }] of changes) this.#rules.changePolicy(id, policy);
    const homes = new Set([...changes.keys()].map(namespaceOf));
    for (const pod of this.#pods.inAny(homes)) this.#regrant(pod, changes);
    for (const id of changes.keys()) this.#listener.policyChanged(id);
  }

  setPolicy(policy: Policy, seen: Origin = 'watch'): void {
    const { id } = policy;
    this.#changePolicy(id, { policy, origin: originOfPolicy(id, 'edited', seen) });
  }

  deletePolicy(id: PolicyId, seen: Origin = 'watch'): void {
    this.#changePolicy(id, { policy: undefined, origin: originOfPolicy(id, 'gone', seen) });
  }

  /** It was edited, and what it says now cannot be followed. */
  withdrawPolicy(id: PolicyId, seen: Origin = 'watch'): void {
    this.#changePolicy(id, { policy: undefined, origin: originOfPolicy(id, 'edited', seen) });
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

  /** The policies that give the holder of this address tags on this firewall. @param given: one of these, if said. */
  *policiesBehind(firewall: string, address: string, given?: ReadonlySet<string>): Iterable<PolicyId> {
    for (const { grant, taker } of this.#grantsAt(firewall, address)) {
      const tags = tagsFrom(grant, taker);
      if (given === undefined ? tags.length > 0 : tags.some((tag) => given.has(tag))) yield grant.policy;
    }
  }

  /** The policies that give the holder of this address tags on this firewall, with these. */
  *tagsBehind(firewall: string, address: string): Iterable<readonly [PolicyId, TagSet]> {
    for (const { grant, taker } of this.#grantsAt(firewall, address)) {
      const tags = tagsFrom(grant, taker);
      if (tags.length > 0) yield [grant.policy, tags];
    }
  }

  /** The policies that ask for more tags at this address than the 64 that it may carry. */
  *policiesCutAt(firewall: string, address: string): Iterable<PolicyId> {
    for (const { grant, taker } of this.#grantsAt(firewall, address))
      if (isCut(grant, taker)) yield grant.policy;
  }

  isCutAt(firewall: string, address: string): boolean {
    const { done } = this.policiesCutAt(firewall, address)[Symbol.iterator]().next();
    return done !== true;
  }

  /** The rank of the highest policy that gives the address tags. */
  rankOf(firewall: string, address: string): Rank {
    let highest: Rank;
    for (const { grant, taker } of this.#grantsAt(firewall, address))
      if (tagsFrom(grant, taker).length > 0) highest = higherRank(highest, grant.rank);
    return highest;
  }

  /** The rank of each tag that the address deserves. */
  ranksAt(firewall: string, address: string): TagRanks {
    const taker = this.#rules.firewall(firewall);
    const evaluation = this.#pods.evaluationAt(address);
    return taker === undefined ? new Map() : ranksOn(evaluation, taker);
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

  /** For a policy that selects no Pod: what it asks for, and which labels there are. */
  whyNothing(id: PolicyId): string {
    const policy = this.#rules.policy(id)?.policy;
    if (policy === undefined) return '';
    return whyNothingSelected(policy, {
      namespaces: () => this.#rules.namespaces(),
      labelsIn: (namespace) => this.#pods.labelsIn(namespace),
      hasPods: (namespace) => this.#pods.hasAny(namespace),
    });
  }

  /** Everything known of one address, to be logged. Changes nothing. @param firewall the only one to tell of; absent: all. */
  explain(address: string, firewall?: string): DesiredExplanation {
    const firewalls = this.#registrations
      .firewalls()
      .filter(({ name }) => firewall === undefined || name === firewall);
    return explainDesired({ desired: this, pods: this.#pods, firewalls }, address);
  }

  *#grantsAt(
    firewall: string,
    address: string,
  ): Iterable<{ readonly grant: Grant; readonly taker: Firewall }> {
    const taker = this.#rules.firewall(firewall);
    if (taker === undefined || !takes(taker, address)) return;
    for (const grant of this.#pods.evaluationAt(address).grants)
      if (grant.reach.firewalls.includes(taker)) yield { grant, taker };
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
      this.#registrations.refresh(address, this.#pods.evaluationAt(address), { cause });
    }
  }

  #changeNamespace(name: string, record: NamespaceRecord | undefined, seen: Origin): void {
    this.#rules.changeNamespace(name, record);
    const what = record === undefined ? 'gone' : 'edited';
    const why: Why = { cause: 'namespace', origin: originOfObject({ kind: 'Namespace', name }, what, seen) };
    for (const pod of this.#pods.in(name)) {
      const evaluation = this.#reevaluate(pod);
      for (const address of this.#pods.held(pod.record)) {
        this.#registrations.refresh(address, evaluation, why);
      }
    }
    for (const policy of this.#rules.policiesOf(name)) this.#listener.policyChanged(policy);
  }

  #changePolicy(id: PolicyId, change: PolicyChange): void {
    this.#pending.put(id, change);
    if (!this.#defers) this.settle();
  }

  #changeFirewall(name: string, firewall: Firewall | undefined): void {
    this.#rules.changeFirewall(name, firewall);
    if (firewall === undefined) this.#registrations.delete(name);
    else this.#registrations.set(firewall);
    const origin = originOfObject({ kind: 'PanFirewall', name }, 'edited', 'watch');
    const why: Why = { cause: 'policy', origin };
    for (const pod of this.#pods.all()) {
      const evaluation = this.#reevaluate(pod);
      for (const address of this.#pods.held(pod.record)) {
        this.#registrations.refreshOn(name, address, evaluation, why);
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

  /** After a change of policies, whose counts begin at zero: what a Pod has of others stays. */
  #regrant(pod: PodState, changes: PolicyChanges): void {
    const { record, evaluation: before } = pod;
    const evaluation = this.#rules.evaluate(record);
    const granted = evaluation.grants.filter(({ policy }) => changes.has(policy));
    const ended = givenUp(before, changes);
    const why = granted[0] === undefined ? ended.at(-1)?.why : whyOf(granted[0], changes);
    if (why === undefined) return;
    const held = this.#pods.held(record);
    for (const grant of granted) this.tallyOf(grant.policy)?.add({ pod: record, grant, held });
    this.#recount(pod, evaluation, changes);
    pod.evaluation = evaluation;
    for (const address of held) this.#registrations.refreshTogether(address, evaluation, ended, why);
  }

  /** What some policies give may cut what others give, or leave them more. */
  #recount({ record: pod, evaluation: before }: PodState, after: Evaluation, changes: PolicyChanges): void {
    const cut = ({ grants }: Evaluation) =>
      grants.filter((grant) => grant.cut !== undefined && !changes.has(grant.policy));
    const concerned = new Set([...cut(before), ...cut(after)].map(({ policy }) => policy));
    if (concerned.size === 0) return;
    const held = this.#pods.held(pod);
    for (const grant of before.grants)
      if (concerned.has(grant.policy)) this.tallyOf(grant.policy)?.subtract({ pod, grant, held });
    for (const grant of after.grants)
      if (concerned.has(grant.policy)) this.tallyOf(grant.policy)?.add({ pod, grant, held });
    for (const policy of concerned) this.#listener.policyChanged(policy);
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
