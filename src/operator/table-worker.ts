// The loop that keeps one registered-ip table equal to what is desired: one message in flight, a full read now and then.

import type { AddressChange } from '../core/desired.ts';
import type { RecordEvent } from '../core/event-note.ts';
import type { PolicyId } from '../core/model.ts';
import { mayWrite, type Owner } from '../core/ownership.ts';
import { removalGate } from '../core/removal-gate.ts';
import type { GuardLimits } from '../core/removal-guard.ts';
import { type Stance, writes } from '../core/stance.ts';
import type { Rejection } from '../core/refusals.ts';
import type { Batch } from '../core/batch.ts';
import { type DesiredTags, Table } from '../core/table.ts';
import type { Precedence } from '../core/table-claims.ts';
import type { TableView } from '../core/table-health.ts';
import type { TableRef } from '../core/table-ref.ts';
import type { Logger } from '../runtime/logger.ts';
import { createWake, pause } from '../runtime/wake.ts';
import { type Connection, DeviceFailure } from './device-port.ts';
import { type Adoption, Marker } from './marker.ts';
import { Outage } from './outage.ts';
import { ReadSchedule } from './read-schedule.ts';
import { TableSender } from './table-sender.ts';
import { toReading } from './table-reading.ts';
import { tableView } from './table-view.ts';

/** What the whole operator knows, as far as removals depend on it. */
export type ClusterKnowledge = {
  /** Every kind that decides tags has been listed in full since this process started. */
  readonly synced: boolean;
  readonly invalidPolicies: readonly PolicyId[];
};

export type TableObserver = {
  /** Something moved that status or metrics show. */
  changed(): void;
  confirmed(batch: Batch, rejections: readonly Rejection[], now: number): void;
  unanswered(batch: Batch): void;
  failed(failure: DeviceFailure): void;
  /** An Event about the PanFirewall. */
  readonly record: RecordEvent;
  /** Our mark was there and is gone: the table was emptied, or somebody took the mark away. */
  lost(ref: TableRef): void;
};

export type TableWorkerOptions = {
  readonly ref: TableRef;
  /** Ourselves, as the mark in the table names us. */
  readonly self: Owner;
  readonly desired: DesiredTags;
  readonly fullIntervalMs: () => number;
  readonly markerIntervalMs: () => number;
  readonly guard: () => GuardLimits;
  /** How far the table may be written; a message on its way is not touched when it changes. */
  readonly stance: () => Stance;
  /** May this table be written to, as far as our other PanFirewalls go? */
  readonly precedence: () => Precedence;
  /** The connection, with the device known; throws DeviceFailure while there is none. */
  readonly connect: (signal: AbortSignal) => Promise<Connection>;
  readonly knowledge: () => ClusterKnowledge;
  readonly observer: TableObserver;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
};

/** A change that finds the worker idle waits this long for its siblings (a rollout's Pods come in bursts). */
const settleMs = 3;
/** After stop, the message in flight has this long to end. */
const lastCallMs = 15_000;

export class TableWorker {
  readonly table: Table;
  readonly #options: TableWorkerOptions;
  readonly #work = createWake();
  readonly #sender: TableSender;
  readonly #outage: Outage;
  readonly #marker: Marker;
  readonly #reads: ReadSchedule;
  #learned: string | undefined;
  #agreed = false;
  #lastCall = AbortSignal.abort();

