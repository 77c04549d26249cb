// The loop that keeps one registered-ip table equal to what is desired: one message in flight, a full read now and then.

import type { Finding } from '../core/conditions.ts';
import type { AddressChange } from '../core/desired.ts';
import type { RecordEvent } from '../core/event-note.ts';
import type { PolicyId } from '../core/model.ts';
import { removalGate } from '../core/removal-gate.ts';
import { type Stance, writes } from '../core/stance.ts';
import type { GuardLimits, HeldPlan } from '../core/removal-guard.ts';
import type { Rejection } from '../core/refusals.ts';
import { type Batch, type DesiredTags, Table } from '../core/table.ts';
import type { HeldRemovals, TableView } from '../core/table-health.ts';
import type { Logger } from '../runtime/logger.ts';
import { createWake, pause } from '../runtime/wake.ts';
import { createBackoff } from './backoff.ts';
import { type Connection, DeviceFailure } from './device-port.ts';
import { toReading } from './table-reading.ts';

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
};

export type TableWorkerOptions = {
  readonly vsys: string | undefined;
  readonly tagPrefix: string;
  readonly desired: DesiredTags;
  readonly fullIntervalMs: () => number;
  readonly guard: () => GuardLimits;
  /** How far the table may be written; a message on its way is not touched when it changes. */
  readonly stance: () => Stance;
  /** The connection, with the device known; throws DeviceFailure while there is none. */
  readonly connect: (signal: AbortSignal) => Promise<Connection>;
  readonly knowledge: () => ClusterKnowledge;
  readonly observer: TableObserver;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
};

/** architecture: 500 entries and 1 MiB a message. */
const limits = { entries: 500, bytes: 1024 * 1024 };
/** A change that finds the worker idle waits this long for its siblings (a rollout's Pods come in bursts). */
const settleMs = 3;
/** A full read starts no sooner than this many times the last one's duration after it. */
const readSpacing = 20;
/** After stop, the message in flight has this long to end. */
const lastCallMs = 15_000;
/** A message without an answer may still be applied for about this long: the table is read once more then. */
const afterthoughtMs = 65_000;

export class TableWorker {
  readonly table: Table;
  readonly #options: TableWorkerOptions;
  readonly #work = createWake();
  readonly #retry = createWake();
  readonly #backoff = createBackoff();
  #failing: Finding | undefined;
  #agreed = false;
  #lastCall = AbortSignal.abort();
  #readDueAt = 0;
  #lastRead = { endedAt: Number.NEGATIVE_INFINITY, durationMs: 0 };
  #verifyAt = 0;

