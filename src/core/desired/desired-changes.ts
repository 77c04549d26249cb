// Carries one change of the cluster through to the registrations: who holds which address, what the policies give, and why.

import { type Claimants, type ClaimantState } from './claimants.ts';
import type { Evaluation } from '../policies/grants.ts';
import type { Claimant } from '../model/claimant.ts';
import type { Firewall, NamespaceRecord, PolicyId } from '../model/model.ts';
import { givenUp, type PolicyChanges, whyOf } from './policy-changes.ts';
import { PolicyCounts } from './policy-counts.ts';
import type { Registrations, Why } from './registrations.ts';
import { originOfObject } from '../model/removal-origin.ts';
import { namespaceOf } from '../model/policy-scope.ts';
import type { Rules } from '../policies/rules.ts';
import type { Origin, Succession } from './succession.ts';

type DesiredChangesOptions = {
  readonly rules: Rules;
  readonly claimants: Claimants;
  readonly succession: Succession;
  readonly registrations: Registrations;
  /** Counts of this policy may have moved. */
  readonly policyChanged: (policy: PolicyId) => void;
  /** This one no longer holds the address. Told before what that changes. */
  readonly holderLeaves: (address: string, holder: Claimant) => void;
};

/** Each call costs what it touches: a claimant its own addresses, a policy or namespace the claimants in its reach, a firewall all. */
export class DesiredChanges {
  readonly #options: DesiredChangesOptions;
  readonly #counts: PolicyCounts;
  /** Moves with every claimant and namespace: what is said of labels may be others. */
  revision = 0;

  constructor(options: DesiredChangesOptions) {
    this.#options = options;
    this.#counts = new PolicyCounts(options.rules, options.claimants, options.policyChanged);
  }

  claimant(before: ClaimantState | undefined, after: Claimant | undefined, origin: Origin): void {
    this.revision += 1;
    const { rules, claimants, succession, registrations, holderLeaves } = this.#options;
    const addresses = new Set([...(before?.claimant.addresses ?? []), ...(after?.addresses ?? [])]);
    const holders = [...addresses].map((address) => [address, claimants.holderOf(address)] as const);
    const others = claimants.claiming(addresses);
    if (before !== undefined) others.delete(before);

    // What one claims moves what its others hold, and so their counts.
    for (const other of others) this.#counts.count(other, 'subtract');
    if (before !== undefined) {
      this.#counts.count(before, 'subtract');
      claimants.leave(before);
    }
    if (after !== undefined) {
      const state = { claimant: after, evaluation: rules.evaluate(after) };
      claimants.enter(state);
      this.#counts.count(state, 'add');
    }
    for (const other of others) this.#counts.count(other, 'add');

    for (const [address, holder] of holders) {
      const uids = { before: holder?.uid, after: claimants.holderOf(address)?.uid };
      const cause = succession.causeAt(address, uids, origin);
      if (holder !== undefined && uids.before !== uids.after) holderLeaves(address, holder);
      registrations.refresh(address, claimants.evaluationAt(address), { cause });
    }
  }

  namespace(name: string, record: NamespaceRecord | undefined, seen: Origin): void {
    const { rules, claimants, registrations, policyChanged } = this.#options;
    this.revision += 1;
    rules.changeNamespace(name, record);
    const what = record === undefined ? 'gone' : 'edited';
    const why: Why = { cause: 'namespace', origin: originOfObject({ kind: 'Namespace', name }, what, seen) };
    for (const state of claimants.in(name)) {
      const evaluation = this.#reevaluate(state);
      for (const address of claimants.ownAddresses(state.claimant))
        registrations.refresh(address, evaluation, why);
    }
    for (const policy of rules.policiesOf(name)) policyChanged(policy);
  }

  firewall(name: string, firewall: Firewall | undefined): void {
    const { rules, claimants, registrations, policyChanged } = this.#options;
    const concerned = rules.changeFirewall(name, firewall);
    if (firewall === undefined) registrations.delete(name);
    else registrations.set(firewall);
    const origin = originOfObject({ kind: 'PanFirewall', name }, 'edited', 'watch');
    const why: Why = { cause: 'policy', origin };
    for (const state of claimants.all()) {
      const evaluation = this.#reevaluate(state, concerned);
      for (const address of claimants.ownAddresses(state.claimant))
        registrations.refreshOn(name, address, evaluation, why);
    }
    for (const policy of concerned) policyChanged(policy);
  }

  policies(changes: PolicyChanges): void {
    const { rules, claimants, policyChanged } = this.#options;
    for (const [id, { policy }] of changes) rules.changePolicy(id, policy);
    const homes = new Set([...changes.keys()].map(namespaceOf));
    for (const state of claimants.inAny(homes)) this.#regrant(state, changes);
    for (const id of changes.keys()) policyChanged(id);
  }

  /** After a change of what the policies of a claimant rest on. */
  #reevaluate(state: ClaimantState, concerned?: ReadonlySet<PolicyId>): Evaluation {
    this.#counts.count(state, 'subtract', concerned);
    const evaluation = this.#options.rules.evaluate(state.claimant);
    state.evaluation = evaluation;
    this.#counts.count(state, 'add', concerned);
    return evaluation;
  }

  /** After a change of policies, whose counts begin at zero: what a claimant has of others stays. */
  #regrant(state: ClaimantState, changes: PolicyChanges): void {
    const { rules, claimants, registrations } = this.#options;
    const { claimant, evaluation: before } = state;
    const evaluation = rules.evaluate(claimant);
    const granted = evaluation.grants.filter(({ policy }) => changes.has(policy));
    const ended = givenUp(before, changes);
    const why = granted[0] === undefined ? ended.at(-1)?.why : whyOf(granted[0], changes);
    if (why === undefined) return;
    this.#counts.addGranted(state, granted);
    this.#counts.recountCut(state, evaluation, changes);
    state.evaluation = evaluation;
    for (const address of claimants.ownAddresses(claimant))
      registrations.refreshTogether(address, evaluation, ended, why);
  }
}
