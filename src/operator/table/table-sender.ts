// Sends a table's next message, applies the answer, and logs both.

import { DeviceError } from '../../core/model/device-error.ts';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Batch, countsOf, isRefreshOnly, pairsOf } from '../../core/message/batch.ts';
import { pairsIn } from '../../core/message/bisection.ts';
import type { LimitedTable } from '../../core/limits/device-limits.ts';
import { chooseMessage } from '../../core/table/message-choice.ts';
import type { Outgoing } from '../../core/table/outgoing.ts';
import type { RefusedPair } from '../../core/message/refusals.ts';
import { Suspects } from '../../core/message/suspects.ts';
import type { Table } from '../../core/table/table.ts';
import type { Connection } from '../device/device-port.ts';
import type { TableLimits } from '../limits/limited-device.ts';
import { readBack, type ReadingParts, tellRefused } from './read-back.ts';

/**
 * At most what devices take in good time, and what a refusal may name without holding up others: the reply to 1,000 pairs
 * that are all refused by name is read in one turn of the event loop.
 */
export const messageLimits = { entries: 500, pairs: 1000, bytes: 1024 * 1024 };

type TableSenderParts = ReadingParts & {
  /** The table as the limits of its device see it, and those limits. */
  readonly limited: LimitedTable;
  readonly limits: Pick<TableLimits, 'answered'>;
};

/** When the device answered none of so many messages, whatever was in them, it is the device that fails. */
const deviceFails = 3;
/** Up to here it is the work of a millisecond or two. */
const fewRefusedPairs = 50;
/** A message of suspects that had no answer before is not waited for as long as an ordinary one. */
const trialMs = { least: 15_000, eachPair: 50 };

export class TableSender {
  readonly #parts: TableSenderParts;
  readonly #suspects = new Suspects();
  /** Addresses that had passed the guard when the status was last told of it. */
  #toldPassed = 0;
  /** The held plans that the log speaks of. */
  #toldPlans: ReadonlySet<string> = new Set();

  constructor(parts: TableSenderParts) {
    this.#parts = parts;
  }

  forget(): void {
    this.#toldPlans = new Set();
    this.#suspects.clear();
  }

  /** The input of the address changed. */
  release(address: string): void {
    this.#suspects.release(address);
  }

