// The desired registrations: which tags each address deserves on each firewall, kept up to date change by change.

import { isDeepStrictEqual } from 'node:util';
import {
  createEvaluator,
  type Evaluation,
  type Evaluator,
  type LocalPolicy,
  nothingGranted,
} from './evaluate.ts';
import { Holders } from './holders.ts';
import type { Firewall, NamespaceRecord, PodRecord, Policy, PolicyId, RemovalCause } from './model.ts';
import { type AddressChange, Registrations } from './registrations.ts';
import { matches } from './selector.ts';
import type { TagSet } from './tag-set.ts';
import { Tally } from './tally.ts';

export type { AddressChange } from './registrations.ts';

/** Called amid a change: listeners note what to look at, and look at counts later. */
export type DesiredListener = {
  addressChanged(firewall: string, change: AddressChange): void;
  /** Counts of this policy may have moved. */
  policyChanged(policy: PolicyId): void;
};

/** Where a change of a Pod was learned: an event of a live watch, or a list (which cannot tell why something is missing). */
export type Origin = 'watch' | 'list';

type PodState = { readonly record: PodRecord; evaluation: Evaluation };
type PolicyState = {
  readonly policy: Policy;
  /** The existing firewalls that the policy names or selects. */
  targets: readonly Firewall[];
  readonly tally: Tally;
};
type NamespaceState = {
  record: NamespaceRecord | undefined;
  readonly pods: Set<PodState>;
  readonly policies: Map<PolicyId, PolicyState>;
  /** undefined after a change of what it rests on: this namespace, its policies, or the firewalls. */
  evaluator: Evaluator | undefined;
};

/**
 * Level-triggered: whatever the order of calls, the outcome is a function of the last value of each input (a
 * property test holds this against a computation from scratch). Each call costs O(what it touches): a Pod its
 * own addresses, a policy or namespace the Pods in its reach, a firewall all Pods.
 */
export class Desired {
  readonly #pods = new Map<string, PodState>();
  readonly #namespaces = new Map<string, NamespaceState>();
  readonly #clusterPolicies = new Map<PolicyId, PolicyState>();
  readonly #registrations: Registrations;
  readonly #holders = new Holders();
  /** address -> the Pod that held it until a list left it out. */
  readonly #missing = new Map<string, string>();
  readonly #listener: DesiredListener;
  #podsSynced = false;

  constructor(listener: DesiredListener) {
    this.#listener = listener;
    this.#registrations = new Registrations((firewall, change) => listener.addressChanged(firewall, change));
  }

  /** From here on, a Pod that takes an address is known to be its new holder. */
  podsSynced(): void {
    this.#podsSynced = true;
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
    if (this.#namespaces.get(record.name)?.record?.labels !== record.labels) {
      this.#changeNamespace(record.name, record);
    }
  }

