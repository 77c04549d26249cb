// Timeouts of the registrations on one device: their length, the next refresh of each, and whether the device keeps up.

import type { Batch, PlannedAddress } from '../message/batch.ts';
import type { Finding } from '../model/finding.ts';
import { isTooMuch, ShownRate, tooMuch, turnsInLease } from './refresh-cost.ts';
import { RefreshRing } from './refresh-ring.ts';

/** What the spec asks for. */
export type LeaseTerms = {
  /** spec.registrationTimeoutSeconds; 0: registrations stay until they are taken back. */
  readonly timeoutSeconds: number;
  /** Why the device cannot be given a timeout; undefined: it can. */
  readonly obstacle: Finding | undefined;
};

type LeasedTable = {
  /** Where the device holds tags of ours. */
  readonly addresses: () => Iterable<string>;
  /** How many (address, tag) pairs that is. */
  readonly pairs: () => number;
  /** What the wall clock shows when the monotonic one is at 0, ms since 1970; absent: 0. */
  readonly epochMs?: number;
};

/**
 * After a start the hand begins this part of a turn back: what nobody visited while no operator ran, or what a replica
 * with a faster clock passed over, is made up for.
 */
const lagPart = 2;
/** Refreshes that wait for longer than this part of the lease no longer let every change go first. */
const latePart = 24;
/** Addresses come together for so long before a message is made of them. */
const gatherMs = 1000;
/** A message of refreshes has at most this many registrations, or what the device does in this time. */
const fewestInMessage = 50;
const messageMs = 100;

/**
 * A registration with a timeout is a lease: the device forgets it unless it is made anew. Each address is visited once
 * a turn, a third of the lease, and all its tags are refreshed together, so a lease has two thirds left for an outage.
 * When the timeout changes, the hand goes on from where it stands, at the pace of the shorter one, until every address
 * has been visited once: none is passed over, however often the spec is edited.
 *
 *   timeout     first turn    then    the leases become
 *   0 -> n      n / 3         n / 3   n
 *   n -> m      least / 3     m / 3   m
 *   n -> 0      n / 3         -       none
 *   a start     least / 3     m / 3   m, or none; the least of m and what the former leader may have given
 *
 * The hand follows the wall clock, so every process goes on where the one before it stood (refresh-ring.ts), and begins
 * half a turn back: restarts, however often, a few minutes without an operator, and replicas whose clocks differ by no
 * more than a sixth of the timeout end no lease.
 */
export class RegistrationLeases {
  readonly #table: LeasedTable;
  readonly #ring: RefreshRing;
  readonly #rate = new ShownRate();
  #terms: LeaseTerms = { timeoutSeconds: 0, obstacle: undefined };
  /** The wanted timeout costs the device too much. */
  #refusal: Finding | undefined;
  /** The shortest timeout, of those before the present one, that may still be on the device; 0: none. */
  #former = 0;
  /** The table has been read. */
  #known = false;
  /** The hand goes round. */
  #running = false;
  /** Until all leases are as the present terms say: places that the hand has yet to pass, then when it had done so. */
  #change: { left: number; passedAt: number | undefined } | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #sentAt = 0;

  constructor(table: LeasedTable) {
    this.#table = table;
    this.#ring = new RefreshRing(table.epochMs);
  }

  /** What registrations are given from now on, in seconds; 0: none. */
  get timeoutSeconds(): number {
    return this.finding === undefined ? this.#terms.timeoutSeconds : 0;
  }

  /** The same as part of a planned address. */
  get stamp(): Pick<PlannedAddress, 'timeoutSeconds'> {
    return this.timeoutSeconds === 0 ? {} : { timeoutSeconds: this.timeoutSeconds };
  }

  /** Why the timeout of the spec is not given. */
  get finding(): Finding | undefined {
    if (this.#terms.timeoutSeconds === 0) return undefined;
    return this.#terms.obstacle ?? this.#refusal;
  }

  /** The shortest timeout that the device may be counting down, in seconds; 0: none. */
  get outstanding(): number {
    return least(this.#former, this.timeoutSeconds);
  }

  /** Takes up what the spec asks for. */
  configure(terms: LeaseTerms, now: number): void {
    const before = this.#terms;
    const edited = before.timeoutSeconds !== terms.timeoutSeconds;
    if (!edited && before.obstacle?.message === terms.obstacle?.message) return;
    this.#alter(() => {
      this.#terms = terms;
      if (edited) this.#refusal = undefined;
    }, now);
  }

  /** Whoever wrote before us may have given a timeout as short as this, in seconds; 0: none. */
  inherit(timeoutSeconds: number): void {
    this.#former = least(this.#former, timeoutSeconds);
  }

