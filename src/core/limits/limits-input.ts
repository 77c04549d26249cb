// Feeds the limits of a device: desired tags, what its tables hold, and answers to messages.

import type { Batch } from '../message/batch.ts';
import type { Rank } from '../policies/rank.ts';
import type { RefusedPair } from '../message/refusals.ts';
import type { TagSet } from '../model/tag-set.ts';

/** The desired tags of the firewall's addresses, before any limit. */
export type Deserved = {
  tagsOf(address: string): TagSet;
  addresses(): Iterable<string>;
  /** How many addresses those are. */
  readonly count: number;
  /** Of the highest policy that gives the address tags. */
  rankOf(address: string): Rank;
  /** Of the Pod that holds the address; absent or undefined: not known. */
  namespaceOf?(address: string): string | undefined;
};

/** What one table of the device holds, as far as is known. Counts are of addresses, the mark of ownership included. */
export type LimitedTable = {
  /** It has been read in full. */
  readonly known: boolean;
  /** It cannot be read for now. */
  readonly failing: boolean;
  /** All that it holds. */
  readonly entries: number;
  /** What it holds whoever has a slot: entries of others, and of ours those that are not desired and stay for now. */
  readonly unmanaged: number;
  /** How many tags, including other clients', are at this address. */
  tagsAt(address: string): number;
  /** The most of them that any address of the table carries. One pass over all. */
  mostTags(): number;
  /** Addresses with tags that do not fit. */
  crowded(): Iterable<string>;
};

/** The device answered a message to one of its tables, which has taken up the answer. */
export type Answer = {
  readonly table: LimitedTable;
  readonly batch: Batch;
  /** Addresses that were not in the table before the message and were to be, in order. */
  readonly newcomers: readonly string[];
  readonly refusedPairs: readonly RefusedPair[];
};

/** The table has tags of somebody at this address. */
export function hasEntry(table: LimitedTable, address: string): boolean {
  return table.tagsAt(address) > 0;
}
