// Limits of one device: which addresses have a place in its tables, and how many tags each may carry.

import type { Answer, ConfiguredLimits, Deserved, LimitedTable } from './limited-device.ts';
import type { ProbeTiming } from './learned-limit.ts';
import { type Displacement, Places, type Room } from './places.ts';
import { RoomEvidence } from './room-evidence.ts';
import { TagEvidence } from './tag-evidence.ts';
import { noTags, type TagSet } from '../model/tag-set.ts';

export type { Answer, ConfiguredLimits, Deserved, LimitedTable } from './limited-device.ts';

type DeviceLimitsOptions = {
  readonly deserved: Deserved;
  /** The tables of this device that are kept. */
  readonly tables: () => readonly LimitedTable[];
  readonly configured: () => ConfiguredLimits;
  /** An address got a place, or lost it. */
  readonly moved: (address: string) => void;
  /** Absent: the product's. */
  readonly timing?: ProbeTiming;
};

/** Where the places are more than the addresses by this factor, the books about who has one are closed. */
const ample = 1.1;
/** From this part of the capacity on it is warned; below the other one it is not any more. */
const warnAt = 0.8;
const calmBelow = 0.75;

export class DeviceLimits {
  readonly #options: DeviceLimitsOptions;
  readonly #evidence: RoomEvidence;
  readonly #tagEvidence: TagEvidence;
  /** Only while there are not places for all. */
  #places: Places | undefined;
  /** Who lost a place for want of room, rather than to somebody of a higher rank. */
  readonly #crowdedOut = new Set<string>();
  #isFilling = false;
  /** As the tables were planned with. */
  #plannedTags: number | undefined;
  #warns = false;

