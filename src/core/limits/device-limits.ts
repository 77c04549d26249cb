// Limits of one device: which addresses have a slot in its tables, and how many tags each may carry.

import { AddressSlots, unlimited } from './address-slots.ts';
import { CapacityEvidence, capacityOutcome } from './capacity-evidence.ts';
import type { ProbeTiming } from './learned-limit.ts';
import { type Answer, type Deserved, hasEntry, type LimitedTable } from './limits-input.ts';
import type { Displacement, IsTaken, SlotCount } from './slots.ts';
import { TagEvidence } from './tag-evidence.ts';
import { noTags, type TagSet } from '../model/tag-set.ts';

export type { Answer, Deserved, LimitedTable } from './limits-input.ts';

type DeviceLimitsOptions = {
  readonly deserved: Deserved;
  /** The tables of this device that are kept. */
  readonly tables: () => readonly LimitedTable[];
  /** What is known beside the device's refusals: spec.limits, else what its model tells. */
  readonly configured: () => {
    readonly addresses: number | undefined;
    readonly tagsPerAddress: number | undefined;
  };
  /** Absent: the product's. */
  readonly timing?: ProbeTiming;
};

/** What its tables are to look at again. */
type Review = {
  /** Addresses of which the limits leave something else than before. */
  readonly addresses: ReadonlySet<string>;
  /** It may be so of every address. */
  readonly all: boolean;
};

/** From this part of the capacity on it is warned; below the other one it is not any more. */
const warnAt = 0.8;
const calmBelow = 0.75;

/**
 * It asks its tables what they hold, and tells them nothing: whoever sends calls settle() before a message, and has the
 * tables look again at what takeReview() returns.
 */
export class DeviceLimits {
  readonly #options: DeviceLimitsOptions;
  readonly #evidence: CapacityEvidence;
  readonly #tagEvidence: TagEvidence;
  readonly #slots: AddressSlots;
  #review: { readonly addresses: Set<string>; all: boolean } = { addresses: new Set(), all: false };
  /** As the tables were assessed with. */
  #plannedTags: number | undefined;
  #warns = false;

  constructor(options: DeviceLimitsOptions) {
    this.#options = options;
    this.#slots = new AddressSlots(options.deserved);
    const { tables, timing } = options;
    this.#evidence = new CapacityEvidence(timing);
    this.#tagEvidence = new TagEvidence(
      {
        namespaceOf: (address) => this.#namespaceOf(address),
        mostTaken: () => Math.max(0, ...tables().map((table) => table.mostTags())),
      },
      timing,
    );
  }

  /** The desired tags of the address, as far as it has a slot. */
  tagsOf(address: string): TagSet {
    return this.isOut(address) ? noTags : this.#options.deserved.tagsOf(address);
  }

  isOut(address: string): boolean {
    return this.#slots.isOut(address);
  }

  /** Why an address that is out lost its slot, or would; undefined: it has one. */
  displacementOf(address: string): Displacement | undefined {
    return this.#slots.displacementOf(address);
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

  /** Addresses without a slot. */
  get slotless(): number {
    return this.#slots.slotless;
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
    return least(this.slotless === 0 ? undefined : this.#evidence.probeAt, this.#tagEvidence.probeAt);
  }

  /** What others have in the device's other tables is not known yet: nothing should be sent, as it may have to go again. */
  get mustWait(): boolean {
    const tables = this.#options.tables();
    if (tables.length < 2 || this.capacity === undefined) return false;
    return tables.some(({ known, failing }) => !known && !failing);
  }

  /** The desired tags of the address, or their policies, have changed. @returns false: there are slots for all. */
  note(address: string): boolean {
    this.#slots.note(address);
    // A standby, which settles nothing, must not pile them up.
    if (this.#slots.isShort && !this.#isKnown) this.settle();
    return this.#slots.isShort;
  }

  /** Who has a slot may change with the next settle(). */
  get isStale(): boolean {
    return this.#slots.isStale;
  }

  /** Gives the slots away anew, by what is desired and registered by now. */
  settle(): void {
    const { moved, isOut } = this.#slots.settle(this.#slotCount(), this.#isTaken());
    for (const address of moved) this.#review.addresses.add(address);
    for (const address of isOut) this.#evidence.waits(this.#namespaceOf(address));
  }

  /** What its tables are to look at again since it was last asked. */
  takeReview(): Review {
    const review = this.#review;
    this.#review = { addresses: new Set(), all: false };
    return review;
  }

  /** Tries others than before when it is time to. */
  probe(now: number): void {
    if (this.isStale) this.settle();
    if (this.slotless > 0 && this.#evidence.probe(now)) {
      this.#slots.probe((address) => this.#namespaceOf(address), this.#isTaken());
      this.settle();
    }
    const crowded = () => new Set(this.#options.tables().flatMap((table) => [...table.crowded()]));
    for (const address of this.#tagEvidence.probe(now, crowded)) this.#review.addresses.add(address);
  }

  /** Takes up an answer. @returns addresses of the table of which what was refused may be sent again at once. */
  answered(answer: Answer, now: number): ReadonlySet<string> {
    const { outcome, taken } = capacityOutcome(answer, {
      entries: this.used,
      namespaceOf: (address) => this.#namespaceOf(address),
      isProbed: (address) => this.#slots.isProbed(address),
    });
    for (const address of taken) this.#slots.take(address);
    const retry = new Set<string>();
    if (this.#evidence.answered(outcome, now)) {
      const back = outcome.refused.map(({ address }) => address);
      for (const address of back) if (!this.#isElsewhere(address, answer.table)) retry.add(address);
      this.#slots.refuse(retry, this.#isTaken());
    }
    for (const address of this.#learnTags(answer, now)) retry.add(address);
    this.settle();
    return retry;
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
    this.#review.all = true;
  }

  #learnTags({ table, batch, refusedPairs }: Answer, now: number): readonly string[] {
    const tagsAt = (address: string) => table.tagsAt(address);
    const { all, retry } = this.#tagEvidence.answered({ batch, refusedPairs, tagsAt }, now);
    if (all) this.limitsChanged();
    return retry;
  }

  /** As the tables are by now. */
  #isTaken(): IsTaken {
    const tables = this.#options.tables();
    return (address) => tables.some((table) => hasEntry(table, address));
  }

  #isElsewhere(address: string, table: LimitedTable): boolean {
    return this.#options.tables().some((one) => one !== table && hasEntry(one, address));
  }

  #namespaceOf(address: string): string {
    return this.#options.deserved.namespaceOf?.(address) ?? '';
  }

  get #isKnown(): boolean {
    return this.#options.tables().some(({ known }) => known);
  }

  /** How many addresses of ours there are slots for, the same ones in each of the device's tables. */
  #slotCount(): SlotCount {
    const tables = this.#options.tables();
    if (!this.#isKnown) return unlimited;
    const unmanaged = tables.reduce((sum, table) => sum + table.unmanaged, 0);
    const slots = (limit = Number.POSITIVE_INFINITY) =>
      Math.max(0, Math.floor((limit - unmanaged) / tables.length));
    return { hard: slots(this.#options.configured().addresses), soft: slots(this.#evidence.limit) };
  }
}

/** The smaller one of those that are known. */
function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
