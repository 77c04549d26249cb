// Evaluates the policies of one namespace, cached by label set and updated policy by policy.

import type { Reach } from './grant.ts';
import {
  type Evaluation,
  type Evaluator as EvaluateLike,
  evaluatorLike,
  type LocalPolicy,
  nothingGranted,
} from './grants.ts';
import type { Claimant } from '../model/claimant.ts';
import type { Firewall, Labels, NamespaceRecord, Policy, PolicyId, Selector } from '../model/model.ts';
import { matches } from '../syntax/selector.ts';

/** A policy with the firewalls that it names or selects; equal lists are one instance. */
export type ResolvedPolicy = { readonly policy: Policy; readonly firewalls: readonly Firewall[] };

type Remembered = {
  readonly evaluate: EvaluateLike;
  /** How many of the changes it has seen. */
  seen: number;
};

/** Beyond this, it is cheaper to forget all than to look what is concerned. */
const maxChanges = 256;

/**
 * Pods of one Deployment carry one (interned) label set, so the outcome is remembered by label set: selectors run once
 * for each, and what does not name the claimant itself is shared by all of them. With thousands of policies, a change of one
 * of them must not cost a look at all the others: only label sets that it selects, or did, are looked at anew.
 */
export class NamespaceEvaluator {
  readonly #namespace: NamespaceRecord;
  readonly #policies = new Map<PolicyId, LocalPolicy>();
  readonly #reaches = new WeakMap<readonly Firewall[], Reach>();
  #remembered = new WeakMap<Labels, Remembered>();
  #changes: Selector[] = [];

  constructor(namespace: NamespaceRecord, policies: Iterable<ResolvedPolicy>) {
    this.#namespace = namespace;
    for (const policy of policies) this.#put(policy);
  }

  evaluate(claimant: Claimant): Evaluation {
    const known = this.#remembered.get(claimant.labels);
    if (known !== undefined && !this.#concerned(claimant.labels, known.seen)) {
      known.seen = this.#changes.length;
      return known.evaluate(claimant);
    }
    const selecting = [...this.#policies.values()].filter(({ policy }) =>
      matches(policy.podSelector, claimant.labels),
    );
    const evaluate =
      selecting.length === 0
        ? () => nothingGranted
        : evaluatorLike(claimant, selecting, this.#namespace.labels);
    this.#remembered.set(claimant.labels, { evaluate, seen: this.#changes.length });
    return evaluate(claimant);
  }

  /** Takes up a policy that is new, edited or (without `after`) gone. */
  change(id: PolicyId, after: ResolvedPolicy | undefined): void {
    const before = this.#policies.get(id);
    if (before !== undefined) this.#changes.push(before.policy.podSelector);
    this.#policies.delete(id);
    if (after !== undefined && this.#put(after)) this.#changes.push(after.policy.podSelector);
    if (this.#changes.length < maxChanges) return;
    this.#changes = [];
    this.#remembered = new WeakMap();
  }

  #concerned(labels: Labels, seen: number): boolean {
    for (let i = seen; i < this.#changes.length; i += 1) {
      const selector = this.#changes[i];
      if (selector !== undefined && matches(selector, labels)) return true;
    }
    return false;
  }

  /** False for a ClusterPanTagPolicy that does not select this namespace. */
  #put({ policy, firewalls }: ResolvedPolicy): boolean {
    const { namespaceSelector } = policy;
    if (namespaceSelector !== undefined && !matches(namespaceSelector, this.#namespace.labels)) return false;
    this.#policies.set(policy.id, { policy, reach: this.#reach(firewalls) });
    return true;
  }

  #reach(named: readonly Firewall[]): Reach {
    const known = this.#reaches.get(named);
    if (known !== undefined) return known;
    const firewalls = named.filter((firewall) => matches(firewall.namespaceSelector, this.#namespace.labels));
    const reach = { firewalls, prefixes: [...new Set(firewalls.map(({ tagPrefix }) => tagPrefix))] };
    this.#reaches.set(named, reach);
    return reach;
  }
}
