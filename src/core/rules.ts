// What decides tags besides the Pods: which policies apply in a namespace, and which firewalls take them from there.

import {
  createEvaluator,
  type Evaluation,
  type Evaluator,
  type LocalPolicy,
  nothingGranted,
} from './evaluate.ts';
import type { Firewall, NamespaceRecord, PodRecord, Policy, PolicyId } from './model.ts';
import { matches } from './selector.ts';
import { Tally } from './tally.ts';

export type PolicyState = {
  readonly policy: Policy;
  /** The existing firewalls that the policy names or selects, sorted by name. */
  targets: readonly Firewall[];
  readonly tally: Tally;
};

/** A namespace, or what is known of one before it arrives and after it is gone. */
type NamespaceRules = {
  record: NamespaceRecord | undefined;
  readonly policies: Map<PolicyId, PolicyState>;
  /** undefined after a change of what it rests on: this namespace, its policies, or the firewalls. */
  evaluator: Evaluator | undefined;
};

export class Rules {
  readonly #firewalls = new Map<string, Firewall>();
  readonly #clusterPolicies = new Map<PolicyId, PolicyState>();
  readonly #namespaces = new Map<string, NamespaceRules>();

  namespace(name: string): NamespaceRecord | undefined {
    return this.#namespaces.get(name)?.record;
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

  *policies(): Iterable<PolicyId> {
    for (const { policy } of this.#allPolicies()) yield policy.id;
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
    if (policy === undefined) siblings.delete(id);
    else siblings.set(id, { policy, targets: this.#resolve(policy), tally: new Tally() });
    for (const rules of home === undefined ? this.#namespaces.values() : [this.#rulesOf(home)]) {
      rules.evaluator = undefined;
    }
    if (home !== undefined) this.#forgetIfEmpty(home);
  }

  changeFirewall(name: string, firewall: Firewall | undefined): void {
    if (firewall === undefined) this.#firewalls.delete(name);
    else this.#firewalls.set(name, firewall);
    for (const state of this.#allPolicies()) state.targets = this.#resolve(state.policy);
    for (const rules of this.#namespaces.values()) rules.evaluator = undefined;
  }

  /** What the policies give a Pod as they are now. */
  evaluate(pod: PodRecord): Evaluation {
    const rules = this.#namespaces.get(pod.namespace);
    if (rules?.record === undefined) return nothingGranted;
    rules.evaluator ??= createEvaluator(
      rules.record,
      this.#policiesIn(rules.record, rules.policies.values()),
    );
    return rules.evaluator(pod);
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
    return [...this.#firewalls.values()]
      .filter((firewall) =>
        'names' in firewalls
          ? firewalls.names.includes(firewall.name)
          : matches(firewalls.selector, firewall.labels),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1));
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

/** undefined for a ClusterPanTagPolicy. */
export function namespaceOf(id: PolicyId): string | undefined {
  return id.startsWith('/') ? undefined : id.slice(0, id.indexOf('/'));
}