  /** When there is something to send that may not be sent now, monotonic ms. */
  dueAt(): number | undefined {
    const { table, context } = this.#parts;
    const due = [table.refusals.nextDueAt(), this.#suspects.nextDueAt(context.now())];
    const next = Math.min(...due.map((at) => at ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(next) ? next : undefined;
  }

  /**
   * How many addresses the message was about; 0 when there was none to send.
   * @throws DeviceError when the device fails, rather than an entry of the message.
   */
  async sendNext(connection: Connection, signal: AbortSignal): Promise<number> {
    const { table, limited, limits, context } = this.#parts;
    const { now } = context;
    const message = chooseMessage(table, this.#suspects, { limits: messageLimits, now: now() });
    this.#tellHeld();
    this.#tellPassed();
    if (message === undefined) return 0;
    const { batch } = message;
    const startedAt = now();
    const newcomers = newcomersOf(batch, table);
    const refusedPairs = await this.#send(message, connection, signal)
      .then(breathing)
      .then(
        (answered) => this.#confirmed(message, answered, startedAt),
        (error: unknown) => this.#failed(message, error),
      )
      .then(breathing);
    const doubtful = new Set(refusedPairs.map(({ address }) => address));
    for (const { address } of batch) if (table.isContradicted(address)) doubtful.add(address);
    await readBack(this.#parts, connection, doubtful, signal);
    // The device's refusals have been applied, and read back.
    const retry = limits.answered({ batch, newcomers, refusedPairs, table: limited }, now());
    for (const address of retry) table.retry(address, now());
    return batch.length;
  }

  async #send(
    { batch, isTrial }: Outgoing,
    connection: Connection,
    signal: AbortSignal,
  ): Promise<readonly RefusedPair[]> {
    const { ref } = this.#parts.context;
    const message = { ask: 'send', table: ref, batch } as const;
    if (!isTrial) return connection.call(message, signal);
    const ms = trialMs.least + trialMs.eachPair * pairsIn(batch).length;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), ms);
    try {
      return await connection.call(message, AbortSignal.any([signal, limit.signal]));
    } catch (error) {
      if (signal.aborted || !limit.signal.aborted || error instanceof DeviceError) throw error;
      throw unanswered(ms);
    } finally {
      clearTimeout(timer);
    }
  }

  #confirmed(message: Outgoing, answered: readonly RefusedPair[], startedAt: number): readonly RefusedPair[] {
    const { observer, log, now } = this.#parts.context;
    const { batch } = message;
    const refusedPairs = message.confirmed(answered, now());
    observer.confirmed(batch, refusedPairs, now());
    const ms = Math.round(now() - startedAt);
    // Refreshes come all day long and change nothing.
    const level = batch.every(isRefreshOnly) ? 'debug' : 'info';
    log[level]({ ...countsOf(batch), rejected: refusedPairs.length, ms }, 'table updated');
    if (log.isLevelEnabled('debug')) log.debug(pairsOf(batch), 'pairs');
    tellRefused(log, refusedPairs);
    return refusedPairs;
  }

  /** Which pairs are set aside for it; throws on where it is no entry's fault. */
  #failed(message: Outgoing, error: unknown): readonly RefusedPair[] {
    const { reads, context } = this.#parts;
    const { observer, log, now } = context;
    const { batch, isTrial } = message;
    if (error instanceof DeviceError && error.applied === 'no') {
      message.notSent(now());
      throw error;
    }
    if (error instanceof DeviceError && error.reason === 'RegistrationRejected') {
      this.#tellRefusal(batch, error);
      const refusedPairs = message.refused(error, now());
      tellRefused(log, refusedPairs);
      return refusedPairs;
    }
    observer.unanswered(batch);
    // The table must be read once the message can have no effect any more.
    reads.doubt();
    if (!(error instanceof DeviceError) || error.answered) {
      message.inconclusive(now());
      throw error;
    }
    const why = `the device does not answer updates that contain this entry: ${error.message}`;
    const refusedPairs = message.unanswered({ message: why }, now());
    tellRefused(log, refusedPairs);
    if (!isTrial || this.#suspects.failures >= deviceFails) throw error;
    return refusedPairs;
  }

  #tellRefusal(batch: Batch, { reason, message }: DeviceError): void {
    const { observer, log } = this.#parts.context;
    observer.refused(reason);
    // One line for a search, however many messages it takes.
    const level = this.#suspects.failures === 0 ? 'warn' : 'debug';
    log[level]({ ...countsOf(batch), problem: message }, 'message refused as a whole, bisection started');
  }

  /** The status tells it before the device does anything: the next process has to know, however soon this one is killed. */
  #tellPassed(): void {
    const { table, context } = this.#parts;
    const passed = table.guardWindow.reduce((sum, { addresses }) => sum + addresses, 0);
    if (passed > this.#toldPassed) context.observer.changed();
    this.#toldPassed = passed;
  }

  #tellHeld(): void {
    const { table, context } = this.#parts;
    const { log } = context;
    const plans = new Map(table.held.map((plan) => [plan.id, plan]));
    for (const [id, { summary }] of plans) {
      if (this.#toldPlans.has(id)) continue;
      const { addresses, of, origins: causes } = summary;
      log.warn({ plan: id, addresses, of, causes }, 'removals held for approval');
    }
    for (const id of this.#toldPlans) if (!plans.has(id)) log.info({ plan: id }, 'held removals cleared');
    this.#toldPlans = new Set(plans.keys());
  }
}

/**
 * To read a reply that refuses very much, to take it up, and to choose the next message are turns of the event loop by
 * themselves, so that what comes meanwhile need not wait for all three.
 */
async function breathing<T extends { readonly length: number }>(many: T): Promise<T> {
  if (many.length > fewRefusedPairs) await nextTurn();
  return many;
}

function unanswered(ms: number): DeviceError {
  const message = `the device did not answer within ${Math.round(ms / 1000)} s`;
  return new DeviceError('DeviceUnavailable', message, { retry: 'backoff', applied: 'unknown' });
}

/** Of a message on its way, the addresses that would be new in the table, in order. */
function newcomersOf(batch: Batch, table: Table): readonly string[] {
  const isNew = ({ address, register }: Batch[number]) => {
    const { ours, others } = table.tagsAt(address);
    return register.length > 0 && ours + others === 0;
  };
  return batch.filter(isNew).map(({ address }) => address);
}
