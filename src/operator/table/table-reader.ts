// Reads one table in full when it is due, and passes the reading to the table.

import { smallest } from '../../core/model/collections.ts';
import type { Connection } from '../device/device-port.ts';
import { type ReadingParts, tellRefused } from './read-back.ts';
import { toReading } from './table-reading.ts';

/** Each the smallest address of its kind, so that it stays while it applies. */
export type ReadingNotes = {
  /** It has a tag under our prefix that the device has from an agent alone. */
  readonly learned: string | undefined;
  /** It has a tag that we registered and that agents teach, too. */
  readonly shared: string | undefined;
  /** Its entry cannot be read. */
  readonly unreadable: string | undefined;
};

const nothingToNote: ReadingNotes = { learned: undefined, shared: undefined, unreadable: undefined };

export class TableReader {
  readonly #parts: ReadingParts;
  #notes: ReadingNotes = nothingToNote;
  #isAsked = false;
  #lastReadAt: number | undefined;

  constructor(parts: ReadingParts) {
    this.#parts = parts;
  }

  /** What a status should tell of the last reading. */
  get notes(): ReadingNotes {
    return this.#notes;
  }

  /** When the last complete reading ended, monotonic ms; undefined: there was none. */
  get lastReadAt(): number | undefined {
    return this.#lastReadAt;
  }

  /** Somebody asked for a read, and it has not begun. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  /** A read is asked for: it begins as soon as the distance to the last one allows. */
  ask(): void {
    this.#isAsked = true;
    this.#parts.reads.soon();
  }

  /** Nothing is known of the table any more. */
  forget(): void {
    this.#notes = nothingToNote;
    this.#lastReadAt = undefined;
    this.#parts.reads.atOnce();
  }

  /**
   * @param betweenPages may send a message; tells how many addresses it was about.
   * @throws DeviceError
   */
  async read(
    connection: Connection,
    betweenPages: () => Promise<number>,
    signal: AbortSignal,
  ): Promise<void> {
    const { table, reads, context } = this.#parts;
    const { ref, self, log, now } = context;
    const startedAt = now();
    this.#isAsked = false;
    let answeredAt = startedAt;
    const answered = (): Promise<number> => {
      answeredAt = now();
      return betweenPages();
    };
    table.beginRead();
    try {
      const { entries, agreed } = await connection.call(
        { ask: 'readAll', table: ref, betweenPages: answered },
        signal,
      );
      answeredAt = now();
      const { learned, shared, ...reading } = toReading(entries, self.prefix, (address) =>
        table.registeredAt(address),
      );
      this.#notes = { learned, shared, unreadable: smallest(reading.unreadable) };
      const verifies = reads.verifies(startedAt);
      tellRefused(log, table.endRead({ ...reading, agreed, verifies }, now()));
    } finally {
      table.abandonRead();
      reads.ended(startedAt, answeredAt);
    }
    if (table.agreed) this.#lastReadAt = answeredAt;
    else reads.soon();
    this.#tell();
  }

  #tell(): void {
    const { table, reads, context } = this.#parts;
    const { owned, foreign, pending, waiting, waitingExample, agreed } = table;
    const ms = Math.round(reads.durationMs);
    context.log.info(
      { owned, foreign, pending, waiting, waitingExample, agreed, ...this.#notes, ms },
      'table read',
    );
  }
}
