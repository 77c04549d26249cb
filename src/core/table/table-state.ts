// State of one table: its parts, and the one operation that ties them together, to sort an address anew.

import { Agenda } from './agenda.ts';
import { Belief } from '../mirror/belief.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { DesiredTags } from './desired-tags.ts';
import { InFlight } from '../message/in-flight.ts';
import { LateMessages } from '../message/late-messages.ts';
import { Refusals } from '../message/refusals.ts';
import { JudgingTime } from '../removals/judging-time.ts';
import { goesAtOnce, RemovalCauses } from '../removals/removal-causes.ts';
import type { RemovalGate } from '../removals/removal-gate.ts';
import { type GuardLimits, RemovalGuard } from '../removals/removal-guard.ts';
import type { Timing } from '../model/timing.ts';
import { RegistrationTimeouts } from '../timeouts/registration-timeouts.ts';

export type TableOptions = {
  /** What the wall clock shows when the monotonic one, of all times here, is at 0; ms since 1970. Absent: 0. */
  readonly epochMs?: number;
  /** What comes before a tag's scope. Absent: a held plan blocks all guarded removals. */
  readonly tagPrefix?: string;
  /** Absent: the product's. */
  readonly timing?: Timing;
};

export class TableState {
  readonly desired: DesiredTags;
  readonly causes = new RemovalCauses();
  readonly refusals: Refusals;
  readonly belief: Belief;
  /** The timeouts that registrations carry. */
  readonly timeouts: RegistrationTimeouts;
  readonly guard: RemovalGuard;
  readonly agenda: Agenda;
  readonly inFlight = new InFlight();
  readonly late = new LateMessages();
  /** When the guard may judge: more of what it is to judge as one may come until then. */
  readonly judging = new JudgingTime();
  lastConfirmedAt = Number.NEGATIVE_INFINITY;
  /** When the gate last moved, monotonic ms. */
  gateMovedAt = 0;

  constructor(
    desired: DesiredTags,
    gate: RemovalGate,
    guard: GuardLimits,
    { epochMs = 0, tagPrefix, timing }: TableOptions,
  ) {
    this.desired = desired;
    this.belief = new Belief(
      (address) => desired.tagsOf(address),
      (address) => this.late.explains(address),
    );
    const { mirror } = this.belief;
    this.guard = new RemovalGuard(guard, tagPrefix, timing);
    this.refusals = new Refusals((address) => {
      const causeOf = this.agenda.differ.causesAt(address);
      return (tag) => goesAtOnce(causeOf(tag));
    }, timing);
    const { causes, refusals } = this;
    this.agenda = new Agenda({ desired, mirror, causes, refusals, guard: this.guard }, gate);
    this.timeouts = new RegistrationTimeouts({
      addresses: () => mirror.addresses(),
      pairs: () => mirror.pairs,
      epochMs,
    });
  }

  get mirror(): Mirror {
    return this.belief.mirror;
  }

  /** Sorts an address anew, unless a message about it is on its way. `since`: when its change was seen. */
  assess(address: string, since: number): void {
    if (!this.mirror.known || this.inFlight.has(address)) return;
    const isFinal = this.belief.isCompleteAt(address) && !this.late.has(address);
    this.agenda.assess(address, since, isFinal);
  }

  /** What limits leave of the address's tags may have changed. */
  review(address: string, now: number): void {
    if (!this.inFlight.change(address, now)) return this.assess(address, now);
    // What is on its way may be a refresh only: the change is open all the same.
    const { backlog } = this.agenda;
    if (!backlog.has(address)) backlog.put(address, 'other', now);
  }

  /** With everything assessed that the gate moved. */
  get current(): Agenda {
    for (const address of this.agenda.takeMoved()) this.assess(address, this.gateMovedAt);
    return this.agenda;
  }

  /** What waited for a held plan that is gone may be judged. */
  takeTurns(now: number): void {
    for (const address of this.agenda.takeTurns()) this.assess(address, now);
  }

  /** The device is another one, or was emptied: nothing is known of it. Causes stay. */
  forget(): void {
    this.belief.forget();
    this.refusals.clear();
    this.agenda.clear();
    this.guard.forget();
    this.judging.forget();
    this.timeouts.forget();
  }
}