  deleteNamespace(name: string): void {
    if (this.#namespaces.get(name)?.record !== undefined) this.#changeNamespace(name, undefined);
  }

  setPolicy(policy: Policy): void {
    const before = this.#policy(policy.id)?.policy;
    if (!isDeepStrictEqual(before, policy)) this.#changePolicy(policy.id, policy);
  }

  deletePolicy(id: PolicyId): void {
    if (this.#policy(id) !== undefined) this.#changePolicy(id, undefined);
  }

  setFirewall(firewall: Firewall): void {
    const before = this.#registrations.firewall(firewall.name);
    if (!isDeepStrictEqual(before, firewall)) this.#changeFirewall(firewall.name, firewall);
  }

  deleteFirewall(name: string): void {
    if (this.#registrations.firewall(name) !== undefined) this.#changeFirewall(name, undefined);
  }

  tagsOf(firewall: string, address: string): TagSet {
    return this.#registrations.tagsOf(firewall, address);
  }

  /** Every address that deserves tags on this firewall. */
  addressesOf(firewall: string): Iterable<string> {
    return this.#registrations.addressesOf(firewall);
  }

  /** The policies that give the holder of this address tags on this firewall. */
  *policiesBehind(firewall: string, address: string): Iterable<PolicyId> {
    const holder = this.#holders.holder(address);
    const evaluation = holder && this.#pods.get(holder.uid)?.evaluation;
    for (const { policy, suffixes, reach } of evaluation?.grants ?? []) {
      if (suffixes.length > 0 && reach.firewalls.some(({ name }) => name === firewall)) yield policy;
    }
  }

  holderOf(address: string): PodRecord | undefined {
    return this.#holders.holder(address);
  }

  tallyOf(policy: PolicyId): Tally | undefined {
    return this.#policy(policy)?.tally;
  }

  /** The existing firewalls that a policy names or selects, sorted. */
  targetsOf(policy: PolicyId): readonly string[] {
    return this.#policy(policy)?.targets.map(({ name }) => name) ?? [];
  }

  admits(firewall: string, namespace: string): boolean {
    const selector = this.#registrations.firewall(firewall)?.namespaceSelector;
    const labels = this.#namespaces.get(namespace)?.record?.labels;
    return selector !== undefined && labels !== undefined && matches(selector, labels);
  }

  /** Distinct tags that Pods carry because of this policy, sorted. */
  tagsInUse(policy: PolicyId): readonly string[] {
    return this.#policy(policy)?.tally.tags() ?? [];
  }

  #changePod(before: PodState | undefined, record: PodRecord | undefined, origin: Origin): void {
    const addresses = new Set([...(before?.record.addresses ?? []), ...(record?.addresses ?? [])]);
    const holders = [...addresses].map((address) => [address, this.#holders.holder(address)?.uid] as const);
    const rivals = this.#claimants(addresses);
    if (before !== undefined) rivals.delete(before);

    // What one Pod claims moves what its rivals hold, and so their counts.
    for (const rival of rivals) this.#count(rival, 'subtract');
    if (before !== undefined) this.#leave(before);
    if (record !== undefined) this.#enter(record);
    for (const rival of rivals) this.#count(rival, 'add');

    for (const [address, holderBefore] of holders) {
      this.#refresh(address, this.#causeAt(address, holderBefore, origin));
    }
  }

  #claimants(addresses: Iterable<string>): Set<PodState> {
    const claimants = new Set<PodState>();
    for (const address of addresses) {
      for (const { uid } of this.#holders.claimants(address)) {
        const pod = this.#pods.get(uid);
        if (pod !== undefined) claimants.add(pod);
      }
    }
    return claimants;
  }

  #enter(record: PodRecord): void {
    const pod = { record, evaluation: nothingGranted };
    this.#holders.claim(record);
    this.#pods.set(record.uid, pod);
    this.#namespaceState(record.namespace).pods.add(pod);
    pod.evaluation = this.#evaluate(record);
    this.#count(pod, 'add');
  }

  #leave(pod: PodState): void {
    this.#count(pod, 'subtract');
    this.#holders.release(pod.record);
    this.#pods.delete(pod.record.uid);
    this.#namespaces.get(pod.record.namespace)?.pods.delete(pod);
    this.#forgetIfEmpty(pod.record.namespace);
  }

  #causeAt(address: string, holderBefore: string | undefined, origin: Origin): RemovalCause {
    const holder = this.#holders.holder(address)?.uid;
    if (holder === holderBefore) return 'relabelled';
    const missing = this.#missing.get(address);
    this.#missing.delete(address);
    if (holder === undefined) {
      if (origin === 'watch') return 'vacated';
      if (holderBefore !== undefined) this.#missing.set(address, holderBefore);
      return 'relist';
    }
    // A Pod that a list left out and that is back was never gone: it is not its own successor.
    return this.#podsSynced && holder !== missing ? 'newHolder' : 'relist';
  }

