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
import { TableLoop } from './table-loop.ts';
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
  readonly #context: TableContext;
  readonly #given: TableWorkerParts;
  readonly #work = createWake();
  readonly #outage: Outage;
  readonly #marker: Marker;
  readonly #rights: WritingRights;
  readonly #reads: ReadSchedule;
  readonly #reader: TableReader;
  readonly #sender: TableSender;
  readonly #loop: TableLoop;

  constructor(context: TableContext, given: TableWorkerParts) {
    const { self, ref, settings, log, now, timing } = context;
    const { limits } = given;
    const markerIntervalMs = () => context.settings.resync.markerIntervalSeconds * 1000;
    const fullIntervalMs = () => context.settings.resync.fullIntervalSeconds * 1000;
    const work = this.#work;
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
    this.#context = context;
    this.#given = given;
    this.table = table;
    this.limited = limited;
    this.#outage = outage;
    this.#marker = marker;
    this.#rights = rights;
    this.#reads = reads;
    this.#reader = reader;
    this.#sender = sender;
    this.#loop = new TableLoop({
      context,
      table,
      limits,
      work,
      outage,
      marker,
      rights,
      reads,
      reader,
      sender,
    });
  }

  note(change: AddressChange): void {
    this.table.note(change, this.#context.now());
    this.#sender.release(change.address);
    this.#work.notify();
  }

  /** What removals depend on changed. @param scope whose tags alone may be concerned; absent: all. */
  knowledgeChanged(scope?: Scope): void {
    if (scope === undefined) this.#loop.knowledgeChanged();
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
    return wasOurs(this.#marker.ownership) && isOpen ? 'pending' : state;
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
      writeMode: this.#context.writeMode,
      precedence: this.#context.precedence,
      failing: this.#outage.failing,
      reading: this.#reader.notes,
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
    const { log, now } = this.#context;
    const rights = () => ({
      writeMode: this.#context.writeMode,
      mayWrite: this.#rights.mayWrite,
      failing: this.#outage.failing?.reason,
    });
    return explainStuckAddresses({ table, explainDesired, rights, log, now }, signal);
  }
}
