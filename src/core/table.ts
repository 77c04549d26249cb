// One registered-ip table: what the device is known to hold, what it should hold, and the next message between them.

import type { AddressChange } from './desired.ts';
import { type AddressPlan, type Held, holdsNothing, isEmpty, planAddress } from './plan.ts';
import { type Rejection, Refusals } from './refusals.ts';
import { RemovalCauses } from './removal-causes.ts';
import type { RemovalGate } from './removal-gate.ts';
import type { RemovalCause } from './model.ts';
import { type TagSet, union, without } from './tag-set.ts';

/** What a message does to one address. `since`: when the oldest change behind it was seen, monotonic ms. */
export type PlannedAddress = {
  readonly address: string;
  readonly register: TagSet;
  readonly unregister: TagSet;
  readonly causes: ReadonlyMap<string, RemovalCause>;
  readonly since: number;
};

export type Batch = readonly PlannedAddress[];

export type BatchLimits = { readonly entries: number; readonly bytes: number };

/** What a full read found of ours, and how many addresses carry other tags only. */
export type TableReading = {
  readonly owned: ReadonlyMap<string, TagSet>;
  readonly foreign: number;
};

/** The desired side of one firewall, asked per address. */
export type DesiredTags = {
  tagsOf(address: string): TagSet;
  addresses(): Iterable<string>;
};

// About what an entry and a member cost in the message besides their own text.
const entryBytes = 60;
const memberBytes = 20;

export class Table {
  readonly #desired: DesiredTags;
  readonly #causes = new RemovalCauses();
  readonly #refusals = new Refusals();
  #gate: RemovalGate;
  /** address -> what is held there; an absent address holds nothing of ours. undefined before the first full read. */
  #mirror: Map<string, Held> | undefined;
  #foreign = 0;
  // Addresses with work, each with the time of its oldest unconfirmed change. Insertion order is age.
  readonly #vacated = new Map<string, number>();
  readonly #changed = new Map<string, number>();
  readonly #waiting = new Set<string>();
  /** Addresses of the message on its way, and when they changed again meanwhile. */
  #inFlight: Map<string, number | undefined> | undefined;
  /** Addresses that messages moved while a full read was going on. */
  #touched: Set<string> | undefined;
  #lastConfirmedAt = Number.NEGATIVE_INFINITY;

  constructor(desired: DesiredTags, gate: RemovalGate) {
    this.#desired = desired;
    this.#gate = gate;
  }

  /** Takes up a change of the desired side. */
  note(change: AddressChange, now: number): void {
    this.#causes.note(change);
    this.#refusals.forgive(change.address);
    if (this.#inFlight?.has(change.address)) {
      this.#inFlight.set(change.address, this.#inFlight.get(change.address) ?? now);
      return;
    }
    this.#assess(change.address, now, now);
  }

