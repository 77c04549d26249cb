// The calls to tables of one kind: a message, a page, one entry, the count.
import { commandForm, type Table, updateForm } from '../messages/commands.ts';
import { readCount } from '../messages/response.ts';
import type { EntryReader, TableKind } from '../messages/table-kind.ts';
import type { Conversation } from '../session/conversation.ts';

/** A part of a table. */
export type Page<Entry> = Table & {
  readonly start: number;
  readonly limit: number;
  readonly reader?: EntryReader<Entry>;
};

export type TableClient<Entry, Message, Refused> = {
  /**
   * Sends one message. A DeviceError's `applied` says whether the table may have changed all the same; after an abort
   * it may have.
   */
  update(message: Message & Table, signal: AbortSignal): Promise<{ readonly rejected: readonly Refused[] }>;
  /** Entries from the `start`-th on (from 1), fewer than `limit` (500 at most) at the end of the table. */
  readPage(page: Page<Entry>, signal: AbortSignal): Promise<readonly Entry[]>;
  /** The entry of one key, whole. */
  readOne(one: Table & { readonly key: string }, signal: AbortSignal): Promise<Entry | undefined>;
  /** The number of entries of a table, everyone's. */
  count(table: Table, signal: AbortSignal): Promise<number>;
};

export function createTableClient<Entry, Message, Refused extends { readonly message: string }>(
  device: Conversation,
  kind: TableKind<Entry, Message, Refused>,
): TableClient<Entry, Message, Refused> {
  return {
    async update(message, signal) {
      const form = updateForm(kind.encode(message), message);
      const mostBytes = kind.replyBytes.answer(message, Buffer.byteLength(form.get('cmd') ?? ''));
      const read = (text: string) => kind.decode(text, message);
      const rejected = await device.ask({ kind: 'update', form, read, mostBytes }, signal);
      const clean = device.cleaner();
      return { rejected: rejected.map((entry) => ({ ...entry, message: clean(entry.message) })) };
    },
    readPage: (page, signal) => {
      const read = page.reader ?? kind.createReader();
      const form = commandForm(kind.commands.page(page.start, page.limit), page);
      return device.ask(
        { kind: 'readPage', form, read, mostBytes: kind.replyBytes.page(page.limit) },
        signal,
      );
    },
    async readOne(one, signal) {
      const form = commandForm(kind.commands.one(one.key), one);
      const entries = await device.ask({ kind: 'readOne', form, read: kind.createReader() }, signal);
      const key = kind.canonicalKey(one.key);
      // The last one, as of a whole table: a device that lists a key twice is read alike either way.
      return entries.findLast((entry) => kind.keyOf(entry) === key);
    },
    count: (table, signal) =>
      device.ask({ kind: 'count', form: commandForm(kind.commands.count, table), read: readCount }, signal),
  };
}
