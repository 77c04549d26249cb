// May a removal go that rests on absence? Only with full knowledge; this is the one place that says so.

import type { PolicyId } from './model.ts';

export type Knowledge = {
  /** Pods, Namespaces, policies and PanFirewalls have each been listed in full since this process started. */
  readonly clusterSynced: boolean;
  /** The last read of the whole table agreed with the device's own count. */
  readonly tableRead: boolean;
  /** Policies that exist but cannot be understood: they may claim any tag that could be theirs. */
  readonly invalidPolicies: Iterable<PolicyId>;
};

/** Answers for one tag of ours why its removal must wait, or undefined when it may go. */
export type RemovalGate = (tag: string) => string | undefined;

export function removalGate(tagPrefix: string, knowledge: Knowledge): RemovalGate {
  if (!knowledge.clusterSynced) return () => 'the cluster has not been read in full';
  if (!knowledge.tableRead) return () => 'the table has not been read in full';
  const invalid = [...knowledge.invalidPolicies];
  if (invalid.length === 0) return () => undefined;
  return (tag) => {
    const owner = invalid.find((id) => couldOwn(id, tag.slice(tagPrefix.length)));
    return owner === undefined ? undefined : `${describe(owner)} is invalid and could claim it`;
  };
}

/** A PanTagPolicy owns `ns_<namespace>.`; a ClusterPanTagPolicy everything but `ns_`. */
function couldOwn(policy: PolicyId, suffix: string): boolean {
  if (policy.startsWith('/')) return !suffix.startsWith('ns_');
  return suffix.startsWith(`ns_${policy.slice(0, policy.indexOf('/'))}.`);
}

function describe(policy: PolicyId): string {
  return policy.startsWith('/') ? `ClusterPanTagPolicy ${policy.slice(1)}` : `PanTagPolicy ${policy}`;
}