  /** The knowledge behind removals changed: what waited is judged anew. */
  setGate(gate: RemovalGate, now: number): void {
    this.#gate = gate;
    for (const address of this.#waiting) this.#assess(address, now, now);
  }

  beginRead(): void {
    this.#touched = new Set();
  }

  /** A full read ended well. Addresses that messages moved meanwhile keep what those messages confirmed. */
  endRead(reading: TableReading, now: number): void {
    const touched = this.#touched ?? new Set();
    const before = this.#mirror ?? new Map<string, Held>();
    const mirror = new Map<string, Held>();
    for (const [address, tags] of reading.owned) {
      if (!touched.has(address)) mirror.set(address, { tags, sure: true });
    }
    for (const address of touched) {
      const held = before.get(address);
      if (held !== undefined) mirror.set(address, held);
    }
    this.#mirror = mirror;
    this.#foreign = reading.foreign;
    this.#touched = undefined;
    const everywhere = new Set([...before.keys(), ...mirror.keys(), ...this.#desired.addresses()]);
    for (const address of everywhere) this.#assess(address, now, now);
  }

  abandonRead(): void {
    this.#touched = undefined;
  }

  /** The device is another one, or was emptied: nothing is known of it. */
  forget(): void {
    this.#mirror = undefined;
    this.#vacated.clear();
    this.#changed.clear();
    this.#waiting.clear();
  }

  /**
   * The next message, vacated addresses first, then the oldest changes; undefined when there is nothing to send.
   * The caller ends it with exactly one of confirm, unanswered or withdraw.
   */
  next(limits: BatchLimits, now: number): Batch | undefined {
    if (this.#mirror === undefined || this.#inFlight !== undefined) return undefined;
    for (const address of this.#refusals.takeDue(now)) this.#assess(address, now, now);
    const batch: PlannedAddress[] = [];
    let entries = 0;
    let bytes = 0;
    for (const [address, since] of [
      ...take(this.#vacated, limits.entries),
      ...take(this.#changed, limits.entries),
    ]) {
      const plan = this.#plan(address, now);
      if (isEmpty(plan)) {
        this.#assess(address, now, since);
        continue;
      }
      entries += Math.sign(plan.register.length) + Math.sign(plan.unregister.length);
      bytes += size(address, plan.register) + size(address, plan.unregister);
      if (batch.length > 0 && (entries > limits.entries || bytes > limits.bytes)) break;
      const causes = new Map(plan.unregister.map((tag) => [tag, this.#causes.causeOf(address, tag)]));
      batch.push({ address, register: plan.register, unregister: plan.unregister, causes, since });
    }
    if (batch.length === 0) return undefined;
    this.#inFlight = new Map(batch.map(({ address }) => [address, undefined]));
    return batch;
  }

  /** The device answered: all pairs are as sent but for those it refused. */
  confirm(batch: Batch, rejections: readonly Rejection[], now: number): void {
    const refused = Map.groupBy(rejections, (rejection) => rejection.address);
    this.#lastConfirmedAt = now;
    for (const { address } of batch) {
      this.#vacated.delete(address);
      this.#changed.delete(address);
    }
    this.#land(batch, now, ({ address, register, unregister }) => {
      const here = refused.get(address) ?? [];
      const done = (section: Rejection['section'], tags: TagSet) =>
        tags.filter((tag) => !here.some((r) => r.section === section && (r.tag ?? tag) === tag));
      const held = this.#held(address).tags;
      const left = union(without(held, done('unregister', unregister)), done('register', register));
      if (here.length > 0) this.#refusals.refuse(address, here, now);
      else this.#refusals.forgive(address);
      return { tags: left, sure: true };
    });
  }

  /** No trustworthy answer: the message may have been applied, or not. */
  unanswered(batch: Batch, now: number): void {
    this.#land(batch, now, ({ address, register }) => ({
      tags: union(this.#held(address).tags, register),
      sure: false,
    }));
  }

  /** The message certainly had no effect. */
  withdraw(batch: Batch, now: number): void {
    this.#land(batch, now, ({ address }) => this.#held(address));
  }

  get known(): boolean {
    return this.#mirror !== undefined;
  }

  /** Addresses with tags of ours. */
  get owned(): number {
    return this.#mirror?.size ?? 0;
  }

  get foreign(): number {
    return this.#foreign;
  }

  /** Addresses whose change is not confirmed yet. */
  get pending(): number {
    return this.#vacated.size + this.#changed.size;
  }

  pendingAddresses(): Iterable<string> {
    return [...this.#vacated.keys(), ...this.#changed.keys()];
  }

  /** Addresses with removals that the gate keeps back. */
  get waiting(): number {
    return this.#waiting.size;
  }

  get refusals(): Refusals {
    return this.#refusals;
  }

  get lastConfirmedAt(): number {
    return this.#lastConfirmedAt;
  }

  /** When the change that has waited longest was seen. */
  get oldestPendingAt(): number | undefined {
    const [vacated] = this.#vacated.values();
    const [changed] = this.#changed.values();
    if (vacated === undefined) return changed;
    return changed === undefined ? vacated : Math.min(vacated, changed);
  }

  #held(address: string): Held {
    return this.#mirror?.get(address) ?? holdsNothing;
  }

  #land(batch: Batch, now: number, outcome: (planned: PlannedAddress) => Held): void {
    const changedMeanwhile = this.#inFlight;
    this.#inFlight = undefined;
    for (const planned of batch) {
      const { address } = planned;
      const held = outcome(planned);
      this.#touched?.add(address);
      if (held.sure && held.tags.length === 0) this.#mirror?.delete(address);
      else this.#mirror?.set(address, held);
      this.#assess(address, now, changedMeanwhile?.get(address) ?? now);
    }
  }

  #plan(address: string, now: number): AddressPlan {
    const plan = planAddress({
      desired: this.#desired.tagsOf(address),
      held: this.#held(address),
      causeOf: (tag) => this.#causes.causeOf(address, tag),
      gate: this.#gate,
    });
    return {
      register: this.#refusals.admit(address, 'register', plan.register, now),
      unregister: this.#refusals.admit(address, 'unregister', plan.unregister, now),
      waiting: plan.waiting,
    };
  }

  /** Sorts an address into vacated, changed, waiting or none of them. */
  #assess(address: string, now: number, since: number): void {
    if (this.#mirror === undefined || this.#inFlight?.has(address)) return;
    const plan = this.#plan(address, now);
    if (plan.waiting.length > 0) this.#waiting.add(address);
    else this.#waiting.delete(address);
    const work = !isEmpty(plan);
    const isVacated = work && this.#desired.tagsOf(address).length === 0;
    const waitingSince = this.#vacated.get(address) ?? this.#changed.get(address) ?? since;
    place(this.#vacated, address, isVacated, waitingSince);
    place(this.#changed, address, work && !isVacated, waitingSince);
    if (work || plan.waiting.length > 0) return;
    const stillRefused = this.#refusals.has(address) && !this.#agrees(address);
    if (!stillRefused) {
      this.#refusals.forgive(address);
      this.#causes.settle(address);
    }
  }

  #agrees(address: string): boolean {
    const desired = this.#desired.tagsOf(address);
    const held = this.#held(address).tags;
    return without(desired, held).length === 0 && without(held, desired).length === 0;
  }
}

function place(into: Map<string, number>, address: string, belongs: boolean, since: number): void {
  if (!belongs) into.delete(address);
  else if (!into.has(address)) into.set(address, since);
}

function* take<T>(items: Iterable<T>, atMost: number): Iterable<T> {
  let taken = 0;
  for (const item of items) {
    if (taken++ >= atMost) return;
    yield item;
  }
}

function size(address: string, tags: TagSet): number {
  if (tags.length === 0) return 0;
  // Up to 4 bytes a character, and escaping can multiply; texts are short, so the estimate errs on the large side.
  const text = tags.reduce((sum, tag) => sum + tag.length * 3 + memberBytes, 0);
  return entryBytes + address.length + text;
}
