// Runs the process of a table until it is over, stopped, or the term ends.

import type { Term } from '../leadership/term.ts';
import type { TableProcess } from '../table/table-context.ts';

export type RunningProcess = { readonly done: Promise<void>; readonly stop: () => void };

export function runProcess(process: TableProcess, { signal, lost }: Term): RunningProcess {
  const stop = new AbortController();
  const done = process.run(AbortSignal.any([stop.signal, signal]), lost);
  return { done, stop: () => stop.abort() };
}
