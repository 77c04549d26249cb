// Presents a table and its worker to the limits of their device.

import type { LimitedTable } from '../../core/limits/device-limits.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import { markerAddress } from '../../core/rights/ownership.ts';
import type { Table } from '../../core/table/table.ts';

/** A table worker, as far as limits go. */
export type LimitedWorker = { readonly ref: TableRef; readonly limited: WorkedTable };

/** What a table holds, and what limits make of it. */
type WorkedTable = LimitedTable & {
  /** Tags of the address that do not fit. */
  unfitAt(address: string): readonly string[];
  /** Addresses of which other tags do not fit than when it was last asked. */
  takeUnfitChanges(): Iterable<string>;
  /** What limits leave of these addresses' tags has changed. */
  review(addresses: Iterable<string> | 'all'): void;
  /** There may be something to send. */
  wake(): void;
};

type WorkedTableParts = {
  readonly table: Table;
  readonly isFailing: () => boolean;
  readonly wake: () => void;
  /** Monotonic ms. */
  readonly now: () => number;
};

export function limitedTable({ table, isFailing, wake, now }: WorkedTableParts): WorkedTable {
  /** Our mark is there, or will be; where others have tags at its address, that is counted already. */
  const mark = () => (table.tagsAt(markerAddress).others > 0 ? 0 : 1);
  return {
    get known() {
      return table.known;
    },
    get failing() {
      return isFailing();
    },
    get entries() {
      return table.known ? table.owned + table.foreign + mark() : 0;
    },
    get unmanaged() {
      return table.known ? table.foreign + table.usage.lingering + mark() : 0;
    },
    tagsAt: (address) => {
      const { ours, others } = table.tagsAt(address);
      return ours + others;
    },
    mostTags: () => table.mostTags,
    crowded: () => table.usage.crowded.keys(),
    unfitAt: (address) => table.usage.unfitAt(address),
    takeUnfitChanges: () => table.usage.takeChanged(),
    review: (addresses) => {
      if (addresses === 'all') table.reviewAll(now());
      else for (const address of addresses) table.review(address, now());
      wake();
    },
    wake,
  };
}
