// The desired registrations: which tags each address deserves on each firewall, kept up to date change by change.

import { createEvaluator, type Evaluation, type Evaluator, nothingGranted } from './evaluate.ts';
import { Holders } from './holders.ts';
import type { Firewall, NamespaceRecord, PodRecord, Policy, PolicyId, RemovalCause } from './model.ts';
import { matches } from './selector.ts';
import { noTags, sameTags, type TagSet, tagSet } from './tag-set.ts';
import { Tally } from './tally.ts';
import { legalTag } from './tag.ts';

/** An address whose desired tags, or whose holder, changed. */
export type AddressChange = {
  readonly address: string;
  readonly before: TagSet;
  readonly after: TagSet;
  /** Why tags leave. `vacated` and `newHolder` speak of the whole address, the others of before minus after. */
  readonly cause: RemovalCause;
};

export type DesiredListener = {
  addressChanged(firewall: string, change: AddressChange): void;
  /** Counts of this policy may have moved. */
  policyChanged(policy: PolicyId): void;
};

/** Where a change of a Pod was learned: an event of a live watch, or a list (which cannot tell why something is missing). */
export type Origin = 'watch' | 'list';

type PodState = { readonly record: PodRecord; readonly evaluation: Evaluation };
type FirewallState = { readonly firewall: Firewall; readonly desired: Map<string, TagSet> };
type PolicyState = { readonly policy: Policy; targets: readonly string[]; readonly tally: Tally };
type NamespaceState = {
  record: NamespaceRecord | undefined;
  readonly pods: Set<string>;
  evaluator: Evaluator | undefined;
  /** The firewalls whose namespaceSelector admits this namespace. */
  admittedBy: ReadonlySet<string> | undefined;
};

/**
 * Level-triggered: whatever the order of calls, the outcome is a function of the last value of each input (a
 * property test holds this against a computation from scratch). Each call costs O(what it touches): a Pod its
 * own addresses, a policy or namespace the Pods in its reach, a firewall all Pods.
 */
export class Desired {
  readonly #pods = new Map<string, PodState>();
  readonly #namespaces = new Map<string, NamespaceState>();
  readonly #policies = new Map<PolicyId, PolicyState>();
  readonly #firewalls = new Map<string, FirewallState>();
  readonly #holders = new Holders();
  readonly #listener: DesiredListener;
  #podsSynced = false;

  constructor(listener: DesiredListener) {
    this.#listener = listener;
  }

  /** From here on, a Pod that takes an address is known to be its new holder. */
  podsSynced(): void {
    this.#podsSynced = true;
  }

  setPod(record: PodRecord): void {
    const before = this.#pods.get(record.uid);
    if (before !== undefined && sameForUs(before.record, record)) return;
    this.#changePod(before?.record, record, 'watch');
  }

  deletePod(uid: string, origin: Origin): void {
    const before = this.#pods.get(uid);
    if (before !== undefined) this.#changePod(before.record, undefined, origin);
  }

  setNamespace(record: NamespaceRecord): void {
    this.#changeNamespace(record.name, record);
  }

  deleteNamespace(name: string): void {
    this.#changeNamespace(name, undefined);
  }

  setPolicy(policy: Policy): void {
    this.#changePolicy(policy.id, policy);
  }