  /** The table has been read: what was found there is visited, too. */
  begin(now: number): void {
    this.#known = true;
    this.judge(now);
    if (this.#running) this.#addAll();
    else this.#start(now);
  }

  /** The device is another one, or somebody else may write to it: it may count down what the former one does. */
  forget(): void {
    this.#former = this.outstanding;
    this.#stop();
    this.#known = false;
    this.#rate.clear();
    this.#refusal = undefined;
  }

  /** The device holds tags of ours at this address. */
  hold(address: string): void {
    if (this.#running) this.#ring.add(address);
  }

  /** It holds none any more. */
  drop(address: string): void {
    this.#ring.delete(address);
  }

  /** The addresses whose leases are to begin anew, the longest waiting first; each stays until it is done. */
  due(now: number): Iterable<string> {
    if (!this.#running) return [];
    this.#lookedAt = now;
    const passed = this.#ring.advance(now);
    if (this.#change !== undefined) {
      this.#change.left -= passed;
      if (this.#change.left <= 0) this.#change.passedAt ??= now;
    }
    this.#endChange(now);
    return this.#ring.due.keys();
  }

  /** Since when the address's lease is to begin anew, monotonic ms; undefined: it is not due. */
  dueSince(address: string): number | undefined {
    return this.#ring.due.get(address);
  }

  /** They wait for so long that changes must leave them room. */
  isLate(now: number): boolean {
    return now - (this.#ring.oldestDueAt ?? now) > (this.outstanding * 1000) / latePart;
  }

  /**
   * How many registrations one message may begin anew. The device takes all of them back before it makes the first one
   * again, so this is also for how long a tag may be missing. `besides`: changes are to go with the same message.
   */
  quota(besides: boolean): number {
    if (besides) return fewestInMessage;
    return Math.max(fewestInMessage, Math.floor(((this.#rate.perSecond ?? 0) * messageMs) / 1000));
  }

  /** When there may be something to refresh, monotonic ms. */
  nextAt(): number | undefined {
    const next = this.#running ? this.#ring.nextAt() : undefined;
    return next === undefined ? undefined : Math.max(next, this.#lookedAt + gatherMs);
  }

  /** A message goes out. */
  sent(now: number): void {
    this.#sentAt = now;
  }

  /** The device answered it. What it refused to begin anew is tried again with the next turn, as what it did. */
  answered(batch: Batch, now: number): void {
    let registrations = 0;
    for (const { address, register, refresh = [], timeoutSeconds = 0 } of batch) {
      registrations += register.length + refresh.length;
      if (register.length > 0) this.hold(address);
      if (timeoutSeconds === this.timeoutSeconds) {
        if (refresh.length > 0) this.#ring.settle(address);
      } else if (this.#running) this.#ring.summon(address, now); // the terms changed while it was on its way
    }
    this.#rate.note(registrations, now - this.#sentAt);
    this.judge(now);
  }

  /** Whether the device can bear the timeout, by what it holds and has shown. */
  judge(now: number): void {
    const { timeoutSeconds, obstacle } = this.#terms;
    const { perSecond } = this.#rate;
    if (timeoutSeconds === 0 || obstacle !== undefined || perSecond === undefined) return;
    const load = { pairs: this.#table.pairs(), timeoutSeconds, perSecond };
    const refused = this.#refusal !== undefined;
    if (isTooMuch(load, refused) === refused) return;
    this.#alter(() => {
      this.#refusal = refused ? undefined : tooMuch(load);
    }, now);
  }

  #alter(change: () => void, now: number): void {
    const before = this.outstanding;
    change();
    this.#former = before;
    if (this.#running) this.#turn(now);
    else this.#start(now);
  }

  #start(now: number): void {
    if (!this.#known || this.outstanding === 0) return;
    this.#running = true;
    this.#addAll();
    this.#turn(now);
  }

  #addAll(): void {
    for (const address of this.#table.addresses()) this.#ring.add(address);
  }

  #turn(now: number): void {
    this.#ring.turn((this.outstanding * 1000) / turnsInLease, now, Math.floor(this.#ring.places / lagPart));
    this.#change = { left: this.#ring.places, passedAt: undefined };
  }

  #endChange(now: number): void {
    const passedAt = this.#change?.passedAt;
    if (passedAt === undefined || (this.#ring.oldestDueAt ?? now) < passedAt) return;
    this.#change = undefined;
    this.#former = 0;
    if (this.outstanding === 0) this.#stop();
    else this.#ring.turn((this.outstanding * 1000) / turnsInLease, now);
  }

  #stop(): void {
    this.#ring.clear();
    this.#running = false;
    this.#change = undefined;
  }
}

/** The smaller one, where 0 stands for none. */
function least(a: number, b: number): number {
  return a === 0 || b === 0 ? a + b : Math.min(a, b);
}
