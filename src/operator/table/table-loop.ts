// Loop of one table: its mark and its entries are read when it is time to, and one message follows the other.

import { DeviceError } from '../../core/model/device-error.ts';
import { type RemovalGate, removalGate } from '../../core/removals/removal-gate.ts';
import type { Table } from '../../core/table/table.ts';
import { timeoutSettings } from '../../core/timeouts/timeout-settings.ts';
import { pause, type Wake } from '../../runtime/wake.ts';
import type { Connection } from '../device/device-port.ts';
import type { CallKind, Outage } from '../device/outage.ts';
import { expectNotPassive } from '../device/passive-peer.ts';
import type { TableLimits } from '../limits/limited-device.ts';
import type { Marker } from './marker.ts';
import type { ReadSchedule } from './read-schedule.ts';
import type { TableContext } from './table-context.ts';
import type { TableReader } from './table-reader.ts';
import type { TableSender } from './table-sender.ts';
import type { WritingRights } from './writing-rights.ts';

/** A change that finds the worker idle waits this long for its siblings (a rollout's Pods come in bursts). */
const settleMs = 3;
/** How long it is waited until the other tables of a device with a limit are looked at again. */
const siblingsMs = 1000;

/** What a table is kept with. */
export type LoopParts = {
  readonly context: TableContext;
  readonly table: Table;
  readonly limits: TableLimits;
  /** Notified when there may be something to do. */
  readonly work: Wake;
  readonly outage: Outage;
  readonly marker: Marker;
  readonly rights: WritingRights;
  readonly reads: ReadSchedule;
  readonly reader: TableReader;
  readonly sender: TableSender;
};

/** After stop, the message in flight has this long to end. */
const lastCallMs = 15_000;

