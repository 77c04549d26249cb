// One registered-ip table: takes up what is desired, known, read and confirmed of it, and answers what is to be done.

import type { BatchLimits } from '../message/batch.ts';
import type { Scope } from './composition.ts';
import type { DesiredTags } from './desired-tags.ts';
import { explainTable, type TableExplanation } from './explain-table.ts';
import type { WindowCount } from '../removals/guard-window.ts';
import type { TableReading } from '../mirror/mirror.ts';
import type { Outlook } from './outlook.ts';
import type { Rejection, Refusals } from '../message/refusals.ts';
import type { RegistrationTimeouts } from '../timeouts/registration-timeouts.ts';
import type { AddressChange } from '../model/address-change.ts';
import type { GuardLimits, HeldPlan } from '../removals/removal-guard.ts';
import type { RemovalGate } from '../removals/removal-gate.ts';
import { nextTableMessage, type TableMessage } from './table-message.ts';
import { type TableOptions, TableState } from './table-state.ts';
import type { TagSet } from '../model/tag-set.ts';
import type { TableRoom } from '../limits/table-room.ts';
import type { Scope as TagScope } from '../model/policy-scope.ts';

const everything: Scope = { admit: (planned) => planned };

/** What is known besides the table itself, all of it at each call. */
type TableKnowledge = {
  /** What removals wait for that do not go at once. */
  readonly gate: RemovalGate;
  /** Nobody has marked this table: whatever nobody claims may be of somebody who used our prefix, and is held. */
  readonly firstContact?: boolean;
  /** Monotonic ms: by then nothing more is expected of what the guard is to judge as one. Absent: nothing is. */
  readonly judgeFrom?: number | undefined;
  /** The number of the burst that this is about. */
  readonly burst?: number | undefined;
};

export class Table {
  readonly #state: TableState;

  constructor(desired: DesiredTags, gate: RemovalGate, guard: GuardLimits, options: TableOptions = {}) {
    this.#state = new TableState(desired, gate, guard, options);
  }

  /** Takes up edited limits; what is held stays held. */
  configureGuard(limits: GuardLimits): void {
    this.#state.guard.configure(limits);
  }

  /** Releases the held plan of this id. False: there is no such plan. */
  approve(id: string, now: number): boolean {
    const plan = this.#state.guard.approve(id);
    for (const address of plan?.addresses() ?? []) this.#state.assess(address, now);
    this.#state.takeTurns(now);
    return plan !== undefined;
  }

  /** Takes up what an earlier process or leader let pass the guard, before anything is judged. */
  inheritGuard(counts: readonly WindowCount[], now: number): void {
    this.#state.guard.inherit(counts, now);
  }

  /** What passed the guard by itself, minute by minute, oldest first. */
  get guardWindow(): readonly WindowCount[] {
    return this.#state.guard.window;
  }

  /** Takes up a change of the desired side. */
  note(change: AddressChange, now: number): void {
    this.#state.causes.note(change);
    this.retry(change.address, now);
  }

  /** What was refused of the address may be sent again at once. */
  retry(address: string, now: number): void {
    this.#state.refusals.forgive(address);
    this.#state.belief.forgive(address);
    this.review(address, now);
  }

  /** What limits leave of the address's tags may have changed. */
  review(address: string, now: number): void {
    this.#state.review(address, now);
  }

  /**
   * Takes up what is known by now. Where the gate is another one, it counts from here on; what waits, and what was about to
   * go, is assessed anew when it is next looked at: once, however often the gate moves until then.
   */
  setKnowledge({ gate, firstContact = false, judgeFrom, burst = 0 }: TableKnowledge, now: number): void {
    const { agenda, judging } = this.#state;
    if (gate !== agenda.planner.gate) {
      agenda.setGate(gate);
      this.#state.gateMovedAt = now;
    }
    agenda.setFirstContact(firstContact);
    judging.from = judgeFrom ?? Number.NEGATIVE_INFINITY;
    judging.burst = burst;
  }

  /** The gate answers otherwise by itself about the tags of one scope. */
  gateMoved(scope: TagScope, now: number): void {
    this.#state.agenda.gateMoved(scope);
    this.#state.gateMovedAt = now;
  }

  /** There are tags under our prefix that nobody claims. */
  get hasUnclaimed(): boolean {
    return this.#state.agenda.hasUnclaimed;
  }

