// One registered-ip table: the difference between what it should hold and what it does, and the next message about it.

import { Backlog } from './backlog.ts';
import { type Batch, type BatchLimits, type PlannedAddress, roomFor } from './batch.ts';
import { Mirror, type TableReading } from './mirror.ts';
import { type Outlook, outlookOf } from './outlook.ts';
import { KeptBack } from './kept-back.ts';
import { isEmpty } from './plan.ts';
import { type DesiredTags, Planner } from './planner.ts';
import { type Rejection, Refusals } from './refusals.ts';
import type { AddressChange } from './registrations.ts';
import { RemovalCauses } from './removal-causes.ts';
import { type GuardLimits, type HeldPlan, RemovalGuard } from './removal-guard.ts';
import type { RemovalGate } from './removal-gate.ts';

export type { Batch, BatchLimits, PlannedAddress } from './batch.ts';
export type { TableReading } from './mirror.ts';
export type { DesiredTags } from './planner.ts';

export class Table {
  readonly #desired: DesiredTags;
  readonly #causes = new RemovalCauses();
  readonly #refusals = new Refusals();
  readonly #mirror = new Mirror();
  readonly #backlog = new Backlog();
  readonly #keptBack = new KeptBack();
  readonly #guard: RemovalGuard;
  readonly #planner: Planner;
  #firstContact = false;
  /** Addresses of the message on its way, and when they changed again meanwhile. */
  #inFlight: Map<string, number | undefined> | undefined;
  #lastConfirmedAt = Number.NEGATIVE_INFINITY;
  /** Made when asked for, until something moves. */
  #outlook: Outlook | undefined;

  constructor(desired: DesiredTags, gate: RemovalGate, guard: GuardLimits) {
    this.#desired = desired;
    this.#guard = new RemovalGuard(guard);
    const parts = { desired, mirror: this.#mirror, causes: this.#causes, refusals: this.#refusals };
    this.#planner = new Planner({ ...parts, guard: this.#guard }, gate);
  }

  /** Takes up edited limits; what is held stays held. */
  configureGuard(limits: GuardLimits): void {
    this.#guard.configure(limits);
  }

  /** Releases the held plan of this id. False: there is no such plan. */
  approve(id: string, now: number): boolean {
    if (!this.#guard.approve(id)) return false;
    for (const address of this.#keptBack.guardedAddresses()) this.#assess(address, now);
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
    this.#planner.gate = gate;
    const kept = [...this.#keptBack.addresses(), ...this.#refusals.addresses()];
    for (const address of [...kept, ...this.pendingAddresses()]) this.#assess(address, now);
  }

  /** Nobody has marked this table: whatever nobody claims may be of somebody who used our prefix, and is held. */
  setFirstContact(firstContact: boolean): void {
    this.#firstContact = firstContact;
  }

  /** There are tags under our prefix that nobody claims. */
  get hasUnclaimed(): boolean {
    const stuck = [...this.#keptBack.addresses(), ...this.#refusals.addresses()];
    if (stuck.some((address) => this.#planner.isUnclaimed(address))) return true;
    for (const [address] of this.#backlog) if (this.#planner.isUnclaimed(address)) return true;
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
    this.#keptBack.clear();
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
      const { register, unregister } = this.#planner.plan(address);
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
    return this.#keptBack.waiting;
  }

  /** One removal that the gate keeps back, and why: the smallest address, so that it stays while it applies. */
  get waitingExample(): { readonly address: string; readonly tag: string; readonly why: string } | undefined {
    const example = this.#keptBack.waitingExample;
    const why = example && this.#planner.gate(example.tag);
    return example && why ? { ...example, why } : undefined;
  }

  /** Removals that wait for somebody's approval. */
  get held(): HeldPlan | undefined {
    return this.#guard.held;
  }

  /** What would be sent if every removal were let through; undefined before the table has been read. */
  get outlook(): Outlook | undefined {
    if (!this.#mirror.known || this.#outlook !== undefined) return this.#outlook;
    const open = new Set([...this.pendingAddresses(), ...this.#keptBack.addresses()]);
    this.#outlook = outlookOf(new Map([...open].map((address) => [address, this.#planner.plan(address)])));
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

  /** Sorts an address into backlog, waiting or neither. `since`: when its change was seen, if not now. */
  #assess(address: string, now: number, since = now): void {
    if (!this.#mirror.known || this.#inFlight?.has(address)) return;
    this.#outlook = undefined;
    const plan = this.#planner.plan(address);
    // What the guard has yet to judge is work too; what it holds is not.
    const toJudge = plan.guarded.length > 0 && this.#guard.held === undefined;
    if (isEmpty(plan) && !toJudge) this.#backlog.delete(address);
    else this.#backlog.put(address, this.#planner.isVacated(address, plan), since);
    this.#keptBack.put(address, plan);
    const stays = plan.waiting.length + plan.guarded.length > 0;
    if (isEmpty(plan) && !stays && !this.#refusals.has(address)) this.#causes.settle(address);
  }

  /** All guarded removals that are ready are judged as one: an edit that takes many must not pass as many small ones. */
  #judgeGuarded(now: number): void {
    const candidates = this.#keptBack.guarded();
    if (candidates.size === 0 || this.#guard.held !== undefined) return;
    const emptied = [...candidates].filter(([at, tags]) => this.#planner.leavesNothing(at, tags)).length;
    const doubtful = this.#firstContact && [...candidates.keys()].some((a) => this.#planner.isUnclaimed(a));
    this.#guard.judge(candidates, { owned: this.owned, emptied, doubtful }, now);
    for (const address of candidates.keys()) this.#assess(address, now);
  }
}