  deletePolicy(id: PolicyId): void {
    if (this.#policies.has(id)) this.#changePolicy(id, undefined);
  }

  setFirewall(firewall: Firewall): void {
    this.#changeFirewall(firewall.name, firewall);
  }

  deleteFirewall(name: string): void {
    if (this.#firewalls.has(name)) this.#changeFirewall(name, undefined);
  }

  tagsOf(firewall: string, address: string): TagSet {
    return this.#firewalls.get(firewall)?.desired.get(address) ?? noTags;
  }

  /** Every address that deserves tags on this firewall. */
  addressesOf(firewall: string): Iterable<string> {
    return this.#firewalls.get(firewall)?.desired.keys() ?? [];
  }

  /** The policies that give the holder of this address tags on this firewall. */
  *policiesBehind(firewall: string, address: string): Iterable<PolicyId> {
    const holder = this.#holders.holder(address);
    const evaluation = holder && this.#pods.get(holder.uid)?.evaluation;
    for (const { policy, suffixes } of evaluation?.grants ?? []) {
      if (suffixes.length > 0 && this.targetsOf(policy).includes(firewall)) yield policy;
    }
  }

  holderOf(address: string): PodRecord | undefined {
    return this.#holders.holder(address);
  }

  tallyOf(policy: PolicyId): Tally | undefined {
    return this.#policies.get(policy)?.tally;
  }

  /** The existing firewalls that a policy names or selects, sorted. */
  targetsOf(policy: PolicyId): readonly string[] {
    return this.#policies.get(policy)?.targets ?? [];
  }

  admits(firewall: string, namespace: string): boolean {
    const state = this.#namespaces.get(namespace);
    return state !== undefined && this.#admittedBy(state).has(firewall);
  }

  /** Distinct tags that Pods carry because of this policy, sorted, at most `limit`. */
  tagsInUse(policy: PolicyId, limit: number): string[] {
    const state = this.#policies.get(policy);
    if (state === undefined) return [];
    const prefixes = new Set(
      state.targets.flatMap((name) => this.#firewalls.get(name)?.firewall.tagPrefix ?? []),
    );
    const tags = new Set<string>();
    for (const suffix of state.tally.suffixes()) {
      for (const prefix of prefixes) {
        const tag = legalTag(prefix, suffix);
        if (tag !== undefined) tags.add(tag);
      }
    }
    return [...tags].sort().slice(0, limit);
  }

  #changePod(before: PodRecord | undefined, after: PodRecord | undefined, origin: Origin): void {
    const addresses = new Set([...(before?.addresses ?? []), ...(after?.addresses ?? [])]);
    const holdersBefore = new Map([...addresses].map((a) => [a, this.#holders.holder(a)?.uid]));
    const uid = (after ?? before)?.uid;
    const others = [...addresses].flatMap((a) => this.#holders.claimants(a).map((pod) => pod.uid));
    const counted = new Set(uid === undefined ? others : [uid, ...others]);

    this.#retally(counted, () => {
      if (before !== undefined) {
        this.#holders.release(before);
        this.#pods.delete(before.uid);
        this.#namespaceState(before.namespace).pods.delete(before.uid);
        this.#forgetIfEmpty(before.namespace);
      }
      if (after !== undefined) {
        this.#holders.claim(after);
        this.#namespaceState(after.namespace).pods.add(after.uid);
        this.#pods.set(after.uid, { record: after, evaluation: this.#evaluate(after) });
      }
    });
    for (const [address, holderBefore] of holdersBefore) {
      this.#refresh(address, this.#causeAt(address, holderBefore, origin));
    }
  }

  #causeAt(address: string, holderBefore: string | undefined, origin: Origin): RemovalCause {
    const holder = this.#holders.holder(address)?.uid;
    if (holder === holderBefore) return 'relabelled';
    if (holder === undefined) return origin === 'watch' ? 'vacated' : 'relist';
    return this.#podsSynced ? 'newHolder' : 'relist';
  }

  #changeNamespace(name: string, record: NamespaceRecord | undefined): void {
    const state = this.#namespaceState(name);
    if (state.record !== undefined && state.record.labels === record?.labels) return;
    this.#reevaluate(state.pods, 'namespace', () => {
      state.record = record;
      state.evaluator = undefined;
      state.admittedBy = undefined;
    });
    this.#forgetIfEmpty(name);
    for (const policy of this.#policies.keys()) {
      if (policy.startsWith(`${name}/`)) this.#listener.policyChanged(policy);
    }
  }

  #changePolicy(id: PolicyId, policy: Policy | undefined): void {
    const scope = id.startsWith('/')
      ? [...this.#namespaces.values()]
      : [this.#namespaceState(id.slice(0, id.indexOf('/')))];
    this.#reevaluate(
      scope.flatMap((state) => [...state.pods]),
      'policy',
      () => {
        if (policy === undefined) this.#policies.delete(id);
        else this.#policies.set(id, { policy, targets: this.#resolve(policy), tally: new Tally() });
        for (const state of scope) state.evaluator = undefined;
      },
    );
    if (!id.startsWith('/')) this.#forgetIfEmpty(id.slice(0, id.indexOf('/')));
    this.#listener.policyChanged(id);
  }

