// Gate for guarded removals: open only with complete information.

import type { PolicyId } from '../model/model.ts';
import { type Owner, ownerWords } from '../rights/ownership.ts';
import { type Scope, scopeOfSuffix } from '../model/policy-scope.ts';

export type Knowledge = {
  /** Pods, Namespaces, policies and PanFirewalls have each been listed in full since this process started. */
  readonly clusterSynced: boolean;
  /** What is known of this kind is behind: a list that replaces it is being read, or applied. undefined: none is. */
  readonly relisting?: string | undefined;
  /** The last read of the whole table agreed with the device's own count. Asked at every judgement. */
  readonly tableRead: () => boolean;
  /**
   * A policy that exists but cannot be understood, or is gone and it is not certain that it was deleted: it may claim
   * any tag of this scope. Asked at every judgement, so that the answer is never an old one. Absent: there is none.
   */
  readonly unreadableOwner?: ((scope: Scope) => PolicyId | undefined) | undefined;
  /** Another installation that has marked an overlapping prefix on this table, if one has. */
  readonly rival?: Owner | undefined;
};

export type RemovalGate = {
  /** Why the removal of this tag of ours must wait, or undefined when it may go. */
  (tag: string): string | undefined;
  /** Which policies could own the tag; undefined: none. Absent: what moves one tag's answer may move each. */
  readonly scopeOf?: (tag: string) => Scope | undefined;
};

export function removalGate(tagPrefix: string, knowledge: Knowledge): RemovalGate {
  const { unreadableOwner } = knowledge;
  const scopeOf = (tag: string) => scopeOfSuffix(tag.slice(tagPrefix.length));
  const gate = (tag: string) => {
    const closed = closedBy(knowledge);
    if (closed !== undefined) return closed;
    const scope = scopeOf(tag);
    const owner = scope === undefined ? undefined : unreadableOwner?.(scope);
    return owner === undefined ? undefined : `${describe(owner)} cannot be read and could claim it`;
  };
  return Object.assign(gate, { scopeOf });
}

/** Why every removal waits. */
function closedBy({ clusterSynced, relisting, tableRead, rival }: Knowledge): string | undefined {
  if (!clusterSynced) return 'the cluster has not been read in full';
  if (relisting !== undefined) return `the list of ${relisting} is being read again`;
  if (!tableRead()) return 'the table has not been read in full';
  if (rival === undefined) return undefined;
  return `${ownerWords(rival)} on this table`;
}

function describe(policy: PolicyId): string {
  return policy.startsWith('/') ? `ClusterPanTagPolicy ${policy.slice(1)}` : `PanTagPolicy ${policy}`;
}