  constructor(options: DeviceLimitsOptions) {
    this.#options = options;
    const { tables, timing } = options;
    this.#evidence = new RoomEvidence(timing);
    this.#tagEvidence = new TagEvidence(
      {
        namespaceOf: (address) => this.#namespaceOf(address),
        mostTaken: () => Math.max(0, ...tables().map((table) => table.mostTags())),
      },
      timing,
    );
  }

  /** The desired tags of the address, as far as it has a place. */
  tagsOf(address: string): TagSet {
    return this.isOut(address) ? noTags : this.#options.deserved.tagsOf(address);
  }

  isOut(address: string): boolean {
    return this.#places?.isOut(address) === true;
  }

  /** Why an address that is out lost its place, or would; undefined: it has one. */
  displacementOf(address: string): Displacement | undefined {
    if (!this.isOut(address)) return undefined;
    return this.#crowdedOut.has(address) ? 'room' : 'rank';
  }

  /** Addresses that the device is known to take, in all tables, including other clients'; undefined: not known. */
  get capacity(): number | undefined {
    return least(this.#evidence.limit, this.#options.configured().addresses);
  }

  /** Addresses that its tables hold, as far as they are kept. */
  get used(): number {
    return this.#options.tables().reduce((sum, { entries }) => sum + entries, 0);
  }

  /** The device itself refused more: not only the spec or its model say so. */
  get isRefused(): boolean {
    return this.#evidence.limit !== undefined && this.capacity === this.#evidence.limit;
  }

  /** How many tags, including other clients', one address may carry; undefined: not known. */
  get tagsPerAddress(): number | undefined {
    return least(this.#tagEvidence.limit, this.configuredTags);
  }

  /** The same as it is configured: what goes beyond it goes. */
  get configuredTags(): number | undefined {
    return this.#options.configured().tagsPerAddress;
  }

  /** The same as refusals told it: what the address has beyond it stays. */
  refusedTagsAt(address: string): number | undefined {
    return this.#tagEvidence.limitAt(address);
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

  /** When more is to be tried on a device that refused some, monotonic ms. */
  get probeAt(): number | undefined {
    return least(this.waiting === 0 ? undefined : this.#evidence.probeAt, this.#tagEvidence.probeAt);
  }

  /** What others have in the device's other tables is not known yet: nothing should be sent, as it may have to go again. */
  get mustWait(): boolean {
    const tables = this.#options.tables();
    if (tables.length < 2 || this.capacity === undefined) return false;
    return tables.some(({ known, failing }) => !known && !failing);
  }

  /** The desired tags of the address, or their policies, have changed, and its tables know it already. */
  note(address: string): void {
    if (this.#places === undefined) return this.settle();
    const { deserved } = this.#options;
    if (deserved.tagsOf(address).length === 0) {
      this.#places.delete(address);
      this.#crowdedOut.delete(address);
    } else this.#places.put(address, deserved.rankOf(address));
    this.settle();
    if (!this.isOut(address)) return;
    this.#evidence.waits(this.#namespaceOf(address));
    this.#review(address);
  }

  /** Gives the places away anew, after anything that moves how many there are. */
  settle(): void {
    const room = this.#room();
    const places = Math.min(room.hard, room.soft);
    const { count } = this.#options.deserved;
    if (this.#places === undefined && count <= places) return;
    if (this.#places === undefined) return this.#open(room, []);
    this.#places.settle(room);
    if (this.#places.waiting === 0 && count * ample <= places) this.#places = undefined;
  }

  /** Tries others than before when it is time to. */
  probe(now: number): void {
    if (this.waiting > 0 && this.#evidence.probe(now)) {
      this.#places?.probe((address) => this.#namespaceOf(address));
      this.settle();
    }
    const tables = this.#options.tables();
    const crowded = () => new Set(tables.flatMap((table) => [...table.crowded()]));
    for (const address of this.#tagEvidence.probe(now, crowded)) this.#review(address);
  }

  /** The table has applied the answer to a message. */
  answered(answer: Answer, now: number): void {
    const { table, batch, newcomers, rejections } = answer;
    const lastTaken = newcomers.findLastIndex((address) => table.hasEntry(address));
    const candidates = new Set(newcomers.slice(lastTaken + 1));
    const refused = rejections.flatMap(({ address, limit }) =>
      limit?.kind === 'addresses' && candidates.has(address)
        ? [{ address, isCertain: limit.isCertain, namespace: this.#namespaceOf(address) }]
        : [],
    );
    const freed = batch.filter(
      ({ address, unregister }) => unregister.length > 0 && !table.hasEntry(address),
    );
    const taken = newcomers.filter((address) => table.hasEntry(address));
    const isProbeTaken = taken.some((address) => this.#places?.isProbed(address) === true);
    for (const address of taken) this.#places?.take(address);
    const outcome = { freed: freed.length, taken: taken.length, isProbeTaken, refused, entries: this.used };
    if (this.#evidence.answered(outcome, now))
      this.#sendBack(
        refused.map(({ address }) => address),
        table,
      );
    this.#learnTags(answer, now);
    this.settle();
  }

  /** The device is another one, or has another release: what it refused says nothing any more. */
  forgetRefusals(): void {
    this.#evidence.forget();
    this.#tagEvidence.forget();
    this.limitsChanged();
  }

  /** spec.limits or what the model tells may have changed. */
  limitsChanged(): void {
    this.settle();
    if (this.tagsPerAddress === this.#plannedTags) return;
    this.#plannedTags = this.tagsPerAddress;
    for (const table of this.#options.tables()) table.reviewAll();
  }

  #learnTags({ table, batch, rejections }: Answer, now: number): void {
    const tagsAt = (address: string) => table.tagsAt(address);
    const { all, retry } = this.#tagEvidence.answered({ batch, rejections, tagsAt }, now);
    for (const address of new Set(retry)) table.retry(address);
    if (all) this.limitsChanged();
  }

  /** Those that the device refused for want of room wait now, after all others. */
  #sendBack(refused: readonly string[], table: LimitedTable): void {
    const isElsewhere = (address: string) =>
      this.#options.tables().some((one) => one !== table && one.hasEntry(address));
    const back = [...new Set(refused)].filter((address) => !isElsewhere(address));
    if (this.#places === undefined) this.#open(this.#room(), back);
    else for (const address of back) this.#places.refuse(address);
    for (const address of back) table.retry(address);
  }

  #namespaceOf(address: string): string {
    return this.#options.deserved.namespaceOf?.(address) ?? '';
  }

  /** How many addresses of ours there are places for, the same ones in each of the device's tables. */
  #room(): Room {
    const tables = this.#options.tables();
    const taken = tables.reduce((sum, table) => sum + table.taken, 0);
    const isKnown = tables.some(({ known }) => known);
    const places = (limit: number | undefined) =>
      limit === undefined || !isKnown
        ? Number.POSITIVE_INFINITY
        : Math.max(0, Math.floor((limit - taken) / tables.length));
    return { hard: places(this.#options.configured().addresses), soft: places(this.#evidence.limit) };
  }

  /**
   * Begins to keep books: what is registered came first, then what has been desired for longest, and last what was just
   * refused. Whoever is registered and finds no place lost it for want of room.
   */
  #open(room: Room, refused: readonly string[]): void {
    const { deserved, tables } = this.#options;
    const known = tables();
    const isTaken = (address: string) => known.some((table) => table.hasEntry(address));
    const places = new Places({ isTaken, moved: (address, why) => this.#moved(address, why) });
    const put = (address: string) => places.put(address, deserved.rankOf(address));
    const later: string[] = [];
    this.#crowdedOut.clear();
    this.#isFilling = true;
    for (const address of deserved.addresses()) {
      if (isTaken(address)) put(address);
      else later.push(address);
    }
    places.settle({ hard: Number.POSITIVE_INFINITY, soft: Number.POSITIVE_INFINITY });
    for (const address of later) put(address);
    for (const address of refused) places.refuse(address);
    places.settle(room);
    this.#isFilling = false;
    this.#places = places;
    for (const address of places.addressesOut()) this.#review(address);
  }

  #moved(address: string, why: Displacement | undefined): void {
    if (why === 'room') this.#crowdedOut.add(address);
    else this.#crowdedOut.delete(address);
    if (!this.#isFilling) this.#review(address);
  }

  #review(address: string): void {
    for (const table of this.#options.tables()) table.review(address);
    this.#options.moved(address);
  }
}

/** Each once, however many of its tags are named. */
function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
