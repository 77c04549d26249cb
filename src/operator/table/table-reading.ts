// Interprets a full read: our tags by canonical address, and the addresses that carry others' tags.

import { canonicalHost } from '../../core/syntax/address.ts';
import { markerAddress, ownerOf } from '../../core/rights/ownership.ts';
import type { TableReading } from '../../core/mirror/mirror.ts';
import { noTags, type TagSet, tagSet, union } from '../../core/model/tag-set.ts';
import { smallest } from '../../core/model/collections.ts';
import type { RegisteredIp } from '../device/device-port.ts';

type OurReading = Omit<TableReading, 'agreed' | 'unreadable'> & {
  /** The smallest address with a tag under our prefix that the device has from an agent alone. */
  readonly learned: string | undefined;
  /** The smallest address with a tag that we registered and that agents teach, too. */
  readonly shared: string | undefined;
  /** Addresses whose entries cannot be read. */
  readonly unreadable: ReadonlySet<string>;
};

/**
 * Entries that the device learned from an agent are not ours, whatever they are called, but for what we registered
 * ourselves: the device shows a pair once, whoever taught it. The marks of owners are read apart from this (ownership.ts).
 * @param registered the tags that we are known to have registered at an address.
 */
export function toReading(
  entries: readonly RegisteredIp[],
  tagPrefix: string,
  registered: (address: string) => TagSet = () => noTags,
): OurReading {
  const owned = new Map<string, TagSet>();
  const others = new Map<string, number>();
  const unreadable = new Set<string>();
  const learned: string[] = [];
  const shared: string[] = [];
  const sort = sorter(tagPrefix);
  for (const entry of entries) {
    // Ranges and networks are nobody's Pod; they keep the device's text, so that an unregister names what it has.
    const address = canonicalHost(entry.ip) ?? entry.ip;
    if (entry.unreadable === true) {
      unreadable.add(address);
      others.set(address, 1 + (others.get(address) ?? 0));
      continue;
    }
    const { fromAgent, tags } = entry;
    const plain = address === markerAddress ? tags.filter((tag) => ownerOf(tag) === undefined) : tags;
    const prefixed = sort(plain);
    const ours = fromAgent ? bothIn(prefixed, registered(address)) : prefixed;
    const theirs = plain.length - ours.length;
    if (theirs > 0) others.set(address, theirs + (others.get(address) ?? 0));
    if (ours.length > 0) owned.set(address, union(ours, owned.get(address) ?? noTags));
    if (fromAgent && ours.length > 0) shared.push(address);
    if (fromAgent && ours.length < prefixed.length) learned.push(address);
  }
  return { owned, others, unreadable, learned: smallest(learned), shared: smallest(shared) };
}

function bothIn(tags: TagSet, registered: TagSet): TagSet {
  if (tags.length === 0 || registered.length === 0) return noTags;
  const known = new Set(registered);
  return tags.filter((tag) => known.has(tag));
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
