// Reconcile loop of one registered-ip table: one message in flight, and periodic full reads.

import { DeviceError } from '../../core/model/device-error.ts';
import type { AddressChange } from '../../core/model/address-change.ts';
import type { LimitedTable } from '../../core/limits/device-limits.ts';
import { type Knowledge, type RemovalGate, removalGate } from '../../core/removals/removal-gate.ts';
import type { DesiredTags } from '../../core/table/desired-tags.ts';
import { Table } from '../../core/table/table.ts';
import type { TableView } from '../../core/status/table-health.ts';
import { wasOurs } from '../../core/rights/ownership.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import { timeoutSettings } from '../../core/timeouts/timeout-settings.ts';
import type { Scope } from '../../core/model/policy-scope.ts';
import { createWake, pause } from '../../runtime/wake.ts';
import type { Connection } from '../device/device-port.ts';
import type { TableLimits } from '../limits/firewall-limits.ts';
import { limitedTable } from '../limits/limited-table.ts';
import { explainStuckAddresses } from './address-explainer.ts';
import { type Adoption, Marker } from './marker.ts';
import { type CallKind, Outage } from '../device/outage.ts';
import { expectNotPassive } from '../device/passive-peer.ts';
import type { ReadSchedule } from './read-schedule.ts';
import { TableReader } from './table-reader.ts';
import { TableSender } from './table-sender.ts';
import type { TableContext } from './table-context.ts';
import { tableView } from './table-view.ts';
import { WritingRights } from './writing-rights.ts';

/** A change that finds the worker idle waits this long for its siblings (a rollout's Pods come in bursts). */
const settleMs = 3;
/** How long it is waited until the other tables of a device with a limit are looked at again. */
const siblingsMs = 1000;
/** After stop, the message in flight has this long to end. */
const lastCallMs = 15_000;

export type TableWorkerParts = {
  /** What the table is to hold, as far as its device takes it. */
  readonly desired: DesiredTags;
  /** Of the device that has the table. */
  readonly limits: TableLimits;
  /** Everything that the cluster's side knows of an address, for the log. Absent: nothing. */
  readonly explainDesired?: (address: string) => unknown;
};

export class TableWorker {
  readonly table: Table;
  /** As the limits of its device see it. */
  readonly limited: LimitedTable;
  readonly #context: TableContext;
  readonly #parts: TableWorkerParts;
  readonly #work = createWake();
  readonly #sender: TableSender;
  readonly #outage: Outage;
  readonly #marker: Marker;
  readonly #rights: WritingRights;
  readonly #reader: TableReader;
  readonly #reads: ReadSchedule;
  #lastCall = AbortSignal.abort();
  /** When guarded removals are to be judged that the last look for work found too early: it may be past by now. */
  #judgeAt: number | undefined;
  /** What is being asked of the device. */
  #calling: CallKind = 'connect';