  #changeFirewall(name: string, firewall: Firewall | undefined): void {
    this.#reevaluate([...this.#pods.keys()], 'policy', () => {
      if (firewall === undefined) this.#firewalls.delete(name);
      else this.#firewalls.set(name, { firewall, desired: this.#firewalls.get(name)?.desired ?? new Map() });
      for (const state of this.#policies.values()) state.targets = this.#resolve(state.policy);
      for (const state of this.#namespaces.values()) {
        state.evaluator = undefined;
        state.admittedBy = undefined;
      }
    });
    for (const policy of this.#policies.keys()) this.#listener.policyChanged(policy);
  }

  /** Runs a change after which these Pods must be evaluated anew. */
  #reevaluate(pods: Iterable<string>, cause: RemovalCause, change: () => void): void {
    const uids = [...pods];
    this.#retally(uids, () => {
      change();
      for (const uid of uids) {
        const state = this.#pods.get(uid);
        if (state !== undefined) {
          this.#pods.set(uid, { record: state.record, evaluation: this.#evaluate(state.record) });
        }
      }
    });
    for (const uid of uids) {
      const record = this.#pods.get(uid)?.record;
      if (record === undefined || record.hostNetwork) continue;
      for (const address of record.addresses) {
        if (this.#holders.holder(address)?.uid === uid) this.#refresh(address, cause);
      }
    }
  }

  #refresh(address: string, cause: RemovalCause): void {
    const holder = this.#holders.holder(address);
    const state = holder && this.#pods.get(holder.uid);
    for (const [name, { firewall, desired }] of this.#firewalls) {
      const before = desired.get(address) ?? noTags;
      const after = state === undefined ? noTags : this.#tags(state, firewall);
      const wholeAddress = cause === 'vacated' || cause === 'newHolder';
      if (!wholeAddress && sameTags(before, after)) {
        if (before !== after && after.length > 0) desired.set(address, after);
        continue;
      }
      if (after.length === 0) desired.delete(address);
      else desired.set(address, after);
      this.#listener.addressChanged(name, { address, before, after, cause });
    }
  }

  #tags({ record, evaluation }: PodState, firewall: Firewall): TagSet {
    const known = evaluation.tags.get(firewall.name);
    if (known !== undefined) return known;
    const tags = this.admits(firewall.name, record.namespace) ? this.#render(evaluation, firewall) : noTags;
    if (evaluation !== nothingGranted) evaluation.tags.set(firewall.name, tags);
    return tags;
  }

  #render(evaluation: Evaluation, firewall: Firewall): TagSet {
    const tags: string[] = [];
    for (const { policy, suffixes } of evaluation.grants) {
      if (!this.targetsOf(policy).includes(firewall.name)) continue;
      for (const suffix of suffixes) {
        const tag = legalTag(firewall.tagPrefix, suffix);
        if (tag !== undefined) tags.push(tag);
      }
    }
    return tagSet(tags);
  }

  #evaluate(pod: PodRecord): Evaluation {
    const state = this.#namespaceState(pod.namespace);
    if (state.record === undefined) return nothingGranted;
    state.evaluator ??= createEvaluator(state.record, this.#policiesIn(state.record));
    return state.evaluator(pod);
  }

  #policiesIn(namespace: NamespaceRecord): Policy[] {
    return [...this.#policies.values()]
      .map((state) => state.policy)
      .filter((policy) =>
        policy.namespace === undefined
          ? matches(policy.namespaceSelector ?? [], namespace.labels)
          : policy.namespace === namespace.name,
      );
  }

  #resolve(policy: Policy): string[] {
    const { firewalls } = policy;
    const all = [...this.#firewalls.values()].map((state) => state.firewall);
    const chosen =
      'names' in firewalls
        ? all.filter((firewall) => firewalls.names.includes(firewall.name))
        : all.filter((firewall) => matches(firewalls.selector, firewall.labels));
    return chosen.map((firewall) => firewall.name).sort();
  }

  #admittedBy(state: NamespaceState): ReadonlySet<string> {
    const { record } = state;
    state.admittedBy ??= new Set(
      record === undefined
        ? []
        : [...this.#firewalls.values()]
            .filter(({ firewall }) => matches(firewall.namespaceSelector, record.labels))
            .map(({ firewall }) => firewall.name),
    );
    return state.admittedBy;
  }

  /** Takes these Pods out of the counts, runs the change, and counts them again. */
  #retally(uids: Iterable<string>, change: () => void): void {
    const pods = [...uids];
    for (const uid of pods) this.#tally(uid, 'subtract');
    change();
    for (const uid of pods) this.#tally(uid, 'add');
  }

  #tally(uid: string, operation: 'add' | 'subtract'): void {
    const state = this.#pods.get(uid);
    if (state === undefined || state.evaluation.grants.length === 0) return;
    const { record: pod, evaluation } = state;
    const held = pod.hostNetwork
      ? 0
      : pod.addresses.filter((address) => this.#holders.holder(address)?.uid === uid).length;
    const admittedBy = this.#admittedBy(this.#namespaceState(pod.namespace));
    for (const grant of evaluation.grants) {
      const policy = this.#policies.get(grant.policy);
      const firewalls = policy?.targets.filter((name) => admittedBy.has(name)) ?? [];
      policy?.tally[operation]({ pod, grant, held, firewalls });
      this.#listener.policyChanged(grant.policy);
    }
  }

  #namespaceState(name: string): NamespaceState {
    let state = this.#namespaces.get(name);
    if (state === undefined) {
      state = { record: undefined, pods: new Set(), evaluator: undefined, admittedBy: undefined };
      this.#namespaces.set(name, state);
    }
    return state;
  }

  #forgetIfEmpty(name: string): void {
    const state = this.#namespaces.get(name);
    if (state?.record === undefined && state?.pods.size === 0) this.#namespaces.delete(name);
  }
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
