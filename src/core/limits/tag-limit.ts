// Chooses the tags of one address that fit the device's tag limit.

import { compareRanks, type Rank } from '../policies/rank.ts';
import { noTags, type TagSet } from '../model/tag-set.ts';

type FittingOptions = {
  /** How many of ours the address may carry. */
  readonly atMost: number;
  readonly ranks: ReadonlyMap<string, Rank>;
  /** Those that the device has there by now. */
  readonly present: TagSet;
  /** What is there stays, whatever its rank. */
  readonly staysTaken?: boolean;
};

/** By the rank of the policy; among equals what is there stays, and then the smaller text goes first. */
export function fittingTags(
  tags: TagSet,
  { atMost, ranks, present, staysTaken = false }: FittingOptions,
): TagSet {
  if (tags.length <= atMost) return tags;
  if (atMost <= 0) return noTags;
  const isThere = new Set(present);
  // The tags are sorted, and a sort keeps the order of equals.
  const byRank = (a: string, b: string) => compareRanks(ranks.get(a), ranks.get(b));
  const byPresence = (a: string, b: string) => Number(isThere.has(b)) - Number(isThere.has(a));
  const inOrder = tags.toSorted((a, b) =>
    staysTaken ? byPresence(a, b) || byRank(a, b) : byRank(a, b) || byPresence(a, b),
  );
  const fitting = new Set(inOrder.slice(0, atMost));
  return tags.filter((tag) => fitting.has(tag));
}
