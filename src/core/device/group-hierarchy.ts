// Hierarchy of a Panorama's device groups: a group stands for the firewalls of all groups below it, too.

/** A group, and the groups that are directly below it. Every group that was told is a key. */
export type GroupHierarchy = ReadonlyMap<string, readonly string[]>;

/**
 * All groups below one, each once, nearest first; none where the group is not known. Of a hierarchy that goes in circles,
 * or that names a group twice, nothing is followed twice.
 */
export function groupsBelow(hierarchy: GroupHierarchy, group: string): readonly string[] {
  const seen = new Set([group]);
  for (const one of seen) for (const below of hierarchy.get(one) ?? []) seen.add(below);
  seen.delete(group);
  return [...seen];
}
