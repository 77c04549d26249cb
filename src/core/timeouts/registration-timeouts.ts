// Decides when the registrations of one table are made anew, so that none times out on the device.

import type { Batch, BatchItem } from '../message/batch.ts';
import type { Finding } from '../model/finding.ts';
import { turnsPerTimeout } from './refresh-cost.ts';
import { RefreshRing } from './refresh-ring.ts';
import { TimeoutGrant, type TimeoutSettings } from './timeout-grant.ts';

type TimedTable = {
  /** Where the device holds tags of ours. */
  readonly addresses: () => Iterable<string>;
  /** How many (address, tag) pairs that is. */
  readonly pairs: () => number;
  /** What the wall clock shows when the monotonic one is at 0, ms since 1970; absent: 0. */
  readonly epochMs?: number;
};

/**
 * After a start the hand begins this part of a turn back: what was not refreshed while no operator ran, or what a
 * replica with a faster clock passed over, is made up for.
 */
const lagPart = 2;
/** Refreshes that wait for longer than this part of the timeout no longer let every change go first. */
const latePart = 24;
/** Addresses come together for so long before a message is made of them. */
const gatherMs = 1000;
/** A message of refreshes has at most this many registrations, or what the device does in this time. */
const fewestInMessage = 50;
const messageMs = 100;

/**
 * The device forgets a registration with a timeout unless it is made anew. Each address is visited once a turn, a third
 * of the timeout, and all its tags are refreshed together, so two thirds are left for an outage. When the timeout changes,
 * the hand goes on from where it stands, at the pace of the shorter one, until every address has been visited once: none
 * is passed over, however often the spec is edited.
 *
 *   timeout     first turn    then    registrations carry
 *   0 -> n      n / 3         n / 3   n
 *   n -> m      least / 3     m / 3   m
 *   n -> 0      n / 3         -       none
 *   a start     least / 3     m / 3   m, or none; the least of m and what the former leader may have given
 *
 * The hand follows the wall clock, so every process goes on where the one before it stood (refresh-ring.ts), and begins
 * half a turn back: restarts, however often, a few minutes without an operator, and replicas whose clocks differ by no
 * more than a sixth of the timeout let no registration time out.
 */
export class RegistrationTimeouts {
  readonly #table: TimedTable;
  readonly #ring: RefreshRing;
  readonly #grant = new TimeoutGrant();
  /** The table has been read. */
  #known = false;
  /** The hand goes round. */
  #running = false;
  /** Until all registrations carry the present timeout: positions the hand has yet to pass, then when it had done so. */
  #change: { left: number; passedAt: number | undefined } | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #sentAt = 0;

  constructor(table: TimedTable) {
    this.#table = table;
    this.#ring = new RefreshRing(table.epochMs);
  }

  /** What registrations are given from now on, in seconds; 0: none. */
  get timeoutSeconds(): number {
    return this.#grant.timeoutSeconds;
  }

  /** The same as part of a batch item. */
  get stamp(): Pick<BatchItem, 'timeoutSeconds'> {
    return this.timeoutSeconds === 0 ? {} : { timeoutSeconds: this.timeoutSeconds };
  }

  /** Why the timeout of the spec is not given. */
  get finding(): Finding | undefined {
    return this.#grant.finding;
  }

  /** The shortest timeout that the device may be counting down, in seconds; 0: none. */
  get outstanding(): number {
    return this.#grant.outstanding;
  }

  /** Takes up what the spec asks for. */
  configure(settings: TimeoutSettings, now: number): void {
    if (this.#grant.configure(settings)) this.#changed(now);
  }

  /** Another leader may have given a timeout as short as this, in seconds; 0: none. */
  inherit(timeoutSeconds: number): void {
    this.#grant.inherit(timeoutSeconds);
  }

  /** The table has been read: what was found there is visited, too. */
  begin(now: number): void {
    this.#known = true;
    this.judge(now);
    if (this.#running) this.#addAll();
    else this.#start(now);
  }

  /** The device is another one, or another client may write to it: it may count down what the former one does. */
  forget(): void {
    this.#grant.forget();
    this.#stop();
    this.#known = false;
  }

  /** The device holds tags of ours at this address. */
  hold(address: string): void {
    if (this.#running) this.#ring.add(address);
  }

  /** It holds none any more. */
  drop(address: string): void {
    this.#ring.delete(address);
  }

  /** The addresses that are to be refreshed, the longest waiting first; each stays until it is done. */
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

  /** Since when the address is to be refreshed, monotonic ms; undefined: it is not due. */
  dueSince(address: string): number | undefined {
    return this.#ring.due.get(address);
  }

  /** They wait for so long that changes must leave them room. */
  isLate(now: number): boolean {
    return now - (this.#ring.oldestDueAt ?? now) > (this.outstanding * 1000) / latePart;
  }

  /**
   * How many registrations one message may refresh. The device takes all of them back before it makes the first one
   * again, so this is also for how long a tag may be missing. `besides`: changes are to go with the same message.
   */
  quota(besides: boolean): number {
    if (besides) return fewestInMessage;
    return Math.max(fewestInMessage, Math.floor(((this.#grant.perSecond ?? 0) * messageMs) / 1000));
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

  /** The device answered it. What it refused to refresh is tried again with the next turn, as what it did. */
  answered(batch: Batch, now: number): void {
    let registrations = 0;
    for (const { address, register, refresh = [], timeoutSeconds = 0 } of batch) {
      registrations += register.length + refresh.length;
      if (register.length > 0) this.hold(address);
      if (timeoutSeconds === this.timeoutSeconds) {
        if (refresh.length > 0) this.#ring.settle(address);
      } else if (this.#running) this.#ring.summon(address, now); // the timeout changed while it was on its way
    }
    this.#grant.answered(registrations, now - this.#sentAt);
    this.judge(now);
  }

  /** Decides whether the device can bear the timeout, by what it holds and has shown. */
  judge(now: number): void {
    if (this.#grant.judge(this.#table.pairs())) this.#changed(now);
  }

  #changed(now: number): void {
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
    const { positions } = this.#ring;
    this.#ring.turn(this.#turnMs, now, Math.floor(positions / lagPart));
    this.#change = { left: positions, passedAt: undefined };
  }

  get #turnMs(): number {
    return (this.outstanding * 1000) / turnsPerTimeout;
  }

  #endChange(now: number): void {
    const passedAt = this.#change?.passedAt;
    if (passedAt === undefined || (this.#ring.oldestDueAt ?? now) < passedAt) return;
    this.#change = undefined;
    this.#grant.settled();
    if (this.outstanding === 0) this.#stop();
    else this.#ring.turn(this.#turnMs, now);
  }

  #stop(): void {
    this.#ring.clear();
    this.#running = false;
    this.#change = undefined;
  }
}