  #changeNamespace(name: string, record: NamespaceRecord | undefined): void {
    const state = this.#namespaceState(name);
    state.record = record;
    state.evaluator = undefined;
    for (const pod of state.pods) this.#reevaluate(pod, 'namespace');
    for (const policy of state.policies.keys()) this.#listener.policyChanged(policy);
    this.#forgetIfEmpty(name);
  }

  #changePolicy(id: PolicyId, policy: Policy | undefined): void {
    const home = namespaceOf(id);
    const scope = home === undefined ? [...this.#namespaces.values()] : [this.#namespaceState(home)];
    const siblings = this.#siblings(id);
    const tally = new Tally();
    if (policy === undefined) siblings.delete(id);
    else siblings.set(id, { policy, targets: this.#resolve(policy), tally });
    for (const state of scope) {
      state.evaluator = undefined;
      for (const pod of state.pods) this.#regrant(pod, id, tally);
    }
    if (home !== undefined) this.#forgetIfEmpty(home);
    this.#listener.policyChanged(id);
  }

  #changeFirewall(name: string, firewall: Firewall | undefined): void {
    if (firewall === undefined) this.#registrations.delete(name);
    else this.#registrations.set(firewall);
    for (const state of this.#allPolicies()) state.targets = this.#resolve(state.policy);
    for (const state of this.#namespaces.values()) {
      state.evaluator = undefined;
      for (const pod of state.pods) this.#reevaluate(pod, 'policy');
    }
    for (const { policy } of this.#allPolicies()) this.#listener.policyChanged(policy.id);
  }

  /** After a change of what the policies of a Pod rest on. */
  #reevaluate(pod: PodState, cause: RemovalCause): void {
    this.#count(pod, 'subtract');
    pod.evaluation = this.#evaluate(pod.record);
    this.#count(pod, 'add');
    this.#refreshHeld(pod, cause);
  }

  /** After a change of one policy: what a Pod has of others stays. */
  #regrant(pod: PodState, id: PolicyId, tally: Tally): void {
    const evaluation = this.#evaluate(pod.record);
    const grant = evaluation.grants.find(({ policy }) => policy === id);
    if (grant === undefined && pod.evaluation.grants.every(({ policy }) => policy !== id)) return;
    pod.evaluation = evaluation;
    if (grant !== undefined) tally.add({ pod: pod.record, grant, held: this.#held(pod.record).length });
    this.#refreshHeld(pod, 'policy');
  }

  #refreshHeld(pod: PodState, cause: RemovalCause): void {
    for (const address of this.#held(pod.record)) this.#refresh(address, cause);
  }

  #refresh(address: string, cause: RemovalCause): void {
    const holder = this.#holders.holder(address);
    const evaluation = holder && this.#pods.get(holder.uid)?.evaluation;
    this.#registrations.refresh(address, evaluation ?? nothingGranted, cause);
  }

  /** The addresses that belong to this Pod. */
  #held(pod: PodRecord): readonly string[] {
    return pod.addresses.filter((address) => this.#holders.holder(address)?.uid === pod.uid);
  }

  #count({ record: pod, evaluation }: PodState, operation: 'add' | 'subtract'): void {
    if (evaluation.grants.length === 0) return;
    const held = this.#held(pod).length;
    for (const grant of evaluation.grants) {
      this.#policy(grant.policy)?.tally[operation]({ pod, grant, held });
      this.#listener.policyChanged(grant.policy);
    }
  }

  #evaluate(pod: PodRecord): Evaluation {
    const state = this.#namespaces.get(pod.namespace);
    if (state?.record === undefined) return nothingGranted;
    state.evaluator ??= createEvaluator(
      state.record,
      this.#policiesIn(state.record, state.policies.values()),
    );
    return state.evaluator(pod);
  }

  /** The policies that apply in a namespace: its own, and the ClusterPanTagPolicies that select it. */
  #policiesIn(namespace: NamespaceRecord, own: Iterable<PolicyState>): LocalPolicy[] {
    const selecting = [...this.#clusterPolicies.values()].filter(({ policy }) =>
      matches(policy.namespaceSelector ?? [], namespace.labels),
    );
    return [...own, ...selecting].map(({ policy, targets }) => {
      const firewalls = targets.filter((firewall) => matches(firewall.namespaceSelector, namespace.labels));
      const prefixes = [...new Set(firewalls.map(({ tagPrefix }) => tagPrefix))];
      return { policy, reach: { firewalls, prefixes } };
    });
  }

  #resolve({ firewalls }: Policy): Firewall[] {
    return this.#registrations
      .firewalls()
      .filter((firewall) =>
        'names' in firewalls
          ? firewalls.names.includes(firewall.name)
          : matches(firewalls.selector, firewall.labels),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #policy(id: PolicyId): PolicyState | undefined {
    const home = namespaceOf(id);
    return home === undefined ? this.#clusterPolicies.get(id) : this.#namespaces.get(home)?.policies.get(id);
  }

  /** The policies of the same scope. */
  #siblings(id: PolicyId): Map<PolicyId, PolicyState> {
    const home = namespaceOf(id);
    return home === undefined ? this.#clusterPolicies : this.#namespaceState(home).policies;
  }

  *#allPolicies(): Iterable<PolicyState> {
    yield* this.#clusterPolicies.values();
    for (const { policies } of this.#namespaces.values()) yield* policies.values();
  }

  #namespaceState(name: string): NamespaceState {
    let state = this.#namespaces.get(name);
    if (state === undefined) {
      state = { record: undefined, pods: new Set(), policies: new Map(), evaluator: undefined };
      this.#namespaces.set(name, state);
    }
    return state;
  }

  #forgetIfEmpty(name: string): void {
    const state = this.#namespaces.get(name);
    if (state !== undefined && state.record === undefined && state.pods.size + state.policies.size === 0) {
      this.#namespaces.delete(name);
    }
  }
}

/** undefined for a ClusterPanTagPolicy. */
function namespaceOf(id: PolicyId): string | undefined {
  return id.startsWith('/') ? undefined : id.slice(0, id.indexOf('/'));
}

/** True when nothing moved that decides holder, eligibility or tags: most Pod updates are such noise. */
function sameForUs(a: PodRecord, b: PodRecord): boolean {
  return (
    a.labels === b.labels &&
    a.networkReadyAt === b.networkReadyAt &&
    a.terminating === b.terminating &&
    a.hostNetwork === b.hostNetwork &&
    a.node === b.node &&
    a.serviceAccount === b.serviceAccount &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every((address, i) => address === b.addresses[i])
  );
}
