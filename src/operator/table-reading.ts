// What a full read means for us: the tags that carry our prefix, by canonical address, and where others have tags.

import { canonicalHost } from '../core/address.ts';
import { markerAddress, ownerOf } from '../core/ownership.ts';
import type { TableReading } from '../core/table.ts';
import { noTags, type TagSet, tagSet, union } from '../core/tag-set.ts';
import type { RegisteredIp } from './device-port.ts';

export type OurReading = Omit<TableReading, 'agreed'> & {
  /** The smallest address with a tag under our prefix that the device has from an agent. */
  readonly learned: string | undefined;
};

/**
 * Entries that the device learned from an agent are never ours, whatever they are called; the marks of owners are
 * read apart from this (ownership.ts).
 */
export function toReading(entries: readonly RegisteredIp[], tagPrefix: string): OurReading {
  let learned: string | undefined;
  const owned = new Map<string, TagSet>();
  const others = new Map<string, number>();
  const sort = sorter(tagPrefix);
  for (const { ip, fromAgent, tags } of entries) {
    // Ranges and networks are nobody's Pod; they keep the device's text, so that an unregister names what it has.
    const address = canonicalHost(ip) ?? ip;
    const plain = address === markerAddress ? tags.filter((tag) => ownerOf(tag) === undefined) : tags;
    const prefixed = sort(plain);
    const theirs = fromAgent ? plain.length : plain.length - prefixed.length;
    const isLearned = fromAgent && prefixed.length > 0;
    if (theirs > 0) others.set(address, theirs + (others.get(address) ?? 0));
    if (!fromAgent && prefixed.length > 0) owned.set(address, union(prefixed, owned.get(address) ?? noTags));
    if (isLearned && (learned === undefined || address < learned)) learned = address;
  }
  return { owned, others, learned };
}

/** Picks out prefixed tags. Most addresses share their list of tags with many: each is looked at once. */
function sorter(tagPrefix: string): (tags: readonly string[]) => TagSet {
  const known = new Map<readonly string[], TagSet>();
  return (tags) => {
    const before = known.get(tags);
    if (before !== undefined) return before;
    const prefixed = tagSet(tags.filter((tag) => tag.startsWith(tagPrefix)));
    known.set(tags, prefixed);
    return prefixed;
  };
}