  constructor(options: TableWorkerOptions) {
    this.#options = options;
    const { self, ref, markerIntervalMs, log, now } = options;
    this.#marker = new Marker({ self, ref, intervalMs: markerIntervalMs, log, now });
    this.#reads = new ReadSchedule({ intervalMs: options.fullIntervalMs, now });
    this.#outage = new Outage('device', log);
    this.table = new Table(options.desired, this.#gate(), options.guard());
    this.#sender = new TableSender({ ...options, table: this.table, doubt: () => this.#reads.doubt() });
  }

  note(change: AddressChange): void {
    this.table.note(change, this.#options.now());
    this.#work.notify();
  }

  /** Syncedness or the set of invalid policies changed. */
  knowledgeChanged(): void {
    this.table.setGate(this.#gate(), this.#options.now());
    this.#work.notify();
  }

  /** The limits of spec.removalGuard were edited. */
  guardChanged(): void {
    this.table.configureGuard(this.#options.guard());
    this.#work.notify();
  }

  /** Reads the table as soon as the distance to the last read allows. */
  resync(): void {
    this.#reads.soon();
    this.#work.notify();
  }

  /** Releases the held plan of this id; false when there is none. */
  approve(plan: string): boolean {
    const released = this.table.approve(plan, this.#options.now());
    if (released) this.#options.log.info({ plan }, 'held removals approved');
    this.#work.notify();
    return released;
  }

  /** Takes the place of another owner, as far as this table has one of this id. */
  adopt(id: string): Adoption {
    const state = this.#marker.adopt(id);
    this.#work.notify();
    return state;
  }

  /** Another PanFirewall came to know its device, or left. */
  claimsChanged(): void {
    this.#work.notify();
  }

  /** Credentials, trust or settings changed: what failed may work now. */
  retryNow(): void {
    this.#reads.intervalChanged();
    this.#outage.retryNow();
    this.#work.notify();
  }

  /** The device behind the endpoint is another one, or somebody else may write to it: nothing is known of its table. */
  forget(): void {
    this.table.forget();
    this.#marker.forget();
    this.#agreed = false;
    this.#sender.forget();
    this.#learned = undefined;
    this.#reads.atOnce();
    this.#work.notify();
  }

  /** Monotonic ms: until then a message without an answer may still take effect. */
  get unsureUntil(): number {
    return this.#reads.unsureUntil;
  }

  view(): TableView {
    return tableView({
      table: this.table,
      marker: this.#marker,
      stance: this.#options.stance(),
      precedence: this.#options.precedence(),
      failing: this.#outage.failing,
      learned: this.#learned,
    });
  }

  /**
   * Runs until the signal; a message in flight is allowed to end, unless `lost` aborts. Never rejects for a device's
   * sake. What was learnt of the device is forgotten at the end, as somebody else may write next; causes are kept.
   */
  async run(signal: AbortSignal, lost: AbortSignal): Promise<void> {
    this.#lastCall = AbortSignal.any([lastCall(signal), lost]);
    this.#outage.forget();
    this.#reads.takenOver();
    try {
      while (!signal.aborted) {
        await this.#step(signal).catch((error: unknown) => this.#recover(error, signal));
      }
    } finally {
      this.forget();
    }
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (!(error instanceof DeviceFailure)) throw error;
    // Whatever happened to the device meanwhile, its mark and a full read find it.
    this.#marker.readSoon();
    this.#reads.soon();
    this.#options.observer.failed(error);
    await this.#outage.failed(error, signal);
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { knowledge, connect, now } = this.#options;
    if (!knowledge().synced) return this.#work.sleep(60_000, signal);
    const connection = await connect(signal);
    if (now() >= this.#marker.dueAt) await this.#readMarker(connection, signal);
    if (now() >= this.#reads.dueAt) await this.#readAll(connection, signal);
    if (await this.#putMarker(connection, signal)) return;
    if ((await this.#sendNext(connection, signal)) > 0) return;
    const retryAt = this.#mayWrite() ? this.table.refusals.nextDueAt() : undefined;
    const wakeAt = Math.min(this.#reads.dueAt, this.#marker.dueAt, retryAt ?? Number.POSITIVE_INFINITY);
    await this.#work.sleep(wakeAt - now(), signal);
    await pause(settleMs, signal);
  }

  async #readMarker(connection: Connection, signal: AbortSignal): Promise<void> {
    const { observer, ref, log } = this.#options;
    const before = this.#marker.standing;
    await this.#marker.read(connection, signal);
    this.#succeeded();
    const { kind } = this.#marker.standing;
    if (kind === before.kind) return;
    this.#standingChanged();
    if (kind !== 'lost') return;
    log.warn('table lost, reading and restoring it');
    observer.lost(ref);
    this.#reads.atOnce();
  }

  /** True when there was one to put. */
  async #putMarker(connection: Connection, signal: AbortSignal): Promise<boolean> {
    // What a reading may have missed could be somebody else's.
    const ready = this.table.known && this.#agreed && this.#isOurs() && !signal.aborted;
    if (!ready || !this.#marker.wanted(() => this.table.hasUnclaimed)) return false;
    await this.#marker.put(connection, this.#lastCall);
    this.#standingChanged();
    this.#succeeded();
    return true;
  }

  #standingChanged(): void {
    this.table.setFirstContact(this.#marker.standing.kind === 'firstContact');
    this.table.setGate(this.#gate(), this.#options.now());
  }

  #mayWrite(): boolean {
    return mayWrite(this.#marker.standing) && this.#isOurs();
  }

  /** As far as the spec and our other PanFirewalls go. */
  #isOurs(): boolean {
    const { stance, precedence } = this.#options;
    return writes(stance()) && precedence().kind === 'ours';
  }

  /** Sends one message if there is one to send; tells how many addresses it was about. */
  async #sendNext(connection: Connection, signal: AbortSignal): Promise<number> {
    if (signal.aborted || !this.#mayWrite()) return 0;
    const addresses = await this.#sender.sendNext(connection, this.#lastCall);
    if (addresses > 0) this.#succeeded();
    return addresses;
  }

  async #readAll(connection: Connection, signal: AbortSignal): Promise<void> {
    const { now, ref, self, log } = this.#options;
    const startedAt = now();
    this.table.beginRead();
    try {
      const { entries, agreed } = await connection.readTable(
        ref,
        () => this.#sendNext(connection, signal),
        signal,
      );
      this.#agreed = agreed;
      this.table.setGate(this.#gate(), now());
      const reading = toReading(entries, self.prefix);
      this.#learned = reading.learned;
      this.table.endRead(reading, now());
    } finally {
      this.table.abandonRead();
      this.#reads.ended(startedAt);
    }
    if (!this.#agreed) this.#reads.soon();
    const { owned, foreign, pending, waiting, waitingExample } = this.table;
    const ms = Math.round(this.#reads.durationMs);
    log.info({ owned, foreign, pending, waiting, waitingExample, agreed: this.#agreed, ms }, 'table read');
    this.#succeeded();
  }

  #succeeded(): void {
    this.#outage.succeeded();
    this.#options.observer.changed();
  }

  #gate() {
    const { synced, invalidPolicies } = this.#options.knowledge();
    const [rival] = this.#marker.standing.rivals;
    return removalGate(this.#options.self.prefix, {
      clusterSynced: synced,
      tableRead: this.#agreed,
      invalidPolicies,
      rival,
    });
  }
}

/** A signal that fires some time after the given one, so that what is on its way may arrive. */
function lastCall(signal: AbortSignal): AbortSignal {
  const late = new AbortController();
  signal.addEventListener('abort', () => setTimeout(() => late.abort(), lastCallMs).unref(), { once: true });
  return late.signal;
}
