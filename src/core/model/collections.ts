// Maps that keep no empty entries, counts and sets of members; and the smallest of some texts.

/** Adds to the count of a key; none is kept below 1. True when the key came or went. */
export function bump<K>(counts: Map<K, number>, key: K, by: number): boolean {
  const before = counts.get(key) ?? 0;
  const after = before + by;
  if (after > 0) counts.set(key, after);
  else counts.delete(key);
  return before === 0 || after <= 0;
}

/** Adds a member to the set of a key. */
export function addMember<K, V>(sets: Map<K, Set<V>>, key: K, member: V): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([member]));
  else set.add(member);
}

/** Takes a member out of the set of a key, and an empty set out of the map. */
export function deleteMember<K, V>(sets: Map<K, Set<V>>, key: K, member: V): void {
  const set = sets.get(key);
  if (set?.delete(member) === true && set.size === 0) sets.delete(key);
}

/** The smallest text, so that an example stays while it applies; undefined: there is none. */
export function smallest(texts: Iterable<string>): string | undefined {
  let least: string | undefined;
  for (const text of texts) if (least === undefined || text < least) least = text;
  return least;
}
