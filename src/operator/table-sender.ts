// Sends a table's next message, takes up what became of it, and tells both in the log.

import { countsOf, pairsOf } from '../core/batch.ts';
import type { Table } from '../core/table.ts';
import type { TableRef } from '../core/table-ref.ts';
import type { Logger } from '../runtime/logger.ts';
import { type Connection, DeviceFailure } from './device-port.ts';
import type { TableObserver } from './table-observer.ts';

/** architecture: 500 entries and 1 MiB a message. */
export const messageLimits = { entries: 500, bytes: 1024 * 1024 };

export type TableSenderOptions = {
  readonly table: Table;
  readonly ref: TableRef;
  readonly observer: TableObserver;
  /** A message had no answer: the table must be read once it can have no effect any more. */
  readonly doubt: () => void;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
};

export class TableSender {
  readonly #options: TableSenderOptions;
  /** The held plan that the log speaks of. */
  #toldPlan: string | undefined;

  constructor(options: TableSenderOptions) {
    this.#options = options;
  }

  forget(): void {
    this.#toldPlan = undefined;
  }

  /**
   * How many addresses the message was about; 0 when there was none to send.
   * @throws DeviceFailure
   */
  async sendNext(connection: Connection, signal: AbortSignal): Promise<number> {
    const { table, ref, observer, log, now } = this.#options;
    const batch = table.next(messageLimits, now());
    this.#tellHeld();
    if (batch === undefined) return 0;
    const startedAt = now();
    try {
      const rejections = await connection.send(ref, batch, signal);
      table.confirm(batch, rejections, now());
      observer.confirmed(batch, rejections, now());
      const ms = Math.round(now() - startedAt);
      log.info({ ...countsOf(batch), rejected: rejections.length, ms }, 'table updated');
      if (log.isLevelEnabled('debug')) log.debug(pairsOf(batch), 'pairs');
      for (const rejection of rejections) log.warn({ rejection }, 'device refused a pair');
    } catch (error) {
      if (error instanceof DeviceFailure && error.applied === 'no') {
        table.withdraw(batch, now());
      } else {
        table.unanswered(batch, now());
        observer.unanswered(batch);
        this.#options.doubt();
      }
      throw error;
    }
    return batch.length;
  }

  #tellHeld(): void {
    const { table, log } = this.#options;
    const { held } = table;
    if (held?.id === this.#toldPlan) return;
    if (held === undefined) log.info({ plan: this.#toldPlan }, 'no removals are held any more');
    else log.warn({ plan: held.id, addresses: held.removals.size }, 'removals held until they are approved');
    this.#toldPlan = held?.id;
  }
}
