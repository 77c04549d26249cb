// Reads a whole table page by page, and reports whether its count agrees.
import type { Table } from '../messages/commands.ts';
import { invalidResponse } from '../errors/errors.ts';
import type { TableKind } from '../messages/table-kind.ts';
import type { TableClient } from './table-client.ts';

/** What a device gives in one reply at most. */
export const pageEntries = 500;

/** Twice the entries of the largest device; more is a device that never comes to an end. */
const mostEntries = 1_000_000;

type TableRead<Entry> = {
  /** One for each key; of several, the one that was read last. */
  readonly entries: readonly Entry[];
  /**
   * The total agrees with the device's own count before or after, and no key came twice. Pages are no snapshot:
   * an entry that leaves during the read moves later ones over a page's edge, unseen. So without agreement what is
   * absent may be there all the same. What is present was there when it was read, agreed or not.
   */
  readonly agreed: boolean;
};

type TableReadOptions<Entry> = Table & {
  readonly kind: Pick<TableKind<Entry, never, unknown>, 'keyOf' | 'createReader'>;
  readonly signal: AbortSignal;
  /**
   * Awaited after each page. It may send messages to the same table, and gives back how many keys they were
   * about, 0 for none. That many entries more or fewer, and keys that come twice, are then no disagreement: who
   * sent the messages knows those keys better than the read does. As many entries are asked for again, because
   * what a message takes away moves others towards the beginning.
   */
  readonly betweenPages?: (page: readonly Entry[]) => Promise<number>;
};

/** Throws what its calls throw, and DeviceError InvalidResponse when paging does not get ahead. */
export async function readTable<Entry>(
  client: Pick<TableClient<Entry, never, unknown>, 'count' | 'readPage'>,
  { kind, serial, vsys, signal, betweenPages = async () => 0 }: TableReadOptions<Entry>,
): Promise<TableRead<Entry>> {
  const reader = kind.createReader();
  const entries = new Map<string, Entry>();
  const table = { serial, vsys };
  let start = 1;
  let read = 0;
  let total = 0;
  let touched = 0;
  const before = await client.count(table, signal);
  for (;;) {
    const page = await client.readPage({ ...table, start, limit: pageEntries, reader }, signal);
    const known = entries.size;
    for (const entry of page) entries.set(kind.keyOf(entry), entry);
    read += page.length;
    total = start - 1 + page.length;
    if (page.length >= pageEntries) {
      if (entries.size === known && touched === 0)
        throw invalidResponse('all pages of the table are the same', 'read');
      if (read > mostEntries) throw invalidResponse('the table has no end', 'read');
    }
    const moved = await betweenPages(page);
    touched += moved;
    // Each key that left may have moved one that has not been read over the edge of those that have.
    start = Math.max(1, total + 1 - moved);
    if (page.length < pageEntries) break;
  }
  const after = await client.count(table, signal);
  const unique = entries.size === read || touched > 0;
  const agreesWith = (count: number) => Math.abs(total - count) <= touched;
  return { entries: [...entries.values()], agreed: unique && (agreesWith(before) || agreesWith(after)) };
}