  constructor(context: TableContext, parts: TableWorkerParts) {
    this.#context = context;
    this.#parts = parts;
    const { self, ref, observer, log, now, timing } = context;
    const markerIntervalMs = () => this.#markerIntervalMs;
    this.#marker = new Marker({ self, ref, intervalMs: markerIntervalMs, log, now });
    this.#outage = new Outage('device', log);
    this.table = new Table(
      parts.desired,
      removalGate(self.prefix, this.#knowledge(false)),
      context.settings.removalGuard,
      { epochMs: performance.timeOrigin, tagPrefix: self.prefix, timing },
    );
    this.#reader = new TableReader({ context, table: this.table, gate: () => this.#gate() });
    this.#reads = this.#reader.schedule;
    this.#rights = new WritingRights({
      context,
      marker: this.#marker,
      table: this.table,
      standingChanged: () => this.table.setGate(this.#gate(), now()),
    });
    this.#sender = new TableSender({
      table: this.table,
      ref,
      prefix: self.prefix,
      observer,
      log,
      now,
      doubt: () => this.#reads.doubt(),
      readSoon: () => this.#reads.soon(),
      answered: (answer) => parts.limits.device.answered({ ...answer, table: this.limited }, now()),
    });
    this.limited = limitedTable({
      table: this.table,
      isFailing: () => this.#outage.failing !== undefined,
      wake: () => this.#work.notify(),
      now,
    });
  }

  note(change: AddressChange): void {
    this.table.note(change, this.#context.now());
    this.#sender.release(change.address);
    this.#work.notify();
  }

  /** What removals depend on changed. @param scope whose tags alone may be concerned; absent: all. */
  knowledgeChanged(scope?: Scope): void {
    if (scope === undefined) this.table.setGate(this.#gate(), this.#context.now());
    else this.table.gateMoved(scope, this.#context.now());
    this.#work.notify();
  }

  /** The limits of spec.removalGuard were edited. */
  guardChanged(): void {
    this.table.configureGuard(this.#context.settings.removalGuard);
    this.#work.notify();
  }

  /** Reads the table as soon as the distance to the last read allows. */
  resync(): void {
    this.#reads.retryNow();
    this.#reader.ask();
    this.#work.notify();
  }

  /** A read that was asked for has not begun. Of a table that cannot be read now nobody waits for it. */
  get awaitsRead(): boolean {
    return this.#reader.isAsked && this.table.known && this.#outage.failing === undefined;
  }

  /** What is about to be judged may become a held plan: whether there is one of some id cannot be told yet. */
  get awaitsJudgement(): boolean {
    return this.#rights.mayWrite && this.table.hasToJudge;
  }

  /** Releases the held plan of this id; false when there is none. */
  approve(plan: string): boolean {
    const released = this.table.approve(plan, this.#context.now());
    if (released) this.#context.log.info({ plan }, 'held removals approved');
    this.#work.notify();
    return released;
  }

  /**
   * Takes the place of another owner, as far as this table has one of this id. Not over before nobody's tags are held any
   * more: the annotation stays as long, and so they are held over a restart, too.
   */
  adopt(id: string): Adoption {
    const state = this.#marker.adopt(id);
    this.#work.notify();
    // Also while another rival contests the table: what the adopted one left would go unasked when that one leaves.
    const isOpen = this.#rights.isOutdated || this.table.hasUnclaimed;
    return wasOurs(this.#marker.standing) && isOpen ? 'pending' : state;
  }

  /** Another PanFirewall came to know its device, or left. */
  claimsChanged(): void {
    this.#rights.claimsChanged();
    this.#work.notify();
  }

  /** What the guard waited for has come: it may judge sooner than was thought. */
  judgeSooner(): void {
    this.#work.notify();
  }

  /** Credentials, trust or settings changed: what failed may work now. */
  retryNow(): void {
    this.#reads.intervalChanged();
    this.#reads.retryNow();
    this.#outage.retryNow();
    this.#work.notify();
  }

  /** The device behind the endpoint is another one, or somebody else may write to it: nothing is known of its table. */
  forget(): void {
    this.table.forget();
    this.#marker.forget();
    this.#sender.forget();
    this.#reader.forget();
    this.#work.notify();
  }

  get ref(): TableRef {
    return this.#context.ref;
  }

  /** Tags of the address that do not fit. */
  unfitAt(address: string): readonly string[] {
    return this.table.room.unfitAt(address);
  }

  /** The device takes no registrations, as its HA peer does: nobody waits for it. */
  get isPassivePeer(): boolean {
    return this.#outage.failing?.reason === 'PassivePeer';
  }

  /** Monotonic ms: until then a message without an answer may still take effect. */
  get unsureUntil(): number {
    return this.#reads.unsureUntil;
  }

  view(): TableView {
    return tableView({
      firewall: this.#context.name,
      table: this.table,
      marker: this.#marker,
      stance: this.#context.stance,
      precedence: this.#context.precedence,
      failing: this.#outage.failing,
      reading: this.#reader.notes,
      books: this.#parts.limits.books(),
    });
  }

  /**
   * Runs until the signal; a message in flight is allowed to end, unless `lost` aborts. Never rejects for a device's
   * sake. What was learnt of the device is forgotten at the end, as somebody else may write next; causes are kept.
   */
  async run(signal: AbortSignal, lost: AbortSignal): Promise<void> {
    this.#lastCall = AbortSignal.any([lastCall(signal), lost]);
    this.#outage.forget();
    this.#takeOver();
    const { former, now } = this.#context;
    this.table.timeouts.inherit(former.timeoutSeconds);
    this.table.inheritGuard(former.guardWindow, now());
    const ended = new AbortController();
    void this.#explain(AbortSignal.any([signal, ended.signal]));
    try {
      while (!signal.aborted) {
        await this.#step(signal).catch((error: unknown) => this.#recover(error, signal));
      }
    } finally {
      ended.abort();
      this.forget();
    }
  }

  #explain(signal: AbortSignal): Promise<void> {
    const { table } = this;
    const { explainDesired } = this.#parts;
    const { log, now } = this.#context;
    const standing = () => ({
      stance: this.#context.stance,
      mayWrite: this.#rights.mayWrite,
      failing: this.#outage.failing?.reason,
    });
    return explainStuckAddresses({ table, explainDesired, standing, log, now }, signal);
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (!(error instanceof DeviceError)) throw error;
    // Whatever happened to the device meanwhile, its mark and a full read find it.
    this.#marker.readSoon();
    this.#reads.soon();
    const { observer } = this.#context;
    const isPassive = error.reason === 'PassivePeer';
    if (isPassive) observer.changed();
    else observer.failed(error);
    const kind = isPassive ? 'look' : this.#calling;
    // What is known goes on being written while the table cannot be read.
    if (kind === 'read') return this.#reads.postpone(this.#outage.note(kind, error));
    await this.#outage.failed(kind, error, signal, isPassive ? this.#markerIntervalMs : undefined);
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { now } = this.#context;
    if (!this.#context.knowledge.synced) return this.#work.sleep(60_000, signal);
    this.#calling = 'connect';
    const connection = await this.#context.connect(signal);
    if (this.#outage.isOpen('connect')) this.#succeeded('connect');
    this.table.timeouts.configure(timeoutSettings(this.#context), now());
    if (this.isPassivePeer) await this.#expectActive(connection, signal);
    if (now() >= this.#marker.dueAt) await this.#readMarker(connection, signal);
    if (this.#rights.mustRead) this.#reads.lost();
    if (now() >= this.#reads.dueAt) await this.#readAll(connection, signal);
    if (await this.#putMarker(connection, signal)) return;
    if ((await this.#sendNext(connection, signal)) > 0) return;
    await this.#work.sleep(this.#wakeAt() - now(), signal);
    await pause(settleMs, signal);
  }

  /** When there may be something to do without a change. */
  #wakeAt(): number {
    const { device } = this.#parts.limits;
    const retryAt = device.mustWait ? this.#context.now() + siblingsMs : this.#sender.dueAt();
    const writing = this.#rights.mayWrite ? [retryAt, device.probeAt, this.table.timeouts.nextAt()] : [];
    const judging = this.table.pending > 0 ? [this.#judgeAt] : [];
    return Math.min(
      this.#reads.dueAt,
      this.#marker.dueAt,
      ...[...judging, ...writing].filter((at) => at !== undefined),
    );
  }

  async #readMarker(connection: Connection, signal: AbortSignal): Promise<void> {
    const { observer, ref, log } = this.#context;
    this.#calling = 'look';
    const kind = await this.#rights.readMarker(connection, signal);
    this.#succeeded('look');
    if (kind !== 'lost') return;
    log.warn('table emptied by another client, restoring');
    observer.lost(ref);
    this.table.excuse();
    this.#reads.lost();
  }

  /** True when there was one to put. */
  async #putMarker(connection: Connection, signal: AbortSignal): Promise<boolean> {
    // What a reading may have missed could be somebody else's.
    if (!this.table.known || !this.#reader.agreed || signal.aborted) return false;
    this.#calling = 'write';
    if (!(await this.#rights.putMarker(connection, this.#lastCall))) return false;
    this.#succeeded('write');
    return true;
  }

  /** Sends one message if there is one to send; tells how many addresses it was about. */
  async #sendNext(connection: Connection, signal: AbortSignal): Promise<number> {
    const { now } = this.#context;
    const { mayWrite } = this.#rights;
    this.#judgeAt = undefined;
    // What could not be written may be there all the same by now, or not be ours to write any more.
    const isMoot = !mayWrite || (this.table.known && this.table.pending === 0);
    if (isMoot && this.#outage.isOpen('write')) this.#succeeded('write');
    if (signal.aborted || !mayWrite || !this.#parts.limits.ready(now())) return 0;
    this.table.setFirstContact(this.#marker.standing.kind === 'firstContact' || this.#context.adopting);
    const { judgeFrom = 0, burst = 0 } = this.#context.knowledge;
    const { judging } = this.table;
    judging.from = judgeFrom;
    judging.burst = burst;
    if (judging.at > now()) this.#judgeAt = judging.at;
    this.#calling = 'write';
    const addresses = await this.#sender.sendNext(connection, this.#lastCall);
    if (addresses > 0) this.#succeeded('write');
    return addresses;
  }

  async #readAll(connection: Connection, signal: AbortSignal): Promise<void> {
    const { isAsked } = this.#reader;
    const betweenPages = async (): Promise<number> => {
      const addresses = await this.#sendNext(connection, signal);
      this.#calling = 'read';
      return addresses;
    };
    this.#calling = 'read';
    if (this.#rights.mustRead) this.#takeOver();
    const shown = this.#rights.beginRead();
    const reading = this.#reader.read(connection, betweenPages, signal);
    // Whoever asked for it hears that it has begun.
    if (isAsked) this.#context.observer.changed();
    await reading;
    shown();
    this.#parts.limits.device.settle();
    this.#succeeded('read');
  }

  /** Whoever wrote before may have left a message on its way. */
  #takeOver(): void {
    this.#reads.takenOver();
    this.table.takenOver();
  }

  async #expectActive(connection: Connection, signal: AbortSignal): Promise<void> {
    this.#calling = 'look';
    expectNotPassive(await connection.call({ ask: 'haState', serial: this.#context.ref.serial }, signal));
    this.#succeeded('look');
  }

  get #markerIntervalMs(): number {
    return this.#context.settings.markerIntervalSeconds * 1000;
  }

  #succeeded(kind: CallKind): void {
    this.#outage.succeeded(kind);
    this.#context.observer.changed();
  }

  #gate(): RemovalGate {
    return removalGate(this.#context.self.prefix, this.#knowledge(this.#reader.agreed));
  }

  #knowledge(tableRead: boolean): Knowledge {
    const { synced, relisting, claimant } = this.#context.knowledge;
    const [rival] = this.#marker.standing.rivals;
    return { clusterSynced: synced, relisting, tableRead, claimant, rival };
  }
}

/** A signal that fires some time after the given one, so that what is on its way may arrive. */
function lastCall(signal: AbortSignal): AbortSignal {
  const late = new AbortController();
  signal.addEventListener('abort', () => setTimeout(() => late.abort(), lastCallMs).unref(), { once: true });
  return late.signal;
}
