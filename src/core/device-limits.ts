// What one device takes of one PanFirewall: which addresses have a place in its tables, and how many tags each may carry.

import type { Batch } from './batch.ts';
import { Places } from './places.ts';
import type { Rank } from './rank.ts';
import type { Rejection } from './refusals.ts';
import { RoomEvidence } from './room-evidence.ts';
import { noTags, type TagSet } from './tag-set.ts';

/** What the firewall's addresses deserve, before any limit. */
export type Deserved = {
  tagsOf(address: string): TagSet;
  addresses(): Iterable<string>;
  /** How many addresses those are. */
  readonly count: number;
  /** Of the highest policy that gives the address tags. */
  rankOf(address: string): Rank;
};

/** One table of the device, as far as limits go. Counts are of addresses, the mark of ownership included. */
export type LimitedTable = {
  /** It has been read in full. */
  readonly known: boolean;
  /** It cannot be read for now. */
  readonly failing: boolean;
  /** All that it holds, as far as is known. */
  readonly entries: number;
  /** What it holds whoever gets a place: entries of others, and of ours those that nobody deserves and that stay for now. */
  readonly taken: number;
  /** Somebody's tags are at this address. */
  hasEntry(address: string): boolean;
  /** How many tags, everybody's, are at this address. */
  tagsAt(address: string): number;
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

export type DeviceLimitsOptions = {
  readonly deserved: Deserved;
  /** The tables of this device that are kept. */
  readonly tables: () => readonly LimitedTable[];
  readonly configured: () => ConfiguredLimits;
  /** An address got a place, or lost it. */
  readonly moved: (address: string) => void;
};

/** Where the places are more than the addresses by this factor, the books about who has one are closed. */
const ample = 1.1;
/** From this part of the capacity on it is warned; below the other one it is not any more. */
const warnAt = 0.8;
const calmBelow = 0.75;

export type Answer = {
  readonly table: LimitedTable;
  readonly batch: Batch;
  /** Addresses that were not in the table before the message and were to be, in order. */
  readonly newcomers: readonly string[];
  readonly rejections: readonly Rejection[];
};

export class DeviceLimits {
  readonly #options: DeviceLimitsOptions;
  readonly #evidence = new RoomEvidence();
  /** The fewest tags of one address that the device called too many. */
  #refusedTags: number | undefined;
  /** Only while there are not places for all. */
  #places: Places | undefined;
  #isFilling = false;
  /** As the tables were planned with. */
  #plannedTags: number | undefined;
  #warns = false;

  constructor(options: DeviceLimitsOptions) {
    this.#options = options;
  }

  /** What the address deserves, as far as it has a place. */
  tagsOf(address: string): TagSet {
    return this.isOut(address) ? noTags : this.#options.deserved.tagsOf(address);
  }

  isOut(address: string): boolean {
    return this.#places?.isOut(address) === true;
  }

  /** Addresses that the device is known to take, all tables, everybody's; undefined: not known. */
  get capacity(): number | undefined {
    return least(this.#evidence.shown, this.#options.configured().addresses);
  }

  /** Addresses that its tables hold, as far as they are kept. */
  get used(): number {
    return this.#options.tables().reduce((sum, { entries }) => sum + entries, 0);
  }

  /** The device itself refused more: not only the spec or its model say so. */
  get isRefused(): boolean {
    return this.#evidence.shown !== undefined && this.capacity === this.#evidence.shown;
  }

  /** How many tags, everybody's, one address may carry; undefined: not known. */
  get tagsPerAddress(): number | undefined {
    return least(this.#refusedTags, this.#options.configured().tagsPerAddress);
  }

  /** Addresses without a place. */
  get waiting(): number {
    return this.#places?.waiting ?? 0;
  }

  /** The device is nearly full. */
  get warns(): boolean {
    const { capacity } = this;
    if (capacity === undefined) this.#warns = false;
    else this.#warns = this.used >= capacity * (this.#warns ? calmBelow : warnAt);
    return this.#warns;
  }

  /** When one more address is to be tried on a device that refused some, monotonic ms. */
  get probeAt(): number | undefined {
    return this.waiting === 0 ? undefined : this.#evidence.probeAt;
  }

  /** What others have in the device's other tables is not known yet: nothing should be sent, as it may have to go again. */
  get mustWait(): boolean {
    const tables = this.#options.tables();
    if (tables.length < 2 || this.capacity === undefined) return false;
    return tables.some(({ known, failing }) => !known && !failing);
  }

  /** What the address deserves, or who gives it, has changed, and its tables have heard of it. */
  note(address: string): void {
    if (this.#places === undefined) return this.settle();
    const { deserved } = this.#options;
    if (deserved.tagsOf(address).length === 0) this.#places.delete(address);
    else this.#places.put(address, deserved.rankOf(address));
    this.settle();
    if (this.isOut(address)) this.#review(address);
  }

  /** Gives the places away anew, after anything that moves how many there are. */
  settle(): void {
    const places = this.#room();
    const { count } = this.#options.deserved;
    if (this.#places === undefined && count <= places) return;
    if (this.#places === undefined) return this.#open(places);
    this.#places.settle(places);
    if (this.#places.waiting === 0 && count * ample <= places) this.#places = undefined;
  }

  /** Tries one more address when it is time to. */
  probe(now: number): void {
    if (this.waiting > 0 && this.#evidence.probe(now)) this.settle();
  }

  /** The table has taken up the answer to a message. */
  answered(answer: Answer, now: number): void {
    const { table, batch, newcomers, rejections } = answer;
    const lastTaken = newcomers.findLastIndex((address) => table.hasEntry(address));
    const candidates = new Set(newcomers.slice(lastTaken + 1));
    const refused = rejections.flatMap(({ address, limit }) =>
      limit?.kind === 'addresses' && candidates.has(address) ? [{ address, isCertain: limit.isCertain }] : [],
    );
    const freed = batch.filter(
      ({ address, unregister }) => unregister.length > 0 && !table.hasEntry(address),
    );
    const taken = newcomers.filter((address) => table.hasEntry(address)).length;
    const outcome = { freed: freed.length, taken, refused, entries: this.used };
    const isFull = this.#evidence.answered(outcome, now);
    if (isFull) for (const address of addressesIn(refused)) table.retry(address);
    this.#learnTags(answer);
    this.settle();
  }

  /** The device is another one, or has another release: what it refused says nothing any more. */
  forgetRefusals(): void {
    this.#evidence.forget();
    this.#refusedTags = undefined;
    this.limitsChanged();
  }

  /** spec.limits or what the model tells may have changed. */
  limitsChanged(): void {
    this.settle();
    if (this.tagsPerAddress === this.#plannedTags) return;
    this.#plannedTags = this.tagsPerAddress;
    for (const table of this.#options.tables()) table.reviewAll();
  }

  #learnTags({ table, rejections }: Answer): void {
    const refused = rejections.filter(({ limit }) => limit?.kind === 'tags');
    if (refused.length === 0) return;
    const before = this.tagsPerAddress;
    for (const { address, limit } of refused) {
      // What is there, the device has taken, whatever figure it names.
      const figure = Math.max(limit?.figure ?? 0, table.tagsAt(address));
      if (figure > 0) this.#refusedTags = least(this.#refusedTags, figure);
    }
    // A limit that was known already was kept, and yet refused: that is set aside like any refusal.
    if (this.tagsPerAddress === before) return;
    for (const address of addressesIn(refused)) table.retry(address);
    this.limitsChanged();
  }

  /** How many addresses of ours there are places for, the same ones in each of the device's tables. */
  #room(): number {
    const limit = least(this.#evidence.limit, this.#options.configured().addresses);
    if (limit === undefined) return Number.POSITIVE_INFINITY;
    const tables = this.#options.tables();
    if (!tables.some(({ known }) => known)) return Number.POSITIVE_INFINITY;
    const taken = tables.reduce((sum, table) => sum + table.taken, 0);
    return Math.max(0, Math.floor((limit - taken) / tables.length));
  }

  /** Begins to keep books: what is registered came first, then what has been desired for longest. */
  #open(room: number): void {
    const { deserved, tables } = this.#options;
    const known = tables();
    const places = new Places((address) => this.#isFilling || this.#review(address));
    const put = (address: string) => places.put(address, deserved.rankOf(address));
    const later: string[] = [];
    for (const address of deserved.addresses()) {
      if (known.some((table) => table.hasEntry(address))) put(address);
      else later.push(address);
    }
    for (const address of later) put(address);
    this.#isFilling = true;
    places.settle(room);
    this.#isFilling = false;
    this.#places = places;
    for (const address of places.addressesOut()) this.#review(address);
  }

  #review(address: string): void {
    for (const table of this.#options.tables()) table.review(address);
    this.#options.moved(address);
  }
}

/** Each once, however many of its tags are named. */
function addressesIn(refused: readonly { readonly address: string }[]): ReadonlySet<string> {
  return new Set(refused.map(({ address }) => address));
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
