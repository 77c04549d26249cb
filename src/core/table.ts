// One registered-ip table: the difference between what it should hold and what it does, and the next message about it.

import { Backlog } from './backlog.ts';
import { type Batch, type BatchLimits, type PlannedAddress, roomFor } from './batch.ts';
import { Mirror, type TableReading } from './mirror.ts';
import { type Outlook, outlookOf } from './outlook.ts';
import { type AddressPlan, isEmpty, planAddress } from './plan.ts';
import { type Rejection, Refusals } from './refusals.ts';
import type { AddressChange } from './registrations.ts';
import { goesAtOnce, RemovalCauses } from './removal-causes.ts';
import { type GuardLimits, type HeldPlan, RemovalGuard } from './removal-guard.ts';
import type { RemovalGate } from './removal-gate.ts';
import { noTags, type TagSet, union } from './tag-set.ts';

export type { Batch, BatchLimits, PlannedAddress } from './batch.ts';
export type { TableReading } from './mirror.ts';

/** The desired side of one firewall, asked per address. */
export type DesiredTags = {
  tagsOf(address: string): TagSet;
  addresses(): Iterable<string>;
};

export class Table {
  readonly #desired: DesiredTags;
  readonly #causes = new RemovalCauses();
  readonly #refusals = new Refusals();
  readonly #mirror = new Mirror();
  readonly #backlog = new Backlog();
  /** Removals that the gate keeps back. */
  readonly #waiting = new Map<string, TagSet>();
  /** Removals that the gate lets through and the guard has not: to be judged together, or held. */
  readonly #guarded = new Map<string, TagSet>();
  readonly #guard: RemovalGuard;
  #gate: RemovalGate;
  #firstContact = false;
  /** Addresses of the message on its way, and when they changed again meanwhile. */
  #inFlight: Map<string, number | undefined> | undefined;
  #lastConfirmedAt = Number.NEGATIVE_INFINITY;
  /** Made when asked for, until something moves. */
  #outlook: Outlook | undefined;

  constructor(desired: DesiredTags, gate: RemovalGate, guard: GuardLimits) {
    this.#desired = desired;
    this.#gate = gate;
    this.#guard = new RemovalGuard(guard);
  }

  /** Takes up edited limits; what is held stays held. */
  configureGuard(limits: GuardLimits): void {
    this.#guard.configure(limits);
  }

