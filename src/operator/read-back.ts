// After a refusal: what do the addresses that it touches really hold? A few are read by themselves, many with the table.

import type { Rejection } from '../core/refusals.ts';
import type { Table } from '../core/table.ts';
import type { TableRef } from '../core/table-ref.ts';
import { noTags } from '../core/tag-set.ts';
import type { Connection } from './device-port.ts';
import { toReading } from './table-reading.ts';

/** More than these are read with the whole table. */
const mostAlone = 8;

export type ReadBackOptions = {
  readonly table: Table;
  readonly ref: TableRef;
  /** Of our own tags. */
  readonly prefix: string;
  /** Reads the whole table as soon as that may be. */
  readonly readSoon: () => void;
  /** Monotonic ms. */
  readonly now: () => number;
};

/** @throws DeviceFailure */
export async function readBack(
  { table, ref, prefix, readSoon, now }: ReadBackOptions,
  connection: Connection,
  rejections: readonly Rejection[],
  signal: AbortSignal,
): Promise<void> {
  const addresses = new Set(rejections.map(({ address }) => address));
  if (addresses.size > mostAlone) return readSoon();
  for (const address of addresses) {
    const entry = await connection.readAddress(ref, address, signal);
    const { owned } = toReading(entry === undefined ? [] : [entry], prefix);
    table.readBack(address, owned.get(address) ?? noTags, now());
  }
}
