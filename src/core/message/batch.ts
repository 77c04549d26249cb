// One message to a device as the core sees it, and how many bytes its addresses take.

import type { RemovalCause } from '../model/model.ts';
import { noTags, type TagSet, union } from '../model/tag-set.ts';

/** What a message does to one address. `since`: when the oldest change behind it was seen, monotonic ms. */
export type BatchItem = {
  readonly address: string;
  readonly register: TagSet;
  readonly unregister: TagSet;
  /** Tags that the device holds and goes on holding, whose timeout begins anew or changes. Absent: none. */
  readonly refresh?: TagSet;
  /** What registrations, new or refreshed, are given. Absent or 0: they stay until they are taken back. */
  readonly timeoutSeconds?: number;
  readonly causes: ReadonlyMap<string, RemovalCause>;
  readonly since: number;
};

export type Batch = readonly BatchItem[];

export type BatchLimits = {
  readonly entries: number;
  /** Of the urlencoded call, as the device counts them. */
  readonly bytes: number;
  /** Of an address and a tag: as many a device may refuse by name. Absent: any number. */
  readonly pairs?: number;
};

/**
 * What a message says in each section. The device takes back before it registers, whatever the order, so a pair that is
 * refreshed stands in both: that is right whether registering again begins its timeout anew or not.
 */
export function sectionsOf({ register, unregister, refresh = noTags }: BatchItem) {
  return { unregister: union(unregister, refresh), register: union(register, refresh) };
}

/** What of a message is wished for. A refreshed tag that the device took back and refused to register again is missing. */
export function wishesOf(item: BatchItem): {
  readonly unregister: TagSet;
  readonly register: TagSet;
} {
  return { unregister: item.unregister, register: sectionsOf(item).register };
}

/** Nothing changes by it. */
export function isRefreshOnly({ register, unregister }: BatchItem): boolean {
  return register.length === 0 && unregister.length === 0;
}

// At most what a message, an entry and a member (with a timeout) take, urlencoded, besides the texts in them.
const messageBytes = 250;
const entryBytes = 110;
const memberBytes = 55;

/** Answers, address by address, whether it still goes with the ones before. The first always goes. */
export type Fits = (item: BatchItem) => boolean;

export function spaceFor({ entries, bytes, pairs = Number.POSITIVE_INFINITY }: BatchLimits): Fits {
  let takenEntries = 0;
  let takenPairs = 0;
  let takenBytes = messageBytes;
  return (item) => {
    const first = takenEntries === 0;
    for (const tags of Object.values(sectionsOf(item))) {
      if (tags.length === 0) continue;
      takenEntries += 1;
      takenPairs += tags.length;
      takenBytes += entryBytes + textBytes(item.address);
      for (const tag of tags) takenBytes += memberBytes + textBytes(tag);
    }
    return first || (takenEntries <= entries && takenPairs <= pairs && takenBytes <= bytes);
  };
}

/** An upper bound: what is plain in an urlencoded body takes one byte, an escaped character of XML the most, nine. */
function textBytes(text: string): number {
  return text.length + 8 * (text.match(/[^\w*. -]/g)?.length ?? 0);
}

/** What a message is about, in figures, for the log. */
export function countsOf(batch: Batch) {
  const causes: Record<string, number> = {};
  let registered = 0;
  let unregistered = 0;
  let refreshed = 0;
  for (const item of batch) {
    registered += item.register.length;
    unregistered += item.unregister.length;
    refreshed += item.refresh?.length ?? 0;
    for (const cause of item.causes.values()) causes[cause] = (causes[cause] ?? 0) + 1;
  }
  return { addresses: batch.length, registered, unregistered, refreshed, causes };
}

/** Every pair of a message, each removal with its cause, for those who ask why. */
export function pairsOf(batch: Batch): { readonly registered: string[]; readonly unregistered: string[] } {
  return {
    registered: batch.flatMap(({ address, register }) => register.map((tag) => `${address} ${tag}`)),
    unregistered: batch.flatMap(({ address, unregister, causes }) =>
      unregister.map((tag) => `${address} ${tag}: ${causes.get(tag) ?? ''}`),
    ),
  };
}