  /** Releases the held plan of this id. False: there is no such plan. */
  approve(id: string, now: number): boolean {
    if (!this.#guard.approve(id)) return false;
    for (const address of this.#guarded.keys()) this.#assess(address, now);
    return true;
  }

  /** Takes up a change of the desired side. */
  note(change: AddressChange, now: number): void {
    const { address } = change;
    this.#causes.note(change);
    this.#refusals.forgive(address);
    if (this.#inFlight?.has(address)) this.#inFlight.set(address, this.#inFlight.get(address) ?? now);
    else this.#assess(address, now);
  }

  /** The knowledge behind removals changed: what waits, and what was about to go, is judged anew. */
  setGate(gate: RemovalGate, now: number): void {
    this.#gate = gate;
    const ready = [...this.#guarded.keys(), ...this.pendingAddresses()];
    const concerned = [...this.#waiting.keys(), ...ready, ...this.#refusals.addresses()];
    for (const address of concerned) this.#assess(address, now);
  }

  /** Nobody has marked this table: whatever nobody claims may be of somebody who used our prefix, and is held. */
  setFirstContact(firstContact: boolean): void {
    this.#firstContact = firstContact;
  }

  /** There are tags under our prefix that nobody claims. */
  get hasUnclaimed(): boolean {
    const stuck = [...this.#guarded.keys(), ...this.#waiting.keys(), ...this.#refusals.addresses()];
    if (stuck.some((address) => this.#isUnclaimed(address))) return true;
    for (const [address] of this.#backlog) if (this.#isUnclaimed(address)) return true;
    return false;
  }

  beginRead(): void {
    this.#mirror.beginRead();
  }

  /** A full read ended well. Addresses that messages moved meanwhile keep what those messages confirmed. */
  endRead(reading: TableReading, now: number): void {
    const before = [...this.#mirror.addresses()];
    this.#mirror.endRead(reading);
    const after = [...this.#mirror.addresses(), ...this.#desired.addresses()];
    const everywhere = new Set([...before, ...after, ...this.#causes.addresses()]);
    for (const address of everywhere) this.#assess(address, now);
  }

  abandonRead(): void {
    this.#mirror.abandonRead();
  }

  /** The device is another one, or was emptied: nothing is known of it. */
  forget(): void {
    this.#outlook = undefined;
    this.#mirror.forget();
    this.#refusals.clear();
    this.#backlog.clear();
    this.#waiting.clear();
    this.#guarded.clear();
    this.#guard.forget();
  }

  /**
   * The next message, vacated addresses first, then the oldest changes; undefined when there is nothing to send.
   * The caller ends it with exactly one of confirm, unanswered or withdraw.
   */
  next(limits: BatchLimits, now: number): Batch | undefined {
    if (!this.#mirror.known || this.#inFlight !== undefined) return undefined;
    for (const address of this.#refusals.takeDue(now)) this.#assess(address, now);
    this.#judgeGuarded(now);
    const hasRoom = roomFor(limits);
    const batch: PlannedAddress[] = [];
    for (const [address, since] of this.#backlog) {
      const { register, unregister } = this.#plan(address, this.#desired.tagsOf(address));
      const causes = new Map(unregister.map((tag) => [tag, this.#causes.causeOf(address, tag)]));
      const planned = { address, register, unregister, causes, since };
      if (!hasRoom(planned)) break;
      batch.push(planned);
    }
    if (batch.length === 0) return undefined;
    this.#inFlight = new Map(batch.map(({ address }) => [address, undefined]));
    return batch;
  }

  /** The device answered: all pairs are as sent but for those it refused. */
  confirm(batch: Batch, rejections: readonly Rejection[], now: number): void {
    const refused = Map.groupBy(rejections, ({ address }) => address);
    this.#lastConfirmedAt = now;
    this.#land(batch, now, (planned, changed) => {
      const { address } = planned;
      const here = refused.get(address) ?? [];
      this.#mirror.applied(planned, here);
      // A refusal speaks of the input that was sent; where that has changed, the next message tells.
      this.#refusals.answered(address, planned, changed ? [] : here, now);
      this.#backlog.delete(address);
    });
  }

  /** No trustworthy answer: the message may have been applied, or not. */
  unanswered(batch: Batch, now: number): void {
    this.#land(batch, now, (planned) => this.#mirror.doubtful(planned));
  }

  /** The message certainly had no effect. */
  withdraw(batch: Batch, now: number): void {
    this.#land(batch, now, () => {});
  }

  /** The table has been read in full. */
  get known(): boolean {
    return this.#mirror.known;
  }

  /** Addresses with tags of ours, or perhaps with some. */
  get owned(): number {
    return this.#mirror.owned;
  }

  get foreign(): number {
    return this.#mirror.foreign;
  }

  /** Addresses whose change is not confirmed yet. Nothing is pending before the table has been read. */
  get pending(): number {
    return this.#backlog.size;
  }

  pendingAddresses(): Iterable<string> {
    return [...this.#backlog].map(([address]) => address);
  }

  /** Addresses with removals that the gate keeps back. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** One removal that the gate keeps back, and why: the smallest address, so that it stays while it applies. */
  get waitingExample(): { readonly address: string; readonly tag: string; readonly why: string } | undefined {
    let address: string | undefined;
    for (const other of this.#waiting.keys()) if (address === undefined || other < address) address = other;
    const [tag] = (address && this.#waiting.get(address)) ?? noTags;
    const why = tag && this.#gate(tag);
    return address && tag && why ? { address, tag, why } : undefined;
  }

  /** Removals that wait for somebody's approval. */
  get held(): HeldPlan | undefined {
    return this.#guard.held;
  }

  /** What would be sent if every removal were let through; undefined before the table has been read. */
  get outlook(): Outlook | undefined {
    if (!this.#mirror.known || this.#outlook !== undefined) return this.#outlook;
    const open = new Set([...this.pendingAddresses(), ...this.#waiting.keys(), ...this.#guarded.keys()]);
    this.#outlook = outlookOf(
      new Map([...open].map((address) => [address, this.#plan(address, this.#desired.tagsOf(address))])),
    );
    return this.#outlook;
  }

  get refusals(): Refusals {
    return this.#refusals;
  }

  get lastConfirmedAt(): number {
    return this.#lastConfirmedAt;
  }

  /** When the change that has waited longest was seen. */
  get oldestPendingAt(): number | undefined {
    return this.#backlog.oldest;
  }

  #land(batch: Batch, now: number, outcome: (planned: PlannedAddress, changed: boolean) => void): void {
    const changedAt = this.#inFlight;
    this.#inFlight = undefined;
    for (const planned of batch) {
      const at = changedAt?.get(planned.address);
      outcome(planned, at !== undefined);
      this.#assess(planned.address, now, at);
    }
  }

  #plan(address: string, desired: TagSet): AddressPlan {
    const plan = planAddress({
      desired,
      held: this.#mirror.at(address),
      causeOf: (tag) => this.#causes.causeOf(address, tag),
      gate: this.#gate,
      admits: (tag) => this.#guard.admits(address, tag),
    });
    const admitted = plan.unregister.filter((tag) => this.#guard.admits(address, tag));
    this.#guard.retain(address, [...plan.guarded, ...plan.waiting, ...admitted]);
    if (!this.#refusals.has(address)) return plan;
    this.#refusals.retain(address, { ...plan, unregister: union(plan.unregister, plan.guarded) });
    return {
      register: this.#refusals.admit(address, 'register', plan.register),
      unregister: this.#refusals.admit(address, 'unregister', plan.unregister),
      guarded: this.#refusals.admit(address, 'unregister', plan.guarded),
      waiting: plan.waiting,
    };
  }

  #goesAtOnce(address: string, tags: TagSet): boolean {
    return tags.some((tag) => goesAtOnce(this.#causes.causeOf(address, tag)));
  }

  /** Sorts an address into backlog, waiting or neither. `since`: when its change was seen, if not now. */
  #assess(address: string, now: number, since = now): void {
    if (!this.#mirror.known || this.#inFlight?.has(address)) return;
    this.#outlook = undefined;
    const desired = this.#desired.tagsOf(address);
    const plan = this.#plan(address, desired);
    // What the guard has yet to judge is work too; what it holds is not.
    const toJudge = plan.guarded.length > 0 && this.#guard.held === undefined;
    if (isEmpty(plan) && !toJudge) this.#backlog.delete(address);
    else
      this.#backlog.put(address, desired.length === 0 && this.#goesAtOnce(address, plan.unregister), since);
    if (plan.waiting.length > 0) this.#waiting.set(address, plan.waiting);
    else this.#waiting.delete(address);
    if (plan.guarded.length > 0) this.#guarded.set(address, plan.guarded);
    else this.#guarded.delete(address);
    const stays = plan.waiting.length + plan.guarded.length > 0;
    if (isEmpty(plan) && !stays && !this.#refusals.has(address)) this.#causes.settle(address);
  }

  /** All guarded removals that are ready are judged as one: an edit that takes many must not pass as many small ones. */
  #judgeGuarded(now: number): void {
    if (this.#guarded.size === 0 || this.#guard.held !== undefined) return;
    const emptied = [...this.#guarded].filter(([address, tags]) => this.#leavesNothing(address, tags)).length;
    const candidates = new Map(this.#guarded);
    const doubtful = this.#firstContact && [...candidates.keys()].some((a) => this.#isUnclaimed(a));
    this.#guard.judge(candidates, { owned: this.owned, emptied, doubtful }, now);
    for (const address of candidates.keys()) this.#assess(address, now);
  }

  #isUnclaimed(address: string): boolean {
    const { tags, unsure } = this.#mirror.at(address);
    const desired = this.#desired.tagsOf(address);
    return union(tags, unsure).some(
      (tag) => !desired.includes(tag) && this.#causes.causeOf(address, tag) === 'unclaimed',
    );
  }

  #leavesNothing(address: string, going: TagSet): boolean {
    const { tags, unsure } = this.#mirror.at(address);
    return (
      this.#desired.tagsOf(address).length === 0 && [...tags, ...unsure].every((tag) => going.includes(tag))
    );
  }
}
