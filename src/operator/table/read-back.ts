// Reads back what addresses hold that a refusal touched, or where a device did not do what it confirmed: a few by
// themselves, many with the table. Logs the pairs that are set aside.

import type { Rejection } from '../../core/message/refusals.ts';
import type { Table } from '../../core/table/table.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import { noTags } from '../../core/model/tag-set.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Connection } from '../device/device-port.ts';
import { toReading } from './table-reading.ts';

/** More than these are read with the whole table. */
const mostAlone = 8;
const mostTold = 5;

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

/** @throws DeviceError */
export async function readBack(
  { table, ref, prefix, readSoon, log, now }: ReadBackOptions,
  connection: Connection,
  addresses: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  if (addresses.size > mostAlone) return readSoon();
  for (const address of addresses) {
    const entry = await connection.call({ ask: 'readOne', table: ref, key: address }, signal);
    if (entry?.unreadable === true) continue;
    const { owned } = toReading(entry === undefined ? [] : [entry], prefix, (one) => table.registeredAt(one));
    tellRefused(log, table.readBack(address, owned.get(address) ?? noTags, now()));
  }
}

/** Some by name, of many their number. */
export function tellRefused(log: Logger, rejections: readonly Rejection[]): void {
  for (const rejection of rejections.slice(0, mostTold)) log.warn({ rejection }, 'device refused a pair');
  const more = rejections.length - mostTold;
  if (more > 0) log.warn({ more }, 'device refused more pairs');
}
