// Which policies select a Pod, which tag suffixes each of them gives it, and the tags that these are on a firewall.

import type { Firewall, Labels, PodRecord, Policy, PolicyId, TagSource } from './model.ts';
import { noTags, type TagSet, tagSet } from './tag-set.ts';
import { legalTag, reservedClusterSuffix } from './tag.ts';
import { labelKeySuffixes, render } from './template.ts';

/** The firewalls that take a policy's tags from one namespace, and their distinct tagPrefixes. */
export type Reach = { readonly firewalls: readonly Firewall[]; readonly prefixes: readonly string[] };

/** A policy that applies in a namespace. */
export type LocalPolicy = { readonly policy: Policy; readonly reach: Reach };

/** What one policy gives one Pod. */
export type Grant = {
  readonly policy: PolicyId;
  readonly reach: Reach;
  /** For each of the reach's prefixes, the tags behind it. */
  readonly tags: readonly TagSet[];
  /** A placeholder had no value. */
  readonly missingValue: boolean;
  /** A rendered text can be no tag, whatever the prefix. */
  readonly illegalTag: boolean;
};

export type Evaluation = {
  readonly grants: readonly Grant[];
  /** firewall name -> tags, remembered where many Pods share the evaluation. */
  readonly tags: Map<string, TagSet> | undefined;
};

export const nothingGranted: Evaluation = { grants: [], tags: undefined };

/** Returns the evaluation of a Pod of one namespace and one label set. */
export type Evaluator = (pod: PodRecord) => Evaluation;

/** The evaluator of all Pods that have this one's labels. @param selecting the policies that select them. */
export function evaluatorLike(
  pod: PodRecord,
  selecting: readonly LocalPolicy[],
  namespaceLabels: Labels,
): Evaluator {
  const shared = selecting.map((local) =>
    namesThePod(local.policy) ? undefined : grant(local, pod, namespaceLabels),
  );
  const grants = shared.filter((grant) => grant !== undefined);
  const evaluation: Evaluation = { grants, tags: new Map() };
  if (grants.length === selecting.length) return () => evaluation;
  return (like) => ({
    grants: selecting.map((local, i) => shared[i] ?? grant(local, like, namespaceLabels)),
    tags: undefined,
  });
}

/** The tags that an evaluation comes to on one firewall. */
export function tagsOn({ grants, tags }: Evaluation, firewall: Firewall): TagSet {
  if (grants.length === 0) return noTags;
  const known = tags?.get(firewall.name);
  if (known !== undefined) return known;
  const found = tagSet(
    grants.flatMap((grant) =>
      grant.reach.firewalls.includes(firewall) ? tagsBehind(grant, firewall.tagPrefix) : noTags,
    ),
  );
  tags?.set(firewall.name, found);
  return found;
}

/** The tags of one grant behind one prefix. */
export function tagsBehind({ reach, tags }: Grant, tagPrefix: string): TagSet {
  return tags[reach.prefixes.indexOf(tagPrefix)] ?? noTags;
}

function namesThePod(policy: Policy): boolean {
  return policy.tags.some(
    (source) =>
      source.kind === 'template' &&
      source.template.some((part) => part.kind === 'field' && part.field !== 'namespace'),
  );
}

function grant({ policy, reach }: LocalPolicy, pod: PodRecord, namespaceLabels: Labels): Grant {
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
  const tags = reach.prefixes.map((prefix) => tagSet(behind(prefix, suffixes)));
  return { policy: policy.id, reach, tags, missingValue, illegalTag };
}

function behind(prefix: string, suffixes: ReadonlySet<string>): string[] {
  return [...suffixes].flatMap((suffix) => legalTag(prefix, suffix) ?? []);
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
