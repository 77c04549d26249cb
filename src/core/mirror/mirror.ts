// Mirror of our entries in one registered-ip table: the last full read, updated by every message since.

import { type BatchItem, sectionsOf } from '../message/batch.ts';
import type { RefusedPair } from '../message/refusals.ts';
import { noTags, type TagSet, tagSet, union, without } from '../model/tag-set.ts';

/** What the device is known to hold of ours at one address. */
export type Present = {
  readonly tags: TagSet;
  /** Tags that may be there or not: the message that said so had no answer. */
  readonly unsure: TagSet;
  /** Those of the unsure ones that were never known to be there. Absent: none. */
  readonly added?: TagSet;
};

/** What a full read found. */
export type TableReading = {
  readonly owned: ReadonlyMap<string, TagSet>;
  /** Addresses that carry tags of others, and how many, whether ours are there too or not. */
  readonly others: ReadonlyMap<string, number>;
  /** It agreed with the device's own count; without, what is absent may be there all the same. */
  readonly agreed: boolean;
  /** Addresses whose entries cannot be read: nothing is concluded of what is there. Absent: none. */
  readonly unreadable?: ReadonlySet<string>;
  /** It began when no message without an answer could take effect any more: it shows what came of them. */
  readonly verifies?: boolean;
};

const nothing: Present = { tags: noTags, unsure: noTags };

export class Mirror {
  /** An absent address holds nothing of ours. undefined before the first full read. */
  #present: Map<string, Present> | undefined;
  /** Addresses that messages moved while a full read was going on. */
  #touched: Set<string> | undefined;
  /** As of the last full read, like TableReading's. */
  #others: ReadonlyMap<string, number> = new Map();
  /** How many addresses carry tags of ours and of others. */
  #shared = 0;
  #pairs = 0;

  get known(): boolean {
    return this.#present !== undefined;
  }

  /** Addresses with tags of ours, or perhaps with some. */
  get owned(): number {
    return this.#present?.size ?? 0;
  }

  /** (address, tag) pairs of ours, the unsure ones left out. */
  get pairs(): number {
    return this.#pairs;
  }

  /** A full read is going on. */
  get reading(): boolean {
    return this.#touched !== undefined;
  }

  /** Addresses with tags of others only. */
  get foreign(): number {
    return this.#others.size - this.#shared;
  }

  /** How many tags of others the address carries. */
  othersAt(address: string): number {
    return this.#others.get(address) ?? 0;
  }

  /** The most tags, ours and others', that any address carries. One pass over all. */
  get mostTags(): number {
    let most = 0;
    for (const [address, { tags }] of this.#present ?? [])
      most = Math.max(most, tags.length + this.othersAt(address));
    for (const others of this.#others.values()) most = Math.max(most, others);
    return most;
  }

  at(address: string): Present {
    return this.#present?.get(address) ?? nothing;
  }

  addresses(): Iterable<string> {
    return this.#present?.keys() ?? [];
  }

  beginRead(): void {
    this.#touched = new Set();
  }

  /** What is known of these addresses stays, whatever the reading that is going on shows. */
  keep(addresses: Iterable<string>): void {
    for (const address of addresses) this.#touched?.add(address);
  }

  /** Addresses that messages moved meanwhile keep what those messages are known to have done. */
  endRead({ owned, others, agreed }: TableReading): void {
    const touched = this.#touched ?? new Set();
    const present = new Map<string, Present>();
    for (const [address, tags] of owned) {
      if (!touched.has(address)) present.set(address, { tags, unsure: noTags });
    }
    for (const [address, known] of this.#present ?? []) {
      if (touched.has(address)) present.set(address, known);
      else if (!agreed && !owned.has(address))
        present.set(address, { ...known, tags: noTags, unsure: union(known.tags, known.unsure) });
    }
    this.#present = present;
    this.#pairs = 0;
    for (const { tags } of present.values()) this.#pairs += tags.length;
    this.#others = others;
    this.#shared = [...others.keys()].filter((address) => present.has(address)).length;
    this.#touched = undefined;
  }

  /** A message moved the address while a full read is going on. */
  isMoving(address: string): boolean {
    return this.#touched?.has(address) === true;
  }

  abandonRead(): void {
    this.#touched = undefined;
  }

  forget(): void {
    this.#present = undefined;
    this.#others = new Map();
    this.#shared = 0;
    this.#pairs = 0;
  }

  /** The device did as it was told, but for the pairs that it refused: those are as they were. */
  applied(item: BatchItem, refused: readonly RefusedPair[]): void {
    const { address } = item;
    const sent = sectionsOf(item);
    const done = (section: RefusedPair['section']): TagSet => {
      const barred = refused.filter((refusedPair) => refusedPair.section === section);
      if (barred.some(({ tag }) => tag === undefined)) return noTags;
      return without(
        sent[section],
        barred.flatMap(({ tag = [] }) => tag),
      );
    };
    const added = done('register');
    const removed = done('unregister');
    const { tags, ...doubts } = this.at(address);
    const settled = [...removed, ...added];
    this.#set(address, {
      tags: union(without(tags, removed), added),
      unsure: without(doubts.unsure, settled),
      added: without(doubts.added ?? noTags, settled),
    });
  }

  /** The device may have done as it was told, or not: what it may have added or removed is unsure from here on. */
  doubtful(item: BatchItem): void {
    const { address } = item;
    const { register, unregister } = sectionsOf(item);
    const { tags, unsure, added = noTags } = this.at(address);
    const known = without(tags, unregister);
    const doubts = tagSet([...without(tags, known), ...without(register, known)]);
    const newcomers = without(register, [...tags, ...unsure]);
    this.#set(address, { tags: known, unsure: union(unsure, doubts), added: union(added, newcomers) });
  }

  /** The address was read by itself. */
  readBack(address: string, tags: TagSet): void {
    this.#set(address, { tags, unsure: noTags });
  }

  #set(address: string, { added = noTags, ...others }: Present): void {
    const present: Present = added.length > 0 ? { ...others, added } : others;
    this.#touched?.add(address);
    const before = this.owned;
    this.#pairs += present.tags.length - this.at(address).tags.length;
    if (present.tags.length + present.unsure.length === 0) this.#present?.delete(address);
    else this.#present?.set(address, present);
    if (this.#others.has(address)) this.#shared += this.owned - before;
  }
}
