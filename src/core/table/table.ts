// One registered-ip table: the difference between what it should hold and what it does, and the next message about it.

import { Agenda } from './agenda.ts';
import { type Batch, type BatchLimits, type PlannedAddress, wishesOf } from '../message/batch.ts';
import { Belief } from '../mirror/belief.ts';
import { explainTable, type TableExplanation } from './explain-table.ts';
import { isVague } from '../message/bisection.ts';
import { composeBatch, type Scope } from './composition.ts';
import type { WindowCount } from '../removals/guard-window.ts';
import { InFlight } from '../message/in-flight.ts';
import { JudgingTime } from '../removals/judging-time.ts';
import { LateMessages } from '../message/late-messages.ts';
import type { Mirror, TableReading } from '../mirror/mirror.ts';
import type { Outlook } from './outlook.ts';
import type { DesiredTags } from './desired-tags.ts';
import { type Rejection, Refusals } from '../message/refusals.ts';
import { RegistrationTimeouts } from '../timeouts/registration-timeouts.ts';
import type { AddressChange } from '../model/address-change.ts';
import { goesAtOnce, RemovalCauses } from '../removals/removal-causes.ts';
import { type GuardLimits, type HeldPlan, RemovalGuard } from '../removals/removal-guard.ts';
import type { RemovalGate } from '../removals/removal-gate.ts';
import type { TagSet } from '../model/tag-set.ts';
import type { Timing } from '../model/timing.ts';
import type { TableRoom } from '../limits/table-room.ts';
import type { Scope as TagScope } from '../model/policy-scope.ts';

const everything: Scope = { admit: (planned) => planned };

type TableOptions = {
  /** What the wall clock shows when the monotonic one, of all times here, is at 0; ms since 1970. Absent: 0. */
  readonly epochMs?: number;
  /** What comes before a tag's scope. Absent: a held plan blocks all guarded removals. */
  readonly tagPrefix?: string;
  /** Absent: the product's. */
  readonly timing?: Timing;
};

export class Table {
  readonly #desired: DesiredTags;
  readonly #causes = new RemovalCauses();
  readonly #refusals: Refusals;
  readonly #belief: Belief;
  readonly #mirror: Mirror;
  /** The timeouts that registrations carry. */
  readonly timeouts: RegistrationTimeouts;
  readonly #guard: RemovalGuard;
  readonly #agenda: Agenda;
  readonly #inFlight = new InFlight();
  readonly #late = new LateMessages();
  #lastConfirmedAt = Number.NEGATIVE_INFINITY;
  /** When the gate last moved, monotonic ms. */
  #gateMovedAt = 0;
  /** When the guard may judge: more of what it is to judge as one may come until then. */
  readonly judging = new JudgingTime();

