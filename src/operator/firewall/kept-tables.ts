// The tables that one PanFirewall keeps, or purges at its end, each with its worker; they run while we lead.

import { type PurgeOutcome, together } from '../../core/lifecycle/farewell.ts';
import type { DepartedTable, ShownTable } from '../../core/status/firewall-status.ts';
import type { TableEntry } from '../../core/device/device-groups.ts';
import { sameName, type TableRef } from '../../core/model/table-ref.ts';
import type { LeavingTable } from './leaving-tables.ts';
import type { TableFactory } from './table-factory.ts';
import { TablePurge } from '../table/table-purge.ts';
import { TableWorker } from '../table/table-worker.ts';
import type { Term } from '../leadership/term.ts';

type Create = Pick<TableFactory, 'table' | 'purge'>;

/** As it was when it went. */
export type GoneTable = LeavingTable & DepartedTable;

type OwnTable = {
  /** The group in which it was found may be another one by now. */
  ref: TableEntry;
  readonly worker: TableWorker | TablePurge;
  /** While we lead. */
  running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
};

export class KeptTables {
  readonly #create: Create;
  #tables: readonly OwnTable[] = [];
  #term: Term | undefined;
  #purging = false;

  constructor(create: Create, wanted: readonly TableEntry[]) {
    this.#create = create;
    this.#tables = wanted.map((ref) => this.#begin(ref, 0));
  }

  get refs(): readonly TableEntry[] {
    return this.#tables.map(({ ref }) => ref);
  }

  get workers(): readonly TableWorker[] {
    return this.#tables.flatMap(({ worker }) => (worker instanceof TableWorker ? worker : []));
  }

  views(): readonly ShownTable[] {
    return this.#tables.map(({ ref, worker }) => ({ ref, view: worker.view() }));
  }

  lead(term: Term): void {
    this.#term = term;
    for (const table of this.#tables) run(table, term);
  }

  /** Their messages in flight end first. */
  async standBy(): Promise<void> {
    this.#term = undefined;
    await stopAll(this.#tables);
  }

  /** Those that stay go on undisturbed. Resolves with those that went, when nobody writes to them any more. */
  async change(wanted: readonly TableEntry[]): Promise<readonly GoneTable[]> {
    const stays = ({ ref }: OwnTable) => wanted.some((other) => sameName(other, ref));
    const staying = this.#tables.filter(stays);
    const going = this.#tables.filter((table) => !stays(table));
    // A worker that has ended knows nothing of its table any more.
    const views = going.map(({ worker }) => worker.view());
    this.#tables = staying;
    await stopAll(going);
    this.#tables = wanted.map((ref) => {
      const table = staying.find((other) => sameName(other.ref, ref));
      if (table === undefined) return this.#begin(ref, 0);
      table.ref = ref;
      return table;
    });
    const term = this.#term;
    if (term !== undefined) for (const table of this.#tables) if (!staying.includes(table)) run(table, term);
    return going.map(({ ref, worker }, i) => ({
      ref,
      unsureUntil: this.#unsureUntil([worker]),
      owned: views[i]?.owned ?? 0,
      foreign: views[i]?.foreign ?? 0,
    }));
  }

  /** From here on they are not kept any more: what is ours is unregistered, once each message in flight has ended. */
  async purge(): Promise<void> {
    if (this.#purging) return;
    this.#purging = true;
    const old = this.#tables;
    await stopAll(old);
    const unsureUntil = this.#unsureUntil(this.workers);
    this.#tables = old.map(({ ref }) => this.#begin(ref, unsureUntil));
    for (const table of this.#tables) if (this.#term !== undefined) run(table, this.#term);
  }

  get purging(): boolean {
    return this.#purging;
  }

  /** What became of the purge; undefined while it goes on. */
  get purgeOutcome(): PurgeOutcome | undefined {
    return together(
      this.#tables.map(({ worker }) => (worker instanceof TablePurge ? worker.outcome : undefined)),
    );
  }

  /** What keeps the purge from being completed. */
  get obstacle(): string | undefined {
    return this.#tables.flatMap(({ worker }) =>
      worker instanceof TablePurge && worker.outcome === undefined ? worker.obstacle : [],
    )[0];
  }

  /** The device of these is another one. */
  forget(which: (ref: TableRef) => boolean): void {
    for (const { ref, worker } of this.#tables)
      if (worker instanceof TableWorker && which(ref)) worker.forget();
  }

  /** Something changed: what failed may work now. */
  retryNow(): void {
    for (const { worker } of this.#tables) worker.retryNow();
  }

  /** Until when a message of theirs, or of a former leader's, may still take effect: monotonic ms. */
  #unsureUntil(workers: readonly (TableWorker | TablePurge)[]): number {
    const own = workers.map((worker) => (worker instanceof TableWorker ? worker.unsureUntil : 0));
    return Math.max(this.#term?.unsureUntil ?? 0, ...own);
  }

  #begin(ref: TableEntry, unsureUntil: number): OwnTable {
    const worker = this.#purging ? this.#create.purge(ref, unsureUntil) : this.#create.table(ref);
    return { ref, worker, running: undefined };
  }
}

function run(table: OwnTable, term: Term): void {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, term.signal]);
  table.running = { stop, done: table.worker.run(signal, term.lost) };
}

async function stopAll(tables: readonly OwnTable[]): Promise<void> {
  for (const { running } of tables) running?.stop.abort();
  await Promise.all(tables.flatMap(({ running }) => running?.done ?? []));
  for (const table of tables) table.running = undefined;
}