  /** What limits leave of any address's tags may have changed. */
  reviewAll(now: number): void {
    for (const address of new Set([...this.#state.desired.addresses(), ...this.#state.mirror.addresses()]))
      this.review(address, now);
  }

  beginRead(): void {
    this.#state.mirror.beginRead();
  }

  /**
   * A full read ended well. Addresses that messages moved meanwhile keep what those messages confirmed. Until one verifies
   * what came of messages without an answer, the causes of removals are kept at their addresses, whatever was read or
   * confirmed. Tells the pairs that were confirmed over and over and are not as confirmed.
   */
  endRead(reading: TableReading, now: number): readonly Rejection[] {
    const before = [...this.#state.mirror.addresses()];
    const contradicted = this.#state.belief.endRead(reading);
    if (reading.agreed && reading.verifies === true) this.#state.late.over();
    this.#state.refusals.setAside(contradicted, now);
    const after = [...this.#state.mirror.addresses(), ...this.#state.desired.addresses()];
    const everywhere = new Set([...before, ...after, ...this.#state.causes.addresses()]);
    for (const address of everywhere) this.#state.assess(address, now);
    this.#state.timeouts.begin(now);
    return contradicted;
  }

  abandonRead(): void {
    this.#state.mirror.abandonRead();
  }

  /** Another leader wrote before us: its last message may still take effect, at any address. */
  takenOver(): void {
    this.#state.late.everywhere();
  }

  /** The table was emptied by somebody: what the next reading misses contradicts nothing. */
  excuse(): void {
    this.#state.belief.excuse();
  }

  /** The device is another one, or was emptied: nothing is known of it. */
  forget(): void {
    this.#state.forget();
  }

  /**
   * The next message, vacated addresses first, then the oldest changes; undefined when there is nothing to send, or while
   * one is on its way. Timeouts begin anew where no change is to be sent, and where they cannot wait.
   */
  next(limits: BatchLimits, now: number, scope: Scope = everything): TableMessage | undefined {
    return nextTableMessage(this.#state, { limits, now, scope });
  }

  /** What a message did at the address last time was not there when it was read. */
  isContradicted(address: string): boolean {
    return this.#state.belief.isContradicted(address);
  }

  /** Pairs that no answer names, and that are known to be refused all the same. */
  setAside(rejections: readonly Rejection[], now: number): void {
    this.#state.refusals.setAside(rejections, now);
    for (const { address } of rejections) this.#state.assess(address, now);
  }

  /** An address was read by itself: `tags` are what it holds of ours. Tells what endRead tells. */
  readBack(address: string, tags: TagSet, now: number): readonly Rejection[] {
    if (!this.#state.mirror.known) return [];
    const contradicted = this.#state.belief.readBack(address, tags);
    this.#state.refusals.setAside(contradicted, now);
    this.#state.assess(address, now);
    return contradicted;
  }

  /** The last full read agreed with the device's own count: what it did not show is not there. */
  get agreed(): boolean {
    return this.#state.belief.isComplete;
  }

  /** The table has been read in full. */
  get known(): boolean {
    return this.#state.mirror.known;
  }

  /** Addresses with tags of ours, or perhaps with some. */
  get owned(): number {
    return this.#state.mirror.owned;
  }

  get foreign(): number {
    return this.#state.mirror.foreign;
  }

  /** What of its addresses matters to limits. */
  get room(): Pick<TableRoom, 'lingering' | 'crowded' | 'unfitAt'> {
    return this.#state.current.room;
  }

  /** Tags at this address, ours and other clients', as far as is known. */
  tagsAt(address: string): { readonly ours: number; readonly others: number } {
    const { tags, unsure } = this.#state.mirror.at(address);
    return { ours: tags.length + unsure.length, others: this.#state.mirror.othersAt(address) };
  }

  /** The most tags, including other clients', that any address carries. One pass over all. */
  get mostTags(): number {
    return this.#state.mirror.mostTags;
  }

  /** Tags that we are known to have registered at the address. */
  registeredAt(address: string): TagSet {
    return this.#state.mirror.at(address).tags;
  }

  /** Addresses whose change is not confirmed yet. Nothing is pending before the table has been read. */
  get pending(): number {
    return this.#state.current.backlog.size;
  }

  pendingAddresses(): Iterable<string> {
    return this.#state.current.backlog.addresses();
  }

  /** Addresses with removals that the gate keeps back. */
  get waiting(): number {
    return this.#state.current.keptBack.waiting;
  }

  /** One removal that the gate keeps back, and why: the smallest address, so that it stays while it applies. */
  get waitingExample(): { readonly address: string; readonly tag: string; readonly why: string } | undefined {
    return this.#state.current.waitingExample;
  }

  /** The timeouts that registrations carry. */
  get timeouts(): RegistrationTimeouts {
    return this.#state.timeouts;
  }

  /** When the guard may judge what is ready, monotonic ms. */
  get judgesAt(): number {
    return this.#state.judging.at;
  }

  /** There are guarded removals that the guard is about to judge. */
  get hasToJudge(): boolean {
    return this.#state.current.hasToJudge;
  }

  /** Removals that wait for somebody's approval, oldest first. */
  get held(): readonly HeldPlan[] {
    return this.#state.guard.held;
  }

  /** What would be sent if every removal were let through; undefined before the table has been read. */
  get outlook(): Outlook | undefined {
    return this.#state.mirror.known ? this.#state.agenda.outlook : undefined;
  }

  get refusals(): Refusals {
    return this.#state.refusals;
  }

  get lastConfirmedAt(): number {
    return this.#state.lastConfirmedAt;
  }

  /** When the change that has waited longest was seen. */
  get oldestPendingAt(): number | undefined {
    return this.#state.current.backlog.oldest;
  }

  /** Everything known of one address, to be logged. Changes nothing. */
  explain(address: string, now: number): TableExplanation {
    return explainTable(this.#state, address, now);
  }
}
