// Order in which tags get a place where a limit leaves no room for all.

import type { Policy } from '../model/model.ts';

/** Of a ClusterPanTagPolicy; undefined: that of all PanTagPolicies, which are equal to each other. */
export type Rank = { readonly priority: number; readonly name: string } | undefined;

export function rankOf({ namespace, name, priority = 0 }: Policy): Rank {
  return namespace === undefined ? { priority, name } : undefined;
}

/** Negative when `a` goes before `b`: by priority, the higher first, then by name; PanTagPolicies come last. */
export function compareRanks(a: Rank, b: Rank): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

/** Of two policies that give the same, the rank that counts. */
export function higherRank(a: Rank, b: Rank): Rank {
  return compareRanks(b, a) < 0 ? b : a;
}
