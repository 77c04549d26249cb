// Reads a large table as the operator does, with its own connection, reader and table.
import { productTiming } from '../../src/core/model/timing.ts';
import { Table } from '../../src/core/table/table.ts';
import { ownTable } from '../../src/core/model/table-ref.ts';
import { openConnection } from '../../src/operator/device/device-connection.ts';
import { toReading } from '../../src/operator/table/table-reading.ts';
import { bigTable, bigTablePrefix } from './big-table.ts';
import type { PageAccess } from './page-server.ts';
import type { ReadParts } from './read-texts.ts';
import type { AnswerTo } from '../../src/operator/device/device-port.ts';

/** As table-reader.ts does it: all pages and both counts; then the entries become what the table is known to hold. */
export function readAsOperator({ endpoint, caPem, entries }: PageAccess): ReadParts {
  const connection = openConnection({
    settings: {
      endpoint,
      login: { apiKey: 'LUFRPT1iZW5jaA==' },
      maxConcurrentCalls: 2,
      proxyUrl: undefined,
      tls: { ca: caPem, serverName: undefined, insecureSkipVerify: false },
    },
    environmentProxy: { url: undefined, except: '' },
    userAgent: 'pantag-bench',
    mayCall: () => true,
    mayGoOn: () => true,
    observe: () => {},
    timing: productTiming,
  });
  const desired = new Map(bigTable(entries).map(({ ip, tags }) => [ip, tags.toSorted()]));
  const table = new Table(
    { tagsOf: (address) => desired.get(address) ?? [], addresses: () => desired.keys() },
    () => undefined,
    { percent: 100, minimum: 100_000 },
  );
  const signal = new AbortController().signal;
  let read: AnswerTo<'readAll'> | undefined;
  return {
    read: async () => {
      read = await connection.call({ ask: 'readAll', table: ownTable }, signal);
      if (!read.agreed) throw new Error('the read does not agree with the count');
      return read.entries.length;
    },
    takeUp: async () => {
      table.beginRead();
      table.endRead({ ...toReading(read?.entries ?? [], bigTablePrefix), agreed: true }, performance.now());
      if (table.pending !== 0) throw new Error(`${table.pending} addresses are not as they should be`);
      return table.owned;
    },
    close: () => connection.close(),
  };
}