  constructor(options: TableWorkerOptions) {
    this.#options = options;
    this.table = new Table(options.desired, this.#gate(), options.guard());
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

  /** Credentials, trust or settings changed: what failed may work now. */
  /** The limits of spec.removalGuard were edited. */
  guardChanged(): void {
    this.table.configureGuard(this.#options.guard());
    this.#work.notify();
  }

  /** Reads the table as soon as the distance to the last read allows. */
  resync(): void {
    this.#readSoon();
    this.#work.notify();
  }

  /** Releases the held plan of this id; false when there is none. */
  approve(plan: string): boolean {
    const released = this.table.approve(plan, this.#options.now());
    if (released) this.#options.log.info({ plan }, 'held removals approved');
    this.#work.notify();
    return released;
  }

  retryNow(): void {
    this.#readDueAt = Math.min(this.#readDueAt, this.#lastRead.endedAt + this.#options.fullIntervalMs());
    this.#backoff.reset();
    this.#retry.notify();
    this.#work.notify();
  }

  /** The device behind the endpoint is another one, or somebody else may write to it: nothing is known of its table. */
  forget(): void {
    this.table.forget();
    this.#agreed = false;
    this.#readDueAt = 0;
    this.#work.notify();
  }

  view(): TableView {
    const { table } = this;
    const [refused] = table.refusals.addresses();
    const observes = this.#options.stance() === 'observe';
    return {
      failing: this.#failing,
      aside: observes ? observing : undefined,
      plan: observes ? table.outlook : undefined,
      known: table.known,
      owned: table.owned,
      foreign: table.foreign,
      pending: table.pending,
      held: heldRemovals(table.held),
      refused:
        refused === undefined
          ? undefined
          : { count: table.refusals.size, example: `${refused}: ${table.refusals.messageOf(refused) ?? ''}` },
      oldestPendingAt: table.oldestPendingAt,
      lastConfirmedAt: table.lastConfirmedAt,
    };
  }

  /**
   * Runs until the signal; a message in flight is allowed to end, unless `lost` aborts. Never rejects for a device's
   * sake. What was learnt of the device is forgotten at the end, as somebody else may write next; causes are kept.
   */
  async run(signal: AbortSignal, lost: AbortSignal): Promise<void> {
    this.#lastCall = AbortSignal.any([lastCall(signal), lost]);
    this.#failing = undefined;
    this.#backoff.reset();
    // Whoever wrote before may have left a message on its way.
    this.#verifyAt = this.#options.now() + afterthoughtMs;
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
    await this.#failed(error, signal);
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { knowledge, connect, now, stance } = this.#options;
    if (!knowledge().synced) return this.#work.sleep(60_000, signal);
    const connection = await connect(signal);
    if (now() >= this.#readDueAt) await this.#readAll(connection, signal);
    if ((await this.#sendNext(connection, signal)) > 0) return;
    const retryAt = writes(stance()) ? this.table.refusals.nextDueAt() : undefined;
    const wakeAt = Math.min(this.#readDueAt, retryAt ?? Number.POSITIVE_INFINITY);
    await this.#work.sleep(wakeAt - now(), signal);
    await pause(settleMs, signal);
  }

  /** Sends one message if there is one to send; tells how many addresses it was about. */
  async #sendNext(connection: Connection, signal: AbortSignal): Promise<number> {
    const { now, observer, vsys, log, stance } = this.#options;
    if (signal.aborted || !writes(stance())) return 0;
    const batch = this.table.next(limits, now());
    if (batch === undefined) return 0;
    const startedAt = now();
    try {
      const rejections = await connection.send(vsys, batch, this.#lastCall);
      this.table.confirm(batch, rejections, now());
      observer.confirmed(batch, rejections, now());
      log.info(
        { ...counts(batch), rejected: rejections.length, ms: Math.round(now() - startedAt) },
        'table updated',
      );
      for (const rejection of rejections) log.warn({ rejection }, 'device refused a pair');
    } catch (error) {
      if (error instanceof DeviceFailure && error.applied === 'no') {
        this.table.withdraw(batch, now());
      } else {
        this.table.unanswered(batch, now());
        observer.unanswered(batch);
        this.#verifyAt = now() + afterthoughtMs;
      }
      throw error;
    }
    this.#succeeded();
    return batch.length;
  }

  async #readAll(connection: Connection, signal: AbortSignal): Promise<void> {
    const { now, vsys, tagPrefix, fullIntervalMs, log } = this.#options;
    const startedAt = now();
    this.table.beginRead();
    try {
      const { entries, agreed } = await connection.readTable(
        vsys,
        () => this.#sendNext(connection, signal),
        signal,
      );
      this.#agreed = agreed;
      this.table.setGate(this.#gate(), now());
      this.table.endRead(toReading(entries, tagPrefix), now());
    } finally {
      this.table.abandonRead();
      this.#lastRead = { endedAt: now(), durationMs: now() - startedAt };
      const verifyAt = this.#verifyAt > now() ? this.#verifyAt : Number.POSITIVE_INFINITY;
      this.#readDueAt = Math.min(now() + fullIntervalMs(), verifyAt);
    }
    if (!this.#agreed) this.#readSoon();
    const { owned, foreign, pending, waiting } = this.table;
    const ms = Math.round(this.#lastRead.durationMs);
    log.info({ owned, foreign, pending, waiting, agreed: this.#agreed, ms }, 'table read');
    this.#succeeded();
  }

  #readSoon(): void {
    const { endedAt, durationMs } = this.#lastRead;
    this.#readDueAt = Math.min(
      this.#readDueAt,
      Math.max(this.#options.now(), endedAt + readSpacing * durationMs),
    );
  }

  #succeeded(): void {
    if (this.#failing !== undefined) this.#options.log.info('device works again');
    this.#failing = undefined;
    this.#backoff.reset();
    this.#options.observer.changed();
  }

  async #failed(failure: DeviceFailure, signal: AbortSignal): Promise<void> {
    const { log, observer } = this.#options;
    const { reason, message } = failure;
    const delayMs = Math.round(this.#backoff.next(failure.retry));
    // One line for an outage, however many attempts it takes.
    const again = this.#failing?.reason === reason && this.#failing.message === message;
    log[again ? 'debug' : 'warn']({ reason, problem: message, retryInMs: delayMs }, 'device failed');
    this.#failing = { reason, message };
    // Whatever happened to the device meanwhile, a full read finds it.
    this.#readSoon();
    observer.failed(failure);
    await this.#retry.sleep(delayMs, signal).catch(() => undefined);
  }

  #gate() {
    const { synced, invalidPolicies } = this.#options.knowledge();
    return removalGate(this.#options.tagPrefix, {
      clusterSynced: synced,
      tableRead: this.#agreed,
      invalidPolicies,
    });
  }
}

/** Of tables and of policies alike. */
export const observing: Finding = {
  reason: 'Observing',
  message:
    'spec.mode is Observe: nothing is written; read status.tables[].plan, then set spec.mode to Enforce to have it done',
};

/** A signal that fires some time after the given one, so that what is on its way may arrive. */
function lastCall(signal: AbortSignal): AbortSignal {
  const late = new AbortController();
  signal.addEventListener('abort', () => setTimeout(() => late.abort(), lastCallMs).unref(), { once: true });
  return late.signal;
}

function counts(batch: Batch) {
  const causes: Record<string, number> = {};
  let registered = 0;
  let unregistered = 0;
  for (const planned of batch) {
    registered += planned.register.length;
    unregistered += planned.unregister.length;
    for (const cause of planned.causes.values()) causes[cause] = (causes[cause] ?? 0) + 1;
  }
  return { addresses: batch.length, registered, unregistered, causes };
}

const heldExamples = 5;

function heldRemovals(held: HeldPlan | undefined): HeldRemovals | undefined {
  if (held === undefined) return undefined;
  const pairs = [...held.removals].flatMap(([address, tags]) => tags.map((tag) => `${address} ${tag}`));
  const since = new Date(performance.timeOrigin + held.since).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    plan: held.id,
    addresses: held.removals.size,
    examples: pairs.sort().slice(0, heldExamples),
    since,
  };
}
