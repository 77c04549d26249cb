// Worker of one table: takes up changes and requests, runs the table's loop, and tells how the table stands.

import type { AddressChange } from '../../core/model/address-change.ts';
import type { DesiredTags } from '../../core/table/desired-tags.ts';
import { Table } from '../../core/table/table.ts';
import type { TableView } from '../../core/status/table-health.ts';
import { wasOurs } from '../../core/rights/ownership.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import type { Scope } from '../../core/model/policy-scope.ts';
import { createWake } from '../../runtime/wake.ts';
import type { TableLimits } from '../limits/limited-device.ts';
import { type LimitedWorker, limitedTable } from '../limits/limited-table.ts';
import { explainStuckAddresses } from './address-explainer.ts';
import { type Adoption, Marker } from './marker.ts';
import { Outage } from '../device/outage.ts';
import { ReadSchedule } from './read-schedule.ts';
import { type LoopParts, TableLoop } from './table-loop.ts';
import { TableReader } from './table-reader.ts';
import { TableSender } from './table-sender.ts';
import type { TableContext, TableRunner } from './table-context.ts';
import { tableView } from './table-view.ts';
import { WritingRights } from './writing-rights.ts';

const nothingKnown = () => 'the cluster has not been read in full';

export type TableWorkerParts = {
  /** What the table is to hold, as far as its device takes it. */
  readonly desired: DesiredTags;
  /** Of the device that has the table. */
  readonly limits: TableLimits;
  /** Everything that the cluster's side knows of an address, for the log. Absent: nothing. */
  readonly explainDesired?: (address: string) => unknown;
};

export class TableWorker implements TableRunner {
  /** It is not for a worker to end. */
  readonly outcome = undefined;
  readonly obstacle = undefined;
  readonly table: Table;
  /** As the limits of its device see it. */
  readonly limited: LimitedWorker['limited'];
  readonly #given: TableWorkerParts;
  readonly #parts: LoopParts;
  readonly #loop: TableLoop;

  constructor(context: TableContext, given: TableWorkerParts) {
    const { self, ref, settings, log, now, timing } = context;
    const { limits } = given;
    const markerIntervalMs = () => context.settings.resync.markerIntervalSeconds * 1000;
    const fullIntervalMs = () => context.settings.resync.fullIntervalSeconds * 1000;
    const work = createWake();
    const outage = new Outage('device', log);
    const options = { epochMs: performance.timeOrigin, tagPrefix: self.prefix, timing };
    const table = new Table(given.desired, nothingKnown, settings.removalGuard, options);
    const limited = limitedTable({
      table,
      isFailing: () => outage.failing !== undefined,
      wake: () => work.notify(),
      now,
    });
    const marker = new Marker({ self, ref, intervalMs: markerIntervalMs, log, now });
    const rights = new WritingRights(context, marker);
    const reads = new ReadSchedule({ intervalMs: fullIntervalMs, now, timing });
    const reader = new TableReader({ context, table, reads });
    const sender = new TableSender({ context, table, reads, limited, limits });
    this.#given = given;
    this.table = table;
    this.limited = limited;
    this.#parts = { context, table, limits, work, outage, marker, rights, reads, reader, sender };
    this.#loop = new TableLoop(this.#parts);
  }

