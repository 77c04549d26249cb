// A table and its worker, as the limits of their device see them.

import type { LimitedTable } from '../../core/limits/device-limits.ts';
import { markerAddress } from '../../core/rights/ownership.ts';
import type { Table } from '../../core/table/table.ts';

type LimitedTableParts = {
  readonly table: Table;
  readonly isFailing: () => boolean;
  /** There may be something to send. */
  readonly wake: () => void;
  /** Monotonic ms. */
  readonly now: () => number;
};

export function limitedTable({ table, isFailing, wake, now }: LimitedTableParts): LimitedTable {
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
    get taken() {
      return table.known ? table.foreign + table.room.lingering + mark() : 0;
    },
    hasEntry: (address) => {
      const { ours, others } = table.tagsAt(address);
      return ours + others > 0;
    },
    tagsAt: (address) => {
      const { ours, others } = table.tagsAt(address);
      return ours + others;
    },
    mostTags: () => table.mostTags,
    crowded: () => table.room.crowded.keys(),
    review: (address) => {
      table.review(address, now());
      wake();
    },
    reviewAll: () => {
      table.reviewAll(now());
      wake();
    },
    retry: (address) => {
      table.retry(address, now());
      wake();
    },
  };
}
