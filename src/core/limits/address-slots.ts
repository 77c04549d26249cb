// Keeps who has a slot on a device up to date while there are fewer slots than addresses, and costs nothing while there are not.

import type { Deserved } from './limits-input.ts';
import { type Displacement, type IsTaken, type SlotCount, Slots } from './slots.ts';

type Settled = {
  /** Addresses that got in or out. */
  readonly moved: readonly string[];
  /** Those of the noted ones that are out. */
  readonly isOut: readonly string[];
};

/** Where the slots are more than the addresses by this factor, it is no longer computed who has one. */
const ample = 1.1;
/** There are slots for all. */
export const unlimited: SlotCount = { hard: Number.POSITIVE_INFINITY, soft: Number.POSITIVE_INFINITY };

export class AddressSlots {
  readonly #deserved: Deserved;
  /** Only while there are not slots for all. */
  #slots: Slots | undefined;
  /** Addresses whose desired tags or rank may have changed since the last settle(). */
  readonly #noted = new Set<string>();

  constructor(deserved: Deserved) {
    this.#deserved = deserved;
  }

  /** There are not slots for all. */
  get isShort(): boolean {
    return this.#slots !== undefined;
  }

  /** Something was noted since the last settle(). */
  get isStale(): boolean {
    return this.#noted.size > 0;
  }

  /** Addresses without a slot. */
  get slotless(): number {
    return this.#slots?.slotless ?? 0;
  }

  isOut(address: string): boolean {
    return this.#slots?.isOut(address) === true;
  }

  /** It is tried though there is no slot for it. */
  isProbed(address: string): boolean {
    return this.#slots?.isProbed(address) === true;
  }

  /** Why an address that is out lost its slot, or would; undefined: it has one. */
  displacementOf(address: string): Displacement | undefined {
    return this.#slots?.displacementOf(address);
  }

  /** The desired tags of the address, or their policies, have changed. */
  note(address: string): void {
    if (this.isShort) this.#noted.add(address);
  }

  take(address: string): void {
    this.#slots?.take(address);
  }

  /** The device refused them as it is full: they wait, after all others. */
  refuse(addresses: Iterable<string>, isTaken: IsTaken): void {
    this.#slots ??= this.#opened(isTaken);
    for (const address of addresses) this.#slots.refuse(address);
  }

  /** Tries one address of each group. */
  probe(groupOf: (address: string) => string, isTaken: IsTaken): void {
    this.#slots?.probe(groupOf, isTaken);
  }

  /** Gives so many slots away anew. It costs what has changed. */
  settle(free: SlotCount, isTaken: IsTaken): Settled {
    const { count } = this.#deserved;
    const slots = Math.min(free.hard, free.soft);
    if (count > slots) this.#slots ??= this.#opened(isTaken);
    if (this.#slots === undefined) return { moved: [], isOut: [] };
    this.#takeNoted(this.#slots);
    this.#slots.settle(free, isTaken);
    const moved = this.#slots.takeMoved();
    const isOut = [...this.#noted].filter((address) => this.isOut(address));
    this.#noted.clear();
    if (this.#slots.slotless === 0 && count * ample <= slots) this.#slots = undefined;
    return { moved, isOut };
  }

  #takeNoted(slots: Slots): void {
    const deserved = this.#deserved;
    for (const address of this.#noted) {
      if (deserved.tagsOf(address).length === 0) slots.delete(address);
      else slots.put(address, deserved.rankOf(address));
    }
  }

  /** What is registered came first, and has a slot to lose; then comes what has been desired for longest. */
  #opened(isTaken: IsTaken): Slots {
    const deserved = this.#deserved;
    const slots = new Slots();
    const later: string[] = [];
    for (const address of deserved.addresses()) {
      if (isTaken(address)) slots.put(address, deserved.rankOf(address));
      else later.push(address);
    }
    slots.settle(unlimited, isTaken);
    for (const address of later) slots.put(address, deserved.rankOf(address));
    return slots;
  }
}