  note(change: AddressChange): void {
    this.table.note(change, this.#parts.context.now());
    this.#parts.sender.release(change.address);
    this.#parts.work.notify();
  }

  /** What removals depend on changed. @param scope whose tags alone may be concerned; absent: all. */
  knowledgeChanged(scope?: Scope): void {
    if (scope === undefined) this.#loop.knowledgeChanged();
    else this.table.gateMoved(scope, this.#parts.context.now());
    this.#parts.work.notify();
  }

  /** The limits of spec.removalGuard were edited. */
  guardChanged(): void {
    this.table.configureGuard(this.#parts.context.settings.removalGuard);
    this.#parts.work.notify();
  }

  /** Reads the table as soon as the distance to the last read allows. */
  resync(): void {
    this.#parts.reads.retryNow();
    this.#parts.reader.ask();
    this.#parts.work.notify();
  }

  /** A read that was asked for has not begun. Of a table that cannot be read now nobody waits for it. */
  get awaitsRead(): boolean {
    return this.#parts.reader.isAsked && this.table.known && this.#parts.outage.failing === undefined;
  }

  /** What is about to be judged may become a held plan: whether there is one of some id cannot be told yet. */
  get awaitsJudgement(): boolean {
    return this.#parts.rights.mayWrite && this.table.hasToJudge;
  }

  /** Releases the held plan of this id; false when there is none. */
  approve(plan: string): boolean {
    const released = this.table.approve(plan, this.#parts.context.now());
    if (released) this.#parts.context.log.info({ plan }, 'held removals approved');
    this.#parts.work.notify();
    return released;
  }

  /**
   * Takes the place of another owner, as far as this table has one of this id. Not over before nobody's tags are held any
   * more: the annotation stays as long, and so they are held over a restart, too.
   */
  adopt(id: string): Adoption {
    const state = this.#parts.marker.adopt(id);
    this.#parts.work.notify();
    // Also while another rival contests the table: what the adopted one left would go unasked when that one leaves.
    const isOpen = this.#parts.rights.isOutdated || this.table.hasUnclaimed;
    return wasOurs(this.#parts.marker.ownership) && isOpen ? 'pending' : state;
  }

  /** Another PanFirewall came to know its device, or left. */
  tableClaimsChanged(): void {
    this.#parts.rights.tableClaimsChanged();
    this.#parts.work.notify();
  }

  /** What the guard waited for has come: it may judge sooner than was thought. */
  judgeSooner(): void {
    this.#parts.work.notify();
  }

  /** Credentials, trust or settings changed: what failed may work now. */
  retryNow(): void {
    this.#parts.reads.intervalChanged();
    this.#parts.reads.retryNow();
    this.#parts.outage.retryNow();
    this.#parts.work.notify();
  }

  /** The device behind the endpoint is another one, or somebody else may write to it: nothing is known of its table. */
  forget(): void {
    this.table.forget();
    this.#parts.marker.forget();
    this.#parts.sender.forget();
    this.#parts.reader.forget();
    this.#parts.work.notify();
  }

  get ref(): TableRef {
    return this.#parts.context.ref;
  }

  /** The device takes no registrations, as its HA peer does: nobody waits for it. */
  get isPassivePeer(): boolean {
    return this.#parts.outage.failing?.reason === 'PassivePeer';
  }

  /** When the table was last read in full, monotonic ms; undefined: it was not. */
  get lastReadAt(): number | undefined {
    return this.#parts.reader.lastReadAt;
  }

  /** Monotonic ms: until then a message without an answer may still take effect. */
  get unsureUntil(): number {
    return this.#parts.reads.unsureUntil;
  }

  view(): TableView {
    return tableView({
      firewall: this.#parts.context.name,
      table: this.table,
      marker: this.#parts.marker,
      writeMode: this.#parts.context.writeMode,
      precedence: this.#parts.context.precedence,
      failing: this.#parts.outage.failing,
      reading: this.#parts.reader.notes,
      limited: this.#given.limits,
    });
  }

  /**
   * Runs until the signal; a message in flight is allowed to end, unless `lost` aborts. Never rejects for a device's
   * sake. What was learnt of the device is forgotten at the end, as somebody else may write next; causes are kept.
   */
  async run(signal: AbortSignal, lost: AbortSignal): Promise<void> {
    const ended = new AbortController();
    void this.#explain(AbortSignal.any([signal, ended.signal]));
    try {
      await this.#loop.run(signal, lost);
    } finally {
      ended.abort();
      this.forget();
    }
  }

  #explain(signal: AbortSignal): Promise<void> {
    const { table } = this;
    const { explainDesired } = this.#given;
    const { log, now } = this.#parts.context;
    const rights = () => ({
      writeMode: this.#parts.context.writeMode,
      mayWrite: this.#parts.rights.mayWrite,
      failing: this.#parts.outage.failing?.reason,
    });
    return explainStuckAddresses({ table, explainDesired, rights, log, now }, signal);
  }
}
