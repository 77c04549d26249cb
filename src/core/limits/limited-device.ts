// Feeds the limits of a device: desired tags, its tables, the spec, and answers to messages.

import type { Batch } from '../message/batch.ts';
import type { Rank } from '../policies/rank.ts';
import type { Rejection } from '../message/refusals.ts';
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

/** One table of the device, as far as limits go. Counts are of addresses, the mark of ownership included. */
export type LimitedTable = {
  /** It has been read in full. */
  readonly known: boolean;
  /** It cannot be read for now. */
  readonly failing: boolean;
  /** All that it holds, as far as is known. */
  readonly entries: number;
  /** Entries that are there whoever gets a place: others', and those of ours that are not desired and stay for now. */
  readonly taken: number;
  /** Somebody's tags are at this address. */
  hasEntry(address: string): boolean;
  /** How many tags, including other clients', are at this address. */
  tagsAt(address: string): number;
  /** The most of them that any address of the table carries. One pass over all. */
  mostTags(): number;
  /** Addresses with tags that do not fit. */
  crowded(): Iterable<string>;
  /** What limits leave of the address's tags has changed. */
  review(address: string): void;
  /** The same of every address. */
  reviewAll(): void;
  /** What was refused of the address may be sent again at once. */
  retry(address: string): void;
};

/** What is known beside the device's refusals: spec.limits, else what its model tells. */
export type ConfiguredLimits = {
  readonly addresses: number | undefined;
  readonly tagsPerAddress: number | undefined;
};

export type Answer = {
  readonly table: LimitedTable;
  readonly batch: Batch;
  /** Addresses that were not in the table before the message and were to be, in order. */
  readonly newcomers: readonly string[];
  readonly rejections: readonly Rejection[];
};
