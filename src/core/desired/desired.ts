// Desired registrations: the tags of each address on each firewall, updated change by change.

import { isDeepStrictEqual } from 'node:util';
import { Claimants, sameForUs } from './claimants.ts';
import { DesiredChanges } from './desired-changes.ts';
import { type DesiredExplanation, explainDesired } from './explain-desired.ts';
import { GrantsBehind } from './grants-behind.ts';
import { sameLabels } from '../syntax/label.ts';
import type { AddressChange } from '../model/address-change.ts';
import type { Claimant } from '../model/claimant.ts';
import type { Firewall, NamespaceRecord, Policy, PolicyId } from '../model/model.ts';
import { PendingPolicies } from './policy-changes.ts';
import type { TagRanks } from '../policies/grants.ts';
import type { Rank } from '../policies/rank.ts';
import { Registrations } from './registrations.ts';
import { originOfPolicy } from '../model/removal-origin.ts';
import { Rules } from '../policies/rules.ts';
import { whyNothingSelected } from './selection-advice.ts';
import { type Origin, Succession } from './succession.ts';
import type { TagSet } from '../model/tag-set.ts';
import type { Tally } from '../policies/tally.ts';

/** Called amid a change: listeners note what to look at, and look at counts later. */
type DesiredListener = {
  addressChanged(firewall: string, change: AddressChange): void;
  /** The tags of this address stay, though the policies that give them may have changed. */
  readonly addressReviewed?: (firewall: string, address: string) => void;
  /** Counts of this policy may have moved. */
  policyChanged(policy: PolicyId): void;
  /** This one no longer holds the address. Told before what that changes. */
  readonly holderLeaves?: ((address: string, holder: Claimant) => void) | undefined;
};

/**
 * Level-triggered: whatever the order of calls, the outcome is a function of the last value of each input (a
 * property test holds this against a computation from scratch).
 */
export class Desired {
  readonly #rules = new Rules();
  readonly #registrations: Registrations;
  readonly #claimants = new Claimants();
  readonly #succession = new Succession();
  readonly #changes: DesiredChanges;
  readonly #behind = new GrantsBehind(this.#rules, this.#claimants);
  readonly #pending = new PendingPolicies();
  #defers = false;

