// Starts the runner of a table; it ends when it is over, stopped, or the term is.

import type { Term } from '../leadership/term.ts';
import type { TableRunner } from '../table/table-context.ts';

export type TableRun = { readonly done: Promise<void>; readonly stop: () => void };

export function startRun(runner: TableRunner, { signal, lost }: Term): TableRun {
  const stop = new AbortController();
  const done = runner.run(AbortSignal.any([stop.signal, signal]), lost);
  return { done, stop: () => stop.abort() };
}