export class TableLoop {
  readonly #parts: LoopParts;
  /** By what was last known; another one when that changed. */
  #gate: RemovalGate;
  #lastCall = AbortSignal.abort();
  /** When guarded removals are to be judged that the last look for work found too early: it may be past by now. */
  #judgeAt: number | undefined;
  /** What is being asked of the device. */
  #calling: CallKind = 'connect';

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#gate = this.#gateByNow();
  }

  /**
   * Runs until the signal; a message in flight is allowed to end, unless `lost` aborts. Never rejects for a device's
   * sake.
   */
  async run(signal: AbortSignal, lost: AbortSignal): Promise<void> {
    const { context, table, outage } = this.#parts;
    this.#lastCall = AbortSignal.any([lastCall(signal), lost]);
    outage.forget();
    this.#takeOver();
    this.knowledgeChanged();
    table.timeouts.inherit(context.former.timeoutSeconds);
    table.inheritGuard(context.former.guardWindow, context.now());
    while (!signal.aborted) {
      await this.#step(signal).catch((error: unknown) => this.#recover(error, signal));
    }
  }

  /** What removals depend on changed. */
  knowledgeChanged(): void {
    this.#gate = this.#gateByNow();
    this.#applyKnowledge();
  }

  /** All that is known besides the table itself; the table assesses nothing anew while the gate is the same. */
  #applyKnowledge(): void {
    const { context, table, marker } = this.#parts;
    const { judgeFrom, burst } = context.knowledge;
    const firstContact = marker.ownership.kind === 'firstContact' || context.adopting;
    table.setKnowledge({ gate: this.#gate, firstContact, judgeFrom, burst }, context.now());
  }

  #gateByNow(): RemovalGate {
    const { context, table, marker } = this.#parts;
    const { synced, relisting, unreadableOwner } = context.knowledge;
    const [rival] = marker.ownership.rivals;
    return removalGate(context.self.prefix, {
      clusterSynced: synced,
      relisting,
      tableRead: () => table.agreed,
      unreadableOwner,
      rival,
    });
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (!(error instanceof DeviceError)) throw error;
    const { context, outage, marker, reads } = this.#parts;
    const { observer } = context;
    // Whatever happened to the device meanwhile, its mark and a full read find it.
    marker.readSoon();
    reads.soon();
    const isPassive = error.reason === 'PassivePeer';
    if (isPassive) observer.changed();
    else observer.failed(error);
    const kind = isPassive ? 'look' : this.#calling;
    // What is known goes on being written while the table cannot be read.
    if (kind === 'read') return reads.postpone(outage.note(kind, error));
    await outage.failed(kind, error, signal, isPassive ? marker.intervalMs : undefined);
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { context, table, work, outage, marker, rights, reads } = this.#parts;
    const { now } = context;
    if (!context.knowledge.synced) return work.sleep(60_000, signal);
    this.#calling = 'connect';
    const connection = await context.connect(signal);
    if (outage.isOpen('connect')) this.#succeeded('connect');
    table.timeouts.configure(timeoutSettings(context), now());
    if (outage.failing?.reason === 'PassivePeer') await this.#expectActive(connection, signal);
    if (now() >= marker.dueAt) await this.#readMarker(connection, signal);
    if (rights.mustRead) reads.lost();
    if (now() >= reads.dueAt) await this.#readAll(connection, signal);
    if (await this.#putMarker(connection, signal)) return;
    if ((await this.#sendNext(connection, signal)) > 0) return;
    await work.sleep(this.#wakeAt() - now(), signal);
    await pause(settleMs, signal);
  }

  /** When there may be something to do without a change. */
  #wakeAt(): number {
    const { context, table, limits, marker, rights, reads, sender } = this.#parts;
    const { limits: device } = limits;
    const retryAt = device.mustWait ? context.now() + siblingsMs : sender.dueAt();
    const writing = rights.mayWrite ? [retryAt, device.probeAt, table.timeouts.nextAt()] : [];
    const judging = table.pending > 0 ? [this.#judgeAt] : [];
    return Math.min(reads.dueAt, marker.dueAt, ...[...judging, ...writing].filter((at) => at !== undefined));
  }

  async #readMarker(connection: Connection, signal: AbortSignal): Promise<void> {
    const { context, table, rights, reads } = this.#parts;
    this.#calling = 'look';
    const ownership = await rights.readMarker(connection, signal);
    if (ownership !== undefined) this.knowledgeChanged();
    this.#succeeded('look');
    if (ownership !== 'lost') return;
    context.log.warn('table emptied by another client, restoring');
    context.observer.lost(context.ref);
    table.excuse();
    reads.lost();
  }

  /** True when there was one to put. */
  async #putMarker(connection: Connection, signal: AbortSignal): Promise<boolean> {
    const { table, rights } = this.#parts;
    // What a reading may have missed could be somebody else's.
    if (!table.known || !table.agreed || signal.aborted) return false;
    this.#calling = 'write';
    if (!(await rights.putMarker(connection, () => table.hasUnclaimed, this.#lastCall))) return false;
    this.knowledgeChanged();
    this.#succeeded('write');
    return true;
  }

  /** Sends one message if there is one to send; tells how many addresses it was about. */
  async #sendNext(connection: Connection, signal: AbortSignal): Promise<number> {
    const { context, table, limits, outage, rights, sender } = this.#parts;
    const { now } = context;
    const { mayWrite } = rights;
    this.#judgeAt = undefined;
    // What limits have moved is pending from here on.
    limits.refresh();
    // What could not be written may be there all the same by now, or not be ours to write any more.
    const isMoot = !mayWrite || (table.known && table.pending === 0);
    if (isMoot && outage.isOpen('write')) this.#succeeded('write');
    if (signal.aborted || !mayWrite || !limits.ready(now())) return 0;
    this.#applyKnowledge();
    if (table.judgesAt > now()) this.#judgeAt = table.judgesAt;
    this.#calling = 'write';
    const addresses = await sender.sendNext(connection, this.#lastCall);
    if (addresses > 0) this.#succeeded('write');
    return addresses;
  }

  async #readAll(connection: Connection, signal: AbortSignal): Promise<void> {
    const { context, limits, rights, reader } = this.#parts;
    const { isAsked } = reader;
    const betweenPages = async (): Promise<number> => {
      const addresses = await this.#sendNext(connection, signal);
      this.#calling = 'read';
      return addresses;
    };
    this.#calling = 'read';
    if (rights.mustRead) this.#takeOver();
    const shown = rights.beginRead();
    const reading = reader.read(connection, betweenPages, signal);
    // Whoever asked for it hears that it has begun.
    if (isAsked) context.observer.changed();
    await reading;
    shown();
    limits.refresh();
    this.#succeeded('read');
  }

  /** Whoever wrote before may have left a message on its way. */
  #takeOver(): void {
    this.#parts.reads.takenOver();
    this.#parts.table.takenOver();
  }

  async #expectActive(connection: Connection, signal: AbortSignal): Promise<void> {
    this.#calling = 'look';
    const { serial } = this.#parts.context.ref;
    expectNotPassive(await connection.call({ ask: 'haState', serial }, signal));
    this.#succeeded('look');
  }

  #succeeded(kind: CallKind): void {
    this.#parts.outage.succeeded(kind);
    this.#parts.context.observer.changed();
  }
}

/** A signal that fires some time after the given one, so that what is on its way may arrive. */
function lastCall(signal: AbortSignal): AbortSignal {
  const late = new AbortController();
  signal.addEventListener('abort', () => setTimeout(() => late.abort(), lastCallMs).unref(), { once: true });
  return late.signal;
}
