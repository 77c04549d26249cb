// The tables of one PanFirewall that were taken out of spec.tables: each is purged for a while, then left as it is.

import type { RecordEvent } from '../../core/status/event-note.ts';
import type { PurgeOutcome } from '../../core/lifecycle/farewell.ts';
import type { ShownTable } from '../../core/status/firewall-status.ts';
import type { TableEntry } from '../../core/device/device-groups.ts';
import { type TableRef, tableKey, tableName } from '../../core/model/table-ref.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { TablePurge } from '../table/table-purge.ts';
import type { Term } from '../leadership/term.ts';

export type LeavingTablesOptions = {
  readonly createPurge: (ref: TableEntry, unsureUntil: number) => TablePurge;
  /** spec.purgeTimeoutSeconds, by now. */
  readonly timeoutMs: () => number;
  readonly record: RecordEvent;
  /** Which tables there are has changed. */
  readonly changed: () => void;
  readonly log: Logger;
};

export type LeavingTable = { readonly ref: TableEntry; readonly unsureUntil: number };

type Purging = {
  readonly ref: TableEntry;
  readonly purge: TablePurge;
  readonly stop: AbortController;
  readonly done: Promise<void>;
  readonly term: Term;
};

export class LeavingTables {
  readonly #options: LeavingTablesOptions;
  /** By tableKey. */
  readonly #tables = new Map<string, Purging>();

  constructor(options: LeavingTablesOptions) {
    this.#options = options;
  }

  get refs(): readonly TableRef[] {
    return [...this.#tables.values()].map(({ ref }) => ref);
  }

  get outcomes(): readonly (PurgeOutcome | undefined)[] {
    return [...this.#tables.values()].map(({ purge }) => purge.outcome);
  }

  views(): readonly ShownTable[] {
    return [...this.#tables.values()].map(({ ref, purge }) => ({ ref, view: purge.view() }));
  }

  /** Nobody else may be writing to it any more. */
  add({ ref, unsureUntil }: LeavingTable, term: Term): void {
    const { createPurge, timeoutMs, log } = this.#options;
    const purge = createPurge(ref, unsureUntil);
    const stop = new AbortController();
    const done = purge.run(AbortSignal.any([stop.signal, term.signal]), term.lost);
    const table = { ref, purge, stop, done, term };
    this.#tables.set(tableKey(ref), table);
    log.info({ table: tableName(ref) }, 'table removed from spec, purge started');
    const limit = setTimeout(() => stop.abort(), timeoutMs());
    void done.finally(() => {
      clearTimeout(limit);
      this.#seeOff(table);
    });
  }

  retryNow(): void {
    for (const { purge } of this.#tables.values()) purge.retryNow();
  }

  /** Ends these without a word: they are kept again, or are somebody else's to purge. Their messages end first. */
  async drop(refs: readonly TableRef[]): Promise<void> {
    const keys = refs.map(tableKey);
    const dropped = keys.flatMap((key) => this.#tables.get(key) ?? []);
    for (const key of keys) this.#tables.delete(key);
    for (const { stop } of dropped) stop.abort();
    await Promise.all(dropped.map(({ done }) => done));
  }

  #seeOff(table: Purging): void {
    const key = tableKey(table.ref);
    // Dropped meanwhile.
    if (this.#tables.get(key) !== table) return;
    this.#tables.delete(key);
    // The next leader finds it in the status.
    if (table.term.signal.aborted) return;
    const { record, changed, log } = this.#options;
    const name = tableName(table.ref);
    const { outcome, obstacle } = table.purge;
    const isClean = outcome?.kind === 'clean';
    const why = outcome?.kind === 'left' ? outcome.why : `spec.purgeTimeoutSeconds has passed: ${obstacle}`;
    const note = isClean
      ? `the table ${name} left spec.tables and was purged: none of our tags are left in it (${outcome.addresses} addresses unregistered)`
      : `the table ${name} left spec.tables and its purge did not finish; tags may remain in it: ${why}`;
    log[isClean ? 'info' : 'warn']({ table: name, outcome }, 'table released');
    record({ reason: isClean ? 'Purged' : 'PurgeAbandoned', note });
    changed();
  }
}
