// Evaluates the policies for a claimant: those that select it, their tag suffixes, and the tags of these on a firewall.

import type { Grant, Reach } from './grant.ts';
import { smallestTexts, type TextsBeginning } from '../syntax/label-texts.ts';
import type { Claimant } from '../model/claimant.ts';
import type { Firewall, Labels, Policy, TagSource } from '../model/model.ts';
import { higherRank, type Rank, rankOf } from './rank.ts';
import { capped, mostOf, mostTags } from './tag-cap.ts';
import { noTags, type TagSet, tagSet } from '../model/tag-set.ts';
import { legalTag, maxTagLength, reservedClusterSuffix } from '../syntax/tag.ts';
import { labelKeySuffixes, render } from '../syntax/template.ts';

/** A policy that applies in a namespace. */
export type LocalPolicy = { readonly policy: Policy; readonly reach: Reach };

export type Evaluation = {
  readonly grants: readonly Grant[];
  /** By firewall name, remembered where many claimants share the evaluation. */
  readonly known: { readonly tags: Map<string, TagSet>; readonly ranks: Map<string, TagRanks> } | undefined;
};

/** tag -> the rank of the highest policy that gives it */
export type TagRanks = ReadonlyMap<string, Rank>;

export const nothingGranted: Evaluation = { grants: [], known: undefined };

/** Returns the evaluation of a claimant of one namespace and one label set. */
export type Evaluator = (claimant: Claimant) => Evaluation;

/** The evaluator of all claimants that have this one's labels. @param selecting the policies that select them. */
export function evaluatorLike(
  claimant: Claimant,
  selecting: readonly LocalPolicy[],
  namespaceLabels: Labels,
): Evaluator {
  const granting = grantsTo(claimant, namespaceLabels);
  const shared = selecting.map((local) => (namesTheClaimant(local.policy) ? undefined : granting(local)));
  const grants = shared.filter((grant) => grant !== undefined);
  if (grants.length === selecting.length) {
    const evaluation = { grants: capped(grants), known: { tags: new Map(), ranks: new Map() } };
    return () => evaluation;
  }
  return (like) => {
    const grantingLike = grantsTo(like, namespaceLabels);
    return {
      grants: capped(selecting.map((local, i) => shared[i] ?? grantingLike(local))),
      known: undefined,
    };
  };
}

/** The tags that result from an evaluation on one firewall. */
export function tagsOn({ grants, known }: Evaluation, firewall: Firewall): TagSet {
  if (grants.length === 0) return noTags;
  const before = known?.tags.get(firewall.name);
  if (before !== undefined) return before;
  const given = grants
    .filter(({ reach }) => reach.firewalls.includes(firewall))
    .map((grant) => tagsFrom(grant, firewall));
  const [only = noTags] = given;
  const found = given.length > 1 ? tagSet(given.flat()) : only;
  known?.tags.set(firewall.name, found);
  return found;
}

/** The ranks of those tags. */
export function ranksOn({ grants, known }: Evaluation, firewall: Firewall): TagRanks {
  const before = known?.ranks.get(firewall.name);
  if (before !== undefined) return before;
  const ranks = new Map<string, Rank>();
  for (const grant of grants) {
    if (!grant.reach.firewalls.includes(firewall)) continue;
    for (const tag of tagsFrom(grant, firewall)) ranks.set(tag, higherRank(ranks.get(tag), grant.rank));
  }
  known?.ranks.set(firewall.name, ranks);
  return ranks;
}

/** The tags of one grant on a firewall that it reaches. */
export function tagsFrom({ reach, tags, cut }: Grant, { name, tagPrefix }: Firewall): TagSet {
  return cut?.get(name) ?? tags[reach.prefixes.indexOf(tagPrefix)] ?? noTags;
}

/** It asks for more than the namespace and labels that many share. */
function namesTheClaimant(policy: Policy): boolean {
  return policy.tags.some(
    (source) =>
      source.kind === 'template' &&
      source.template.some((part) => part.kind === 'field' && part.field !== 'namespace'),
  );
}

/** What policies give one claimant: its labels are sorted once for all of them, and not kept. */
function grantsTo(claimant: Claimant, namespaceLabels: Labels): (local: LocalPolicy) => Grant {
  // One more than fit tells that some are left out.
  const beginning = smallestTexts(claimant.labels, mostTags + 1);
  return (local) => grant(local, (source) => texts(source, claimant, namespaceLabels, beginning));
}

function grant(
  { policy, reach }: LocalPolicy,
  textsOf: (source: TagSource) => readonly (string | undefined)[],
): Grant {
  const suffixes = new Set<string>();
  let missingValue = false;
  let illegalTag = false;
  for (const source of policy.tags) {
    for (const text of textsOf(source)) {
      if (text === undefined) missingValue = true;
      else if (isLegal(policy, text)) suffixes.add(scoped(policy, text));
      else illegalTag = true;
    }
  }
  let overflows = false;
  const most = mostOf(suffixes, () => (overflows = true));
  const tags = reach.prefixes.map((prefix) => tagSet(behind(prefix, most)));
  return { policy: policy.id, rank: rankOf(policy), reach, tags, overflows, missingValue, illegalTag };
}

function behind(prefix: string, suffixes: ReadonlySet<string>): string[] {
  // All are legal behind any prefix; what is left to see is whether they fit.
  return [...suffixes].flatMap((suffix) =>
    prefix.length + suffix.length <= maxTagLength ? prefix + suffix : (legalTag(prefix, suffix) ?? []),
  );
}

function texts(
  source: TagSource,
  { namespace, name, labels, fields }: Claimant,
  namespaceLabels: Labels,
  beginning: TextsBeginning,
): readonly (string | undefined)[] {
  if (source.kind === 'labelKeys') return labelKeySuffixes(source.keys, labels, beginning);
  const { node, serviceAccount } = fields;
  return [render(source.template, { namespace, pod: name, node, serviceAccount, labels, namespaceLabels })];
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
