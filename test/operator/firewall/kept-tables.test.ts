// Late messages that a purge knows of when it begins.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownTable } from '../../../src/core/model/table-ref.ts';
import { KeptTables } from '../../../src/operator/firewall/kept-tables.ts';
import type { TablePurge } from '../../../src/operator/table/table-purge.ts';
import type { TableWorker } from '../../../src/operator/table/table-worker.ts';
import type { Term } from '../../../src/operator/leadership/term.ts';

test('a purge by a new leader is not over before the last message of one that was killed may have come', async () => {
  const told: number[] = [];
  const running = { run: async () => undefined, unsureUntil: 0 };
  const tables = new KeptTables(
    {
      table: () => running as unknown as TableWorker,
      purge: (_, unsureUntil) => {
        told.push(unsureUntil);
        return running as unknown as TablePurge;
      },
    },
    [ownTable],
  );
  const { signal } = new AbortController();
  const term: Term = { signal, lost: signal, mayBegin: () => true, mayGoOn: () => true, unsureUntil: 75_000 };
  tables.lead(term);
  await tables.purge();
  assert.deepEqual(told, [75_000]);
});
