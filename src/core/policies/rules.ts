// Rules besides the claimants: which policies apply in a namespace, and which firewalls accept them.

import { namespaceOf } from '../model/policy-scope.ts';
import { type Evaluation, nothingGranted } from './grants.ts';
import { NamespaceEvaluator } from './namespace-evaluator.ts';
import type { Claimant } from '../model/claimant.ts';
import type { Firewall, NamespaceRecord, Policy, PolicyId } from '../model/model.ts';
import { matches } from '../syntax/selector.ts';
import { Tally } from './tally.ts';

type PolicyState = {
  readonly policy: Policy;
  /** The existing firewalls that the policy names or selects, sorted by name. */
  firewalls: readonly Firewall[];
  readonly tally: Tally;
};

/** A namespace, or what is known of one before it arrives and after it is gone. */
type NamespaceRules = {
  record: NamespaceRecord | undefined;
  readonly policies: Map<PolicyId, PolicyState>;
  /** undefined after a change of what it rests on: this namespace or the firewalls. */
  evaluator: NamespaceEvaluator | undefined;
};

/** Lists are shared to save work; those of policies that are gone must not pile up. */
const maxFirewallLists = 1000;

export class Rules {
  readonly #firewalls = new Map<string, Firewall>();
  readonly #clusterPolicies = new Map<PolicyId, PolicyState>();
  readonly #namespaces = new Map<string, NamespaceRules>();
  /** The lists of firewalls that policies are for, by their names. */
  readonly #firewallLists = new Map<string, readonly Firewall[]>();

  namespace(name: string): NamespaceRecord | undefined {
    return this.#namespaces.get(name)?.record;
  }

  *namespaces(): Iterable<NamespaceRecord> {
    for (const { record } of this.#namespaces.values()) if (record !== undefined) yield record;
  }

  policy(id: PolicyId): PolicyState | undefined {
    const home = namespaceOf(id);
    return home === undefined ? this.#clusterPolicies.get(id) : this.#namespaces.get(home)?.policies.get(id);
  }

  firewall(name: string): Firewall | undefined {
    return this.#firewalls.get(name);
  }

  /** The PanTagPolicies of a namespace. */
  policiesOf(namespace: string): Iterable<PolicyId> {
    return this.#namespaces.get(namespace)?.policies.keys() ?? [];
  }

  admits(firewall: string, namespace: string): boolean {
    const selector = this.#firewalls.get(firewall)?.namespaceSelector;
    const labels = this.namespace(namespace)?.labels;
    return selector !== undefined && labels !== undefined && matches(selector, labels);
  }

  changeNamespace(name: string, record: NamespaceRecord | undefined): void {
    const rules = this.#rulesOf(name);
    rules.record = record;
    rules.evaluator = undefined;
    this.#forgetIfEmpty(name);
  }

  /** The policy's counts begin at zero. */
  changePolicy(id: PolicyId, policy: Policy | undefined): void {
    const home = namespaceOf(id);
    const siblings = home === undefined ? this.#clusterPolicies : this.#rulesOf(home).policies;
    const state = policy && { policy, firewalls: this.#resolve(policy), tally: new Tally() };
    if (state === undefined) siblings.delete(id);
    else siblings.set(id, state);
    for (const rules of home === undefined ? this.#namespaces.values() : [this.#rulesOf(home)]) {
      rules.evaluator?.change(id, state);
    }
    if (home !== undefined) this.#forgetIfEmpty(home);
  }

  /** @returns the policies that name or select it, before or now. */
  changeFirewall(name: string, firewall: Firewall | undefined): ReadonlySet<PolicyId> {
    const concerned = new Set<PolicyId>();
    if (firewall === undefined) this.#firewalls.delete(name);
    else this.#firewalls.set(name, firewall);
    this.#firewallLists.clear();
    for (const state of this.#allPolicies()) {
      const before = state.firewalls;
      state.firewalls = this.#resolve(state.policy);
      if ([...before, ...state.firewalls].some((firewall) => firewall.name === name))
        concerned.add(state.policy.id);
    }
    for (const rules of this.#namespaces.values()) rules.evaluator = undefined;
    return concerned;
  }

  /** What the policies give a claimant as they are now. */
  evaluate(claimant: Claimant): Evaluation {
    const rules = this.#namespaces.get(claimant.namespace);
    if (rules?.record === undefined) return nothingGranted;
    rules.evaluator ??= new NamespaceEvaluator(rules.record, [
      ...rules.policies.values(),
      ...this.#clusterPolicies.values(),
    ]);
    return rules.evaluator.evaluate(claimant);
  }

  /** Sorted by name. Policies for the same firewalls have the same list. */
  #resolve({ firewalls }: Policy): readonly Firewall[] {
    const found =
      'names' in firewalls
        ? [...new Set(firewalls.names)].flatMap((name) => this.#firewalls.get(name) ?? [])
        : [...this.#firewalls.values()].filter(({ labels }) => matches(firewalls.selector, labels));
    found.sort((a, b) => (a.name < b.name ? -1 : 1));
    const key = found.map(({ name }) => name).join();
    const known = this.#firewallLists.get(key);
    if (known !== undefined) return known;
    if (this.#firewallLists.size >= maxFirewallLists) this.#firewallLists.clear();
    this.#firewallLists.set(key, found);
    return found;
  }

  *#allPolicies(): Iterable<PolicyState> {
    yield* this.#clusterPolicies.values();
    for (const { policies } of this.#namespaces.values()) yield* policies.values();
  }

  #rulesOf(namespace: string): NamespaceRules {
    let rules = this.#namespaces.get(namespace);
    if (rules === undefined) {
      rules = { record: undefined, policies: new Map(), evaluator: undefined };
      this.#namespaces.set(namespace, rules);
    }
    return rules;
  }

  #forgetIfEmpty(namespace: string): void {
    const rules = this.#namespaces.get(namespace);
    if (rules?.record === undefined && rules?.policies.size === 0) this.#namespaces.delete(namespace);
  }
}
