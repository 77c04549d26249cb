// Reads back what addresses hold that a refusal touched, or where a device did not do what it confirmed: a few by
// themselves, many with the table. Logs the pairs that are set aside.

import type { RefusedPair } from '../../core/message/refusals.ts';
import type { Table } from '../../core/table/table.ts';
import { noTags } from '../../core/model/tag-set.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Connection } from '../device/device-port.ts';
import type { ReadSchedule } from './read-schedule.ts';
import type { TableContext } from './table-context.ts';
import { toReading } from './table-reading.ts';

/** More than these are read with the whole table. */
const mostAlone = 8;
const mostTold = 5;

export type ReadingParts = {
  readonly context: TableContext;
  readonly table: Table;
  readonly reads: ReadSchedule;
};

/** @throws DeviceError */
export async function readBack(
  { context, table, reads }: ReadingParts,
  connection: Connection,
  addresses: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  if (addresses.size > mostAlone) return reads.soon();
  const { ref, self, log, now } = context;
  for (const address of addresses) {
    const entry = await connection.call({ ask: 'readOne', table: ref, key: address }, signal);
    if (entry?.unreadable === true) continue;
    const { owned } = toReading(entry === undefined ? [] : [entry], self.prefix, (one) =>
      table.registeredAt(one),
    );
    tellRefused(log, table.readBack(address, owned.get(address) ?? noTags, now()));
  }
}

/** Some by name, of many their number. */
export function tellRefused(log: Logger, refusedPairs: readonly RefusedPair[]): void {
  for (const refusedPair of refusedPairs.slice(0, mostTold))
    log.warn({ refused: refusedPair }, 'device refused a pair');
  const more = refusedPairs.length - mostTold;
  if (more > 0) log.warn({ more }, 'device refused more pairs');
}