  constructor(
    desired: DesiredTags,
    gate: RemovalGate,
    guard: GuardLimits,
    { epochMs = 0, tagPrefix, timing }: TableOptions = {},
  ) {
    this.#desired = desired;
    this.#belief = new Belief(
      (address) => desired.tagsOf(address),
      (address) => this.#late.explains(address),
    );
    this.#mirror = this.#belief.mirror;
    this.#guard = new RemovalGuard(guard, tagPrefix);
    this.#refusals = new Refusals((address) => {
      const causeOf = this.#agenda.planner.causesAt(address);
      return (tag) => goesAtOnce(causeOf(tag));
    }, timing);
    const parts = { desired, mirror: this.#mirror, causes: this.#causes, refusals: this.#refusals };
    this.#agenda = new Agenda({ ...parts, guard: this.#guard }, gate);
    this.timeouts = new RegistrationTimeouts({
      addresses: () => this.#mirror.addresses(),
      pairs: () => this.#mirror.pairs,
      epochMs,
    });
  }

  /** Takes up edited limits; what is held stays held. */
  configureGuard(limits: GuardLimits): void {
    this.#guard.configure(limits);
  }

  /** Releases the held plan of this id. False: there is no such plan. */
  approve(id: string, now: number): boolean {
    const plan = this.#guard.approve(id);
    for (const address of plan?.addresses() ?? []) this.#assess(address, now);
    this.#takeTurns(now);
    return plan !== undefined;
  }

  /** Takes up what an earlier process or leader let pass the guard, before anything is judged. */
  inheritGuard(counts: readonly WindowCount[], now: number): void {
    this.#guard.inherit(counts, now);
  }

  /** What passed the guard by itself, minute by minute, oldest first. */
  get guardWindow(): readonly WindowCount[] {
    return this.#guard.window;
  }

  /** Takes up a change of the desired side. */
  note(change: AddressChange, now: number): void {
    this.#causes.note(change);
    this.retry(change.address, now);
  }

  /** What was refused of the address may be sent again at once. */
  retry(address: string, now: number): void {
    this.#refusals.forgive(address);
    this.#belief.forgive(address);
    this.review(address, now);
  }

  /** What limits leave of the address's tags may have changed. */
  review(address: string, now: number): void {
    if (this.#inFlight.change(address, now)) {
      // What is on its way may be a refresh only: the change is open all the same.
      if (!this.#agenda.backlog.has(address)) this.#agenda.backlog.put(address, 'other', now);
    } else this.#assess(address, now);
  }

  /**
   * The knowledge behind removals changed. The gate counts from here on; what waits, and what was about to go, is assessed
   * anew when it is next looked at: once, however often the gate moves until then.
   */
  setGate(gate: RemovalGate, now: number): void {
    this.#agenda.setGate(gate);
    this.#gateMovedAt = now;
  }

  /** The same for the tags of one scope, about which the gate answers otherwise by itself. */
  gateMoved(scope: TagScope, now: number): void {
    this.#agenda.gateMoved(scope);
    this.#gateMovedAt = now;
  }

  /** Nobody has marked this table: whatever nobody claims may be of somebody who used our prefix, and is held. */
  setFirstContact(firstContact: boolean): void {
    this.#agenda.setFirstContact(firstContact);
  }

  /** There are tags under our prefix that nobody claims. */
  get hasUnclaimed(): boolean {
    return this.#agenda.hasUnclaimed;
  }

  /** What limits leave of any address's tags may have changed. */
  reviewAll(now: number): void {
    for (const address of new Set([...this.#desired.addresses(), ...this.#mirror.addresses()]))
      this.review(address, now);
  }

  beginRead(): void {
    this.#mirror.beginRead();
  }

  /**
   * A full read ended well. Addresses that messages moved meanwhile keep what those messages confirmed. Until one verifies
   * what came of messages without an answer, the causes of removals are kept at their addresses, whatever was read or
   * confirmed. Tells the pairs that were confirmed over and over and are not as confirmed.
   */
  endRead(reading: TableReading, now: number): readonly Rejection[] {
    const before = [...this.#mirror.addresses()];
    const contradicted = this.#belief.endRead(reading);
    if (reading.agreed && reading.verifies === true) this.#late.over();
    this.#refusals.setAside(contradicted, now);
    const after = [...this.#mirror.addresses(), ...this.#desired.addresses()];
    const everywhere = new Set([...before, ...after, ...this.#causes.addresses()]);
    for (const address of everywhere) this.#assess(address, now);
    this.timeouts.begin(now);
    return contradicted;
  }

  abandonRead(): void {
    this.#mirror.abandonRead();
  }

  /** Another leader wrote before us: its last message may still take effect, at any address. */
  takenOver(): void {
    this.#late.everywhere();
  }

  /** The table was emptied by somebody: what the next reading misses contradicts nothing. */
  excuse(): void {
    this.#belief.excuse();
  }

  /** The device is another one, or was emptied: nothing is known of it. */
  forget(): void {
    this.#belief.forget();
    this.#refusals.clear();
    this.#agenda.clear();
    this.#guard.forget();
    this.judging.forget();
    this.timeouts.forget();
  }

  /**
   * The next message, vacated addresses first, then the oldest changes; undefined when there is nothing to send. Timeouts
   * begin anew where no change is to be sent, and where they cannot wait. The caller ends it with exactly one of
   * confirm, unanswered or withdraw.
   */
  next(limits: BatchLimits, now: number, scope: Scope = everything): Batch | undefined {
    if (!this.#mirror.known || this.#inFlight.isBusy) return undefined;
    this.#catchUp();
    for (const address of this.#refusals.takeDue(now)) this.#assess(address, now);
    this.#takeTurns(now);
    const isDue = this.judging.isDue(now, this.#agenda.hasToJudge);
    const judged = isDue ? this.#agenda.judgeGuarded(this.owned, now) : [];
    for (const address of judged) this.#assess(address, now);
    const parts = { mirror: this.#mirror, agenda: this.#agenda, timeouts: this.timeouts };
    const { batch, inPart } = composeBatch(parts, { limits, scope, now });
    if (batch.length === 0) return undefined;
    this.timeouts.sent(now);
    this.#inFlight.begin(batch, inPart);
    return batch;
  }

  /**
   * The device answered: all pairs are as sent but for those it refused, and those of which it said so before and
   * readings said otherwise. Tells both. Where it names an address only and not which of several tags it refuses, they
   * stay to be sent.
   */
  confirm(batch: Batch, answered: readonly Rejection[], now: number): readonly Rejection[] {
    const rejections = this.#belief.refusedIn(batch, answered);
    const refused = Map.groupBy(rejections, ({ address }) => address);
    this.#lastConfirmedAt = now;
    this.#land(batch, now, (planned, changed) => {
      const { address } = planned;
      const here = refused.get(address) ?? [];
      this.#mirror.applied(planned, here);
      // A refusal speaks of the input that was sent; where that has changed, the next message tells.
      const clear = here.filter((one) => !changed && !isVague(one, planned));
      this.#refusals.answered(address, wishesOf(planned), clear, now);
      this.#agenda.backlog.delete(address);
    });
    this.timeouts.answered(batch, now);
    return rejections;
  }

  /** What a message did at the address last time was not there when it was read. */
  isContradicted(address: string): boolean {
    return this.#belief.isContradicted(address);
  }

  /** No trustworthy answer: the message may have been applied, or not. */
  unanswered(batch: Batch, now: number): void {
    this.#late.add(batch.map(({ address }) => address));
    this.#land(batch, now, (planned) => this.#mirror.doubtful(planned));
  }

  /** Pairs that no answer names, and that are known to be refused all the same. */
  setAside(rejections: readonly Rejection[], now: number): void {
    this.#refusals.setAside(rejections, now);
    for (const { address } of rejections) this.#assess(address, now);
  }

  /** An address was read by itself: `tags` are what it holds of ours. Tells what endRead tells. */
  readBack(address: string, tags: TagSet, now: number): readonly Rejection[] {
    if (!this.#mirror.known) return [];
    const contradicted = this.#belief.readBack(address, tags);
    this.#refusals.setAside(contradicted, now);
    this.#assess(address, now);
    return contradicted;
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

  /** What of its addresses matters to limits. */
  get room(): Pick<TableRoom, 'lingering' | 'crowded' | 'unfitAt'> {
    return this.#current.room;
  }

  /** Tags at this address, ours and other clients', as far as is known. */
  tagsAt(address: string): { readonly ours: number; readonly others: number } {
    const { tags, unsure } = this.#mirror.at(address);
    return { ours: tags.length + unsure.length, others: this.#mirror.othersAt(address) };
  }

  /** The most tags, including other clients', that any address carries. One pass over all. */
  get mostTags(): number {
    return this.#mirror.mostTags;
  }

  /** Tags that we are known to have registered at the address. */
  registeredAt(address: string): TagSet {
    return this.#mirror.at(address).tags;
  }

  /** Addresses whose change is not confirmed yet. Nothing is pending before the table has been read. */
  get pending(): number {
    return this.#current.backlog.size;
  }

  pendingAddresses(): Iterable<string> {
    return this.#current.backlog.addresses();
  }

  /** Addresses with removals that the gate keeps back. */
  get waiting(): number {
    return this.#current.keptBack.waiting;
  }

  /** One removal that the gate keeps back, and why: the smallest address, so that it stays while it applies. */
  get waitingExample(): { readonly address: string; readonly tag: string; readonly why: string } | undefined {
    return this.#current.waitingExample;
  }

  /** There are guarded removals that the guard is about to judge. */
  get hasToJudge(): boolean {
    return this.#current.hasToJudge;
  }

  /** Removals that wait for somebody's approval, oldest first. */
  get held(): readonly HeldPlan[] {
    return this.#guard.held;
  }

  /** What would be sent if every removal were let through; undefined before the table has been read. */
  get outlook(): Outlook | undefined {
    return this.#mirror.known ? this.#agenda.outlook : undefined;
  }

  get refusals(): Refusals {
    return this.#refusals;
  }

  get lastConfirmedAt(): number {
    return this.#lastConfirmedAt;
  }

  /** When the change that has waited longest was seen. */
  get oldestPendingAt(): number | undefined {
    return this.#current.backlog.oldest;
  }

  /** Everything known of one address, to be logged. Changes nothing. */
  explain(address: string, now: number): TableExplanation {
    const parts = { desired: this.#desired, belief: this.#belief, agenda: this.#agenda, guard: this.#guard };
    const messages = { refusals: this.#refusals, inFlight: this.#inFlight, late: this.#late };
    return explainTable({ ...parts, ...messages, timeouts: this.timeouts }, address, now);
  }

  /** With everything assessed that the gate moved. */
  get #current(): Agenda {
    this.#catchUp();
    return this.#agenda;
  }

  #catchUp(): void {
    for (const address of this.#agenda.takeMoved()) this.#assess(address, this.#gateMovedAt);
  }

  #land(batch: Batch, now: number, outcome: (planned: PlannedAddress, changed: boolean) => void): void {
    const landingOf = this.#inFlight.end(now);
    for (const planned of batch) {
      const { changed, since } = landingOf(planned);
      outcome(planned, changed);
      this.#assess(planned.address, since);
    }
  }

  /** What waited for a held plan that is gone may be judged. */
  #takeTurns(now: number): void {
    for (const address of this.#agenda.takeTurns()) this.#assess(address, now);
  }

  /** Sorts an address anew. `since`: when its change was seen. */
  #assess(address: string, since: number): void {
    if (!this.#mirror.known || this.#inFlight.has(address)) return;
    const isFinal = this.#belief.isCompleteAt(address) && !this.#late.has(address);
    this.#agenda.assess(address, since, isFinal);
  }
}