  constructor(listener: DesiredListener) {
    this.#registrations = new Registrations(
      (firewall, change) => listener.addressChanged(firewall, change),
      (firewall, address) => listener.addressReviewed?.(firewall, address),
    );
    this.#changes = new DesiredChanges({
      rules: this.#rules,
      claimants: this.#claimants,
      succession: this.#succession,
      registrations: this.#registrations,
      policyChanged: (policy) => listener.policyChanged(policy),
      holderLeaves: (address, holder) => listener.holderLeaves?.(address, holder),
    });
  }

  /** Moves with every change of a claimant or namespace: what `whyNothing` says may be otherwise. */
  get revision(): number {
    return this.#changes.revision;
  }

  /** From here on, a claimant that takes an address is known to be its new holder. */
  claimantsSynced(): void {
    this.#succession.claimantsSynced();
  }

  /** Nobody was there to see who took an address after this moment (ms since the epoch): its holder is new. */
  holdersNewSince(time: number): void {
    for (const { claimant, evaluation } of this.#claimants.all()) {
      if (claimant.since <= time) continue;
      for (const address of this.#claimants.ownAddresses(claimant))
        this.#registrations.refresh(address, evaluation, { cause: 'newHolder' });
    }
  }

  setClaimant(claimant: Claimant): void {
    const before = this.#claimants.get(claimant.uid);
    if (before !== undefined && sameForUs(before.claimant, claimant)) return;
    this.#changes.claimant(before, claimant, 'watch');
  }

  deleteClaimant(uid: string, origin: Origin): void {
    const before = this.#claimants.get(uid);
    if (before !== undefined) this.#changes.claimant(before, undefined, origin);
  }

  setNamespace(record: NamespaceRecord, seen: Origin = 'watch'): void {
    const before = this.#rules.namespace(record.name);
    if (before === undefined || !sameLabels(before.labels, record.labels))
      this.#changes.namespace(record.name, record, seen);
  }

  deleteNamespace(name: string, seen: Origin = 'watch'): void {
    if (this.#rules.namespace(name) !== undefined) this.#changes.namespace(name, undefined, seen);
  }

  /** Policies that change from here on are applied together, by `settle`: each claimant is evaluated once for all of them. */
  defer(): void {
    this.#defers = true;
  }

  /** Applies the policies that changed since `defer`. */
  settle(): void {
    this.#defers = false;
    const changes = this.#pending.take((id) => this.#rules.policy(id)?.policy);
    if (changes.size > 0) this.#changes.policies(changes);
  }

  setPolicy(policy: Policy, seen: Origin = 'watch'): void {
    this.#putPolicy(policy.id, policy, 'edited', seen);
  }

  deletePolicy(id: PolicyId, seen: Origin = 'watch'): void {
    this.#putPolicy(id, undefined, 'gone', seen);
  }

  /** It was edited, and what it says now cannot be followed. */
  withdrawPolicy(id: PolicyId, seen: Origin = 'watch'): void {
    this.#putPolicy(id, undefined, 'edited', seen);
  }

  setFirewall(firewall: Firewall): void {
    const before = this.#rules.firewall(firewall.name);
    if (!isDeepStrictEqual(before, firewall)) this.#changes.firewall(firewall.name, firewall);
  }

  /** Says nothing of its addresses: whoever writes to it must have stopped. */
  deleteFirewall(name: string): void {
    if (this.#rules.firewall(name) !== undefined) this.#changes.firewall(name, undefined);
  }

  tagsOf(firewall: string, address: string): TagSet {
    return this.#registrations.tagsOf(firewall, address);
  }

  /** Every address with desired tags on this firewall. */
  addressesOf(firewall: string): Iterable<string> {
    return this.#registrations.addressesOf(firewall);
  }

  /** How many addresses have desired tags on this firewall. */
  countOf(firewall: string): number {
    return this.#registrations.countOf(firewall);
  }

  /** The policies that give the holder of this address tags on this firewall. @param given: one of these, if said. */
  *policiesBehind(firewall: string, address: string, given?: ReadonlySet<string>): Iterable<PolicyId> {
    for (const [policy, tags] of this.#behind.tags(firewall, address))
      if (given === undefined || tags.some((tag) => given.has(tag))) yield policy;
  }

  /** The policies that give the holder of this address tags on this firewall, with these. */
  tagsBehind(firewall: string, address: string): Iterable<readonly [PolicyId, TagSet]> {
    return this.#behind.tags(firewall, address);
  }

  /** The policies that ask for more tags at this address than the 64 that it may carry. */
  policiesCutAt(firewall: string, address: string): Iterable<PolicyId> {
    return this.#behind.policiesCut(firewall, address);
  }

  isCutAt(firewall: string, address: string): boolean {
    const { done } = this.policiesCutAt(firewall, address)[Symbol.iterator]().next();
    return done !== true;
  }

  /** The rank of the highest policy that gives the address tags. */
  rankOf(firewall: string, address: string): Rank {
    return this.#behind.rankOf(firewall, address);
  }

  /** The rank of each desired tag of the address. */
  ranksAt(firewall: string, address: string): TagRanks {
    return this.#behind.ranks(firewall, address);
  }

  holderOf(address: string): Claimant | undefined {
    return this.#claimants.holderOf(address);
  }

  tallyOf(policy: PolicyId): Tally | undefined {
    return this.#rules.policy(policy)?.tally;
  }

  /** The existing firewalls that a policy names or selects, sorted. */
  firewallsOf(policy: PolicyId): readonly string[] {
    return this.#rules.policy(policy)?.firewalls.map(({ name }) => name) ?? [];
  }

  admits(firewall: string, namespace: string): boolean {
    return this.#rules.admits(firewall, namespace);
  }

  /** Distinct tags that claimants carry because of this policy, sorted. */
  tagsInUse(policy: PolicyId): readonly string[] {
    return this.#rules.policy(policy)?.tally.tags() ?? [];
  }

  /** For a policy that selects no Pod: what it asks for, and which labels there are. */
  whyNothing(id: PolicyId): string {
    const policy = this.#rules.policy(id)?.policy;
    if (policy === undefined) return '';
    return whyNothingSelected(policy, {
      namespaces: () => this.#rules.namespaces(),
      labelsIn: (namespace) => this.#claimants.labelsIn(namespace),
      hasPods: (namespace) => this.#claimants.hasAny(namespace),
    });
  }

  /** Everything known of one address, to be logged. Changes nothing. @param firewall the only one to tell of; absent: all. */
  explain(address: string, firewall?: string): DesiredExplanation {
    const firewalls = this.#registrations
      .firewalls()
      .filter(({ name }) => firewall === undefined || name === firewall);
    return explainDesired({ desired: this, claimants: this.#claimants, firewalls }, address);
  }

  #putPolicy(id: PolicyId, policy: Policy | undefined, what: 'edited' | 'gone', seen: Origin): void {
    this.#pending.put(id, { policy, origin: originOfPolicy(id, what, seen) });
    if (!this.#defers) this.settle();
  }
}
