// Which tags of one address fit, where the device takes fewer of them than the address deserves.

import { compareRanks, type Rank } from './rank.ts';
import { noTags, type TagSet } from './tag-set.ts';

export type TagRoom = {
  /** How many of ours the address may carry. */
  readonly room: number;
  readonly ranks: ReadonlyMap<string, Rank>;
  /** Those that the device has there by now. */
  readonly held: TagSet;
};

/** By the rank of the policy; among equals what is there stays, and then the smaller text goes first. */
export function fittingTags(tags: TagSet, { room, ranks, held }: TagRoom): TagSet {
  if (tags.length <= room) return tags;
  if (room <= 0) return noTags;
  const isThere = new Set(held);
  // The tags are sorted, and a sort keeps the order of equals.
  const inOrder = tags.toSorted(
    (a, b) => compareRanks(ranks.get(a), ranks.get(b)) || Number(isThere.has(b)) - Number(isThere.has(a)),
  );
  const fitting = new Set(inOrder.slice(0, room));
  return tags.filter((tag) => fitting.has(tag));
}
