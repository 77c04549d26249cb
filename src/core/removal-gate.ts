// May a removal go that rests on absence? Only with full knowledge; this is the one place that says so.

import type { PolicyId } from './model.ts';
import type { Owner } from './ownership.ts';
import { scopeOf, scopeOfSuffix } from './unreadable-policies.ts';

export type Knowledge = {
  /** Pods, Namespaces, policies and PanFirewalls have each been listed in full since this process started. */
  readonly clusterSynced: boolean;
  /** The last read of the whole table agreed with the device's own count. */
  readonly tableRead: boolean;
  /**
   * Policies that exist but cannot be understood, or are gone and it is not certain that they were deleted: they may
   * claim any tag that could be theirs. One of those that could claim the same tags is enough.
   */
  readonly invalidPolicies: Iterable<PolicyId>;
  /** Another installation that has marked an overlapping prefix on this table, if one has. */
  readonly rival?: Owner | undefined;
};

/** Answers for one tag of ours why its removal must wait, or undefined when it may go. */
export type RemovalGate = (tag: string) => string | undefined;

export function removalGate(tagPrefix: string, knowledge: Knowledge): RemovalGate {
  if (!knowledge.clusterSynced) return () => 'the cluster has not been read in full';
  if (!knowledge.tableRead) return () => 'the table has not been read in full';
  const { rival } = knowledge;
  if (rival !== undefined)
    return () => `another operator, ${rival.id}, has marked ${rival.prefix} on this table`;
  const claimants = new Map([...knowledge.invalidPolicies].map((id) => [scopeOf(id), id]));
  return (tag) => {
    const scope = scopeOfSuffix(tag.slice(tagPrefix.length));
    const owner = scope === undefined ? undefined : claimants.get(scope);
    return owner === undefined ? undefined : `${describe(owner)} cannot be read and could claim it`;
  };
}

function describe(policy: PolicyId): string {
  return policy.startsWith('/') ? `ClusterPanTagPolicy ${policy.slice(1)}` : `PanTagPolicy ${policy}`;
}
