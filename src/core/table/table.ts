// One registered-ip table: takes up what is desired, known and read of it, and gives the next message.

import type { BatchLimits } from '../message/batch.ts';
import type { Portion } from './composition.ts';
import type { DesiredTags } from './desired-tags.ts';
import type { WindowCount } from '../removals/guard-window.ts';
import type { TableReading } from '../mirror/mirror.ts';
import type { RefusedPair } from '../message/refusals.ts';
import type { AddressChange } from '../model/address-change.ts';
import type { GuardLimits } from '../removals/removal-guard.ts';
import type { RemovalGate } from '../removals/removal-gate.ts';
import { TableFacts } from './table-facts.ts';
import { nextTableMessage, type TableMessage } from './table-message.ts';
import { type TableOptions, TableState } from './table-state.ts';
import type { TagSet } from '../model/tag-set.ts';
import type { Scope } from '../model/policy-scope.ts';

const everything: Portion = { admit: (item) => item };

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

export class Table extends TableFacts {
  constructor(desired: DesiredTags, gate: RemovalGate, guard: GuardLimits, options: TableOptions = {}) {
    super(new TableState(desired, gate, guard, options));
  }

  /** Takes up edited limits; what is held stays held. */
  configureGuard(limits: GuardLimits): void {
    this.state.guard.configure(limits);
  }

  /** Releases the held plan of this id. False: there is no such plan. */
  approve(id: string, now: number): boolean {
    const plan = this.state.guard.approve(id);
    for (const address of plan?.addresses() ?? []) this.state.assess(address, now);
    this.state.takeTurns(now);
    return plan !== undefined;
  }

  /** Takes up what an earlier process or leader let pass the guard, before anything is judged. */
  inheritGuard(counts: readonly WindowCount[], now: number): void {
    this.state.guard.inherit(counts, now);
  }

  /** Takes up a change of the desired side. */
  note(change: AddressChange, now: number): void {
    this.state.causes.note(change);
    this.retry(change.address, now);
  }

  /** What was refused of the address may be sent again at once. */
  retry(address: string, now: number): void {
    this.state.refusals.forgive(address);
    this.state.belief.forgive(address);
    this.review(address, now);
  }

  /** What limits leave of the address's tags may have changed. */
  review(address: string, now: number): void {
    this.state.review(address, now);
  }

  /**
   * Takes up what is known by now. Where the gate is another one, it counts from here on; what waits, and what was about to
   * go, is assessed anew when it is next looked at: once, however often the gate moves until then.
   */
  setKnowledge({ gate, firstContact = false, judgeFrom, burst = 0 }: TableKnowledge, now: number): void {
    const { agenda, judging } = this.state;
    if (gate !== agenda.differ.gate) {
      agenda.setGate(gate);
      this.state.gateMovedAt = now;
    }
    agenda.setFirstContact(firstContact);
    judging.from = judgeFrom ?? Number.NEGATIVE_INFINITY;
    judging.burst = burst;
  }

  /** The gate answers otherwise by itself about the tags of one scope. */
  gateMoved(scope: Scope, now: number): void {
    this.state.agenda.gateMoved(scope);
    this.state.gateMovedAt = now;
  }

  /** What limits leave of any address's tags may have changed. */
  reviewAll(now: number): void {
    for (const address of new Set([...this.state.desired.addresses(), ...this.state.mirror.addresses()]))
      this.review(address, now);
  }

  beginRead(): void {
    this.state.mirror.beginRead();
  }

  /**
   * A full read ended well. Addresses that messages moved meanwhile keep what those messages confirmed. Until one verifies
   * what came of messages without an answer, the causes of removals are kept at their addresses, whatever was read or
   * confirmed. Tells the pairs that were confirmed over and over and are not as confirmed.
   */
  endRead(reading: TableReading, now: number): readonly RefusedPair[] {
    const before = [...this.state.mirror.addresses()];
    const contradicted = this.state.belief.endRead(reading);
    if (reading.agreed && reading.verifies === true) this.state.late.over();
    this.state.refusals.setAside(contradicted, now);
    const after = [...this.state.mirror.addresses(), ...this.state.desired.addresses()];
    const everywhere = new Set([...before, ...after, ...this.state.causes.addresses()]);
    for (const address of everywhere) this.state.assess(address, now);
    // What was read may have ended a held plan.
    this.state.takeTurns(now);
    this.state.timeouts.begin(now);
    return contradicted;
  }

  abandonRead(): void {
    this.state.mirror.abandonRead();
  }

  /** Another leader wrote before us: its last message may still take effect, at any address. */
  takenOver(): void {
    this.state.late.everywhere();
  }

  /** The table was emptied by somebody: what the next reading misses contradicts nothing. */
  excuse(): void {
    this.state.belief.excuse();
  }

  /** The device is another one, or was emptied: nothing is known of it. */
  forget(): void {
    this.state.forget();
  }

  /**
   * The next message, vacated addresses first, then the oldest changes; undefined when there is nothing to send, or while
   * one is on its way. Timeouts begin anew where no change is to be sent, and where they cannot wait.
   */
  next(limits: BatchLimits, now: number, portion: Portion = everything): TableMessage | undefined {
    return nextTableMessage(this.state, { limits, now, portion });
  }

  /** Pairs that no answer names, and that are known to be refused all the same. */
  setAside(refusedPairs: readonly RefusedPair[], now: number): void {
    this.state.refusals.setAside(refusedPairs, now);
    for (const { address } of refusedPairs) this.state.assess(address, now);
  }

  /** An address was read by itself: `tags` are what it holds of ours. Tells what endRead tells. */
  readBack(address: string, tags: TagSet, now: number): readonly RefusedPair[] {
    if (!this.state.mirror.known) return [];
    const contradicted = this.state.belief.readBack(address, tags);
    this.state.refusals.setAside(contradicted, now);
    this.state.assess(address, now);
    return contradicted;
  }
}
