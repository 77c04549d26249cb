// What do addresses really hold that a refusal touched, or where a device did not do what it confirmed? A few are read by
// themselves, many with the table.

import type { Table } from '../../core/table/table.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import { noTags } from '../../core/model/tag-set.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Connection } from '../device/device-port.ts';
import { tellRefused } from './refused-pairs.ts';
import { toReading } from './table-reading.ts';

/** More than these are read with the whole table. */
const mostAlone = 8;

type ReadBackOptions = {
  readonly table: Table;
  readonly ref: TableRef;
  /** Of our own tags. */
  readonly prefix: string;
  /** Reads the whole table as soon as that may be. */
  readonly readSoon: () => void;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
};

/** @throws DeviceFailure */
export async function readBack(
  { table, ref, prefix, readSoon, log, now }: ReadBackOptions,
  connection: Connection,
  addresses: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  if (addresses.size > mostAlone) return readSoon();
  for (const address of addresses) {
    const entry = await connection.readAddress(ref, address, signal);
    if (entry?.unreadable === true) continue;
    const { owned } = toReading(entry === undefined ? [] : [entry], prefix, (one) => table.registeredAt(one));
    tellRefused(log, table.readBack(address, owned.get(address) ?? noTags, now()));
  }
}
