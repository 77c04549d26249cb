// Which policies select a Pod, and which tag suffixes each of them gives it.

import type { Labels, NamespaceRecord, PodRecord, Policy, PolicyId, TagSource } from './model.ts';
import { matches } from './selector.ts';
import type { TagSet } from './tag-set.ts';
import { legalTag, reservedClusterSuffix } from './tag.ts';
import { labelKeySuffixes, render } from './template.ts';

/** What one policy gives one Pod. A suffix becomes a tag behind a firewall's prefix. */
export type Grant = {
  readonly policy: PolicyId;
  readonly suffixes: readonly string[];
  /** A placeholder had no value. */
  readonly missingValue: boolean;
  /** A rendered text can be no tag, whatever the prefix. */
  readonly illegalTag: boolean;
};

export type Evaluation = {
  readonly grants: readonly Grant[];
  /** firewall name -> tags; filled by Desired, and valid as long as the evaluation itself. */
  readonly tags: Map<string, TagSet>;
};

export const nothingGranted: Evaluation = { grants: [], tags: new Map() };

/** Returns the evaluation of a Pod of one namespace under the policies that apply there. */
export type Evaluator = (pod: PodRecord) => Evaluation;

type Match = { readonly policies: readonly Policy[]; readonly shared: Evaluation | undefined };

/**
 * @param policies the PanTagPolicies of this namespace and the ClusterPanTagPolicies that select it.
 *
 * Pods of one Deployment carry one (interned) label set, so the outcome is remembered by label set: selectors
 * run once for each, and where no template names the Pod itself, all of them share one Evaluation.
 */
export function createEvaluator(namespace: NamespaceRecord, policies: readonly Policy[]): Evaluator {
  const remembered = new WeakMap<Labels, Match>();
  const evaluate = (pod: PodRecord, selecting: readonly Policy[]): Evaluation =>
    selecting.length === 0
      ? nothingGranted
      : { grants: selecting.map((policy) => grant(policy, pod, namespace.labels)), tags: new Map() };

  return (pod) => {
    let match = remembered.get(pod.labels);
    if (match === undefined) {
      const selecting = policies.filter((policy) => matches(policy.podSelector, pod.labels));
      const shared = selecting.some(namesThePod) ? undefined : evaluate(pod, selecting);
      match = { policies: selecting, shared };
      remembered.set(pod.labels, match);
    }
    return match.shared ?? evaluate(pod, match.policies);
  };
}

function namesThePod(policy: Policy): boolean {
  return policy.tags.some(
    (source) =>
      source.kind === 'template' &&
      source.template.some((part) => part.kind === 'field' && part.field !== 'namespace'),
  );
}

function grant(policy: Policy, pod: PodRecord, namespaceLabels: Labels): Grant {
  const suffixes = new Set<string>();
  let missingValue = false;
  let illegalTag = false;
  for (const source of policy.tags) {
    for (const text of texts(source, pod, namespaceLabels)) {
      if (text === undefined) missingValue = true;
      else if (isLegal(policy, text)) suffixes.add(scoped(policy, text));
      else illegalTag = true;
    }
  }
  return { policy: policy.id, suffixes: [...suffixes], missingValue, illegalTag };
}

function texts(source: TagSource, pod: PodRecord, namespaceLabels: Labels): readonly (string | undefined)[] {
  if (source.kind === 'labelKeys') return labelKeySuffixes(source.keys, pod.labels);
  return [
    render(source.template, {
      namespace: pod.namespace,
      pod: pod.name,
      node: pod.node,
      serviceAccount: pod.serviceAccount,
      labels: pod.labels,
      namespaceLabels,
    }),
  ];
}

/** A tenant's tags stay below `ns_<namespace>.`; no namespace name holds `_`, so nobody else's can. */
function scoped(policy: Policy, text: string): string {
  return policy.namespace === undefined ? text : `ns_${policy.namespace}.${text}`;
}

function isLegal(policy: Policy, text: string): boolean {
  if (policy.namespace === undefined && reservedClusterSuffix(text)) return false;
  // A prefix is letters, digits, _ and - ended by a dot: any one tells whether the suffix is legal.
  return legalTag('x.', scoped(policy, text)) !== undefined;
}
