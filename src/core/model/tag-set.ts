// Sets of tags as sorted arrays: compact, compared by identity first, and cheap to subtract.

/** Sorted by code unit, without duplicates. Never mutated once handed out. */
export type TagSet = readonly string[];

export const noTags: TagSet = Object.freeze([]);

export function tagSet(tags: Iterable<string>): TagSet {
  const sorted = [...new Set(tags)].sort();
  return sorted.length === 0 ? noTags : sorted;
}

export function sameTags(a: TagSet, b: TagSet): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every((tag, i) => tag === b[i]);
}

/** The tags of `a` that are not in `b`; `b` need not be sorted. */
export function without(a: TagSet, b: TagSet): TagSet {
  if (a === b || a.length === 0) return noTags;
  if (b.length === 0) return a;
  const has = membership(b);
  const rest = a.filter((tag) => !has(tag));
  return rest.length === 0 ? noTags : rest;
}

/** Whether a tag is among these; linear to make, constant to ask, and no Set where a few comparisons do. */
export function membership(tags: readonly string[]): (tag: string) => boolean {
  if (tags.length <= fewTags) return (tag) => tags.includes(tag);
  const set = new Set(tags);
  return (tag) => set.has(tag);
}

/** Up to here a scan is faster than a Set. */
const fewTags = 8;

export function union(a: TagSet, b: TagSet): TagSet {
  if (a === b || b.length === 0) return a;
  if (a.length === 0) return b;
  return tagSet([...a, ...b]);
}
