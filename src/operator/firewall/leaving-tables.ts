// The tables of one PanFirewall that were taken out of spec.tables: each is purged for a while, then left as it is.

import type { PurgeOutcome } from '../../core/lifecycle/farewell.ts';
import type { ShownTable } from '../../core/status/firewall-view.ts';
import type { TableEntry } from '../../core/device/device-groups.ts';
import { type TableRef, tableKey, tableName } from '../../core/model/table-ref.ts';
import type { TableRunner } from '../table/table-context.ts';
import { type TableRun, startRun } from './table-run.ts';
import type { Term } from '../leadership/term.ts';
import type { FirewallContext } from './firewall-context.ts';
import type { TableFactory } from './table-factory.ts';

type LeavingTablesParts = {
  readonly context: FirewallContext;
  readonly create: Pick<TableFactory, 'purge'>;
  /** Which tables there are has changed. */
  readonly changed: () => void;
};

type LeavingTable = { readonly ref: TableEntry; readonly unsureUntil: number };

type Purging = {
  readonly ref: TableEntry;
  readonly purge: TableRunner;
  readonly running: TableRun;
  readonly term: Term;
};

export class LeavingTables {
  readonly #parts: LeavingTablesParts;
  /** By tableKey. */
  readonly #tables = new Map<string, Purging>();

  constructor(parts: LeavingTablesParts) {
    this.#parts = parts;
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
    const { create, context } = this.#parts;
    const purge = create.purge(ref, unsureUntil);
    const running = startRun(purge, term);
    const table = { ref, purge, running, term };
    this.#tables.set(tableKey(ref), table);
    context.log.info({ table: tableName(ref) }, 'table removed from spec, purge started');
    const limit = setTimeout(running.stop, context.settings.purgeTimeoutSeconds * 1000);
    void running.done.finally(() => {
      clearTimeout(limit);
      this.#ended(table);
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
    for (const { running } of dropped) running.stop();
    await Promise.all(dropped.map(({ running }) => running.done));
  }

  #ended(table: Purging): void {
    const key = tableKey(table.ref);
    // Dropped meanwhile.
    if (this.#tables.get(key) !== table) return;
    this.#tables.delete(key);
    // The next leader finds it in the status.
    if (table.term.signal.aborted) return;
    const { context, changed } = this.#parts;
    const name = tableName(table.ref);
    const { outcome, obstacle } = table.purge;
    const isClean = outcome?.kind === 'clean';
    const why = outcome?.kind === 'left' ? outcome.why : `spec.purgeTimeoutSeconds has passed: ${obstacle}`;
    const note = isClean
      ? `the table ${name} left spec.tables and was purged: none of our tags are left in it (${outcome.addresses} addresses unregistered)`
      : `the table ${name} left spec.tables and its purge did not finish; tags may remain in it: ${why}`;
    context.log[isClean ? 'info' : 'warn']({ table: name, outcome }, 'table released');
    context.observer.record({ reason: isClean ? 'Purged' : 'PurgeAbandoned', note });
    changed();
  }
}
