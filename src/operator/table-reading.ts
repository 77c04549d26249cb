// What a full read means for us: the tags that carry our prefix, by canonical address, and where others have tags.

import { canonicalHost } from '../core/address.ts';
import type { TableReading } from '../core/table.ts';
import { tagSet, union } from '../core/tag-set.ts';
import type { RegisteredIp } from './device-port.ts';

/** Entries that the device learned from an agent are never ours, whatever they are called. */
export function toReading(entries: readonly RegisteredIp[], tagPrefix: string): TableReading {
  const owned = new Map<string, readonly string[]>();
  const others = new Set<string>();
  for (const { ip, fromAgent, tags } of entries) {
    // Ranges and networks are nobody's Pod; they keep the device's text, so that an unregister names what it has.
    const address = canonicalHost(ip) ?? ip;
    const ours = fromAgent ? [] : tags.filter((tag) => tag.startsWith(tagPrefix));
    if (ours.length < tags.length) others.add(address);
    if (ours.length > 0) owned.set(address, union(tagSet(ours), owned.get(address) ?? []));
  }
  return { owned, others };
}
