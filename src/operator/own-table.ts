// One table of a PanFirewall with whoever works on it, running while we lead.

import type { TablePurge } from './table-purge.ts';
import type { TableWorker } from './table-worker.ts';
import type { Term } from './term.ts';

export type OwnTable = {
  readonly vsys: string | undefined;
  readonly worker: TableWorker | TablePurge;
  /** While we lead. */
  running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
};

export function run(table: OwnTable, term: Term): void {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, term.signal]);
  table.running = { stop, done: table.worker.run(signal, term.lost) };
}

/** Their messages in flight end first. */
export async function stopAll(tables: readonly OwnTable[]): Promise<void> {
  for (const { running } of tables) running?.stop.abort();
  await Promise.all(tables.flatMap(({ running }) => running?.done ?? []));
  for (const table of tables) table.running = undefined;
}
