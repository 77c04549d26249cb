// Runs a worker for each table that one PanFirewall keeps, or a purge at its end, while we lead.

import { type PurgeOutcome, together } from '../../core/lifecycle/farewell.ts';
import type { DepartedTable, ShownTable } from '../../core/status/firewall-view.ts';
import type { TableEntry } from '../../core/device/device-groups.ts';
import { sameName, type TableRef } from '../../core/model/table-ref.ts';
import type { TableRunner } from '../table/table-context.ts';
import { type TableRun, startRun } from './table-run.ts';
import type { TableWorker } from '../table/table-worker.ts';
import type { Term } from '../leadership/term.ts';
import type { TableFactory } from './table-factory.ts';

type Create = Pick<TableFactory, 'table' | 'purge'>;

/** As it was when it went. */
export type GoneTable = DepartedTable & { readonly ref: TableEntry; readonly unsureUntil: number };

type OwnTable = {
  /** The group in which it was found may be another one by now. */
  ref: TableEntry;
  readonly runner: TableRunner;
  /** The runner, where it keeps the table. */
  readonly worker: TableWorker | undefined;
  /** While we lead. */
  running: TableRun | undefined;
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
    return this.#tables.flatMap(({ worker }) => worker ?? []);
  }

  views(): readonly ShownTable[] {
    return this.#tables.map(({ ref, runner }) => ({ ref, view: runner.view() }));
  }

  lead(term: Term): void {
    this.#term = term;
    for (const table of this.#tables) this.#run(table);
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
    const views = going.map(({ runner }) => runner.view());
    this.#tables = staying;
    await stopAll(going);
    this.#tables = wanted.map((ref) => {
      const table = staying.find((other) => sameName(other.ref, ref));
      if (table === undefined) return this.#begin(ref, 0);
      table.ref = ref;
      return table;
    });
    for (const table of this.#tables) if (!staying.includes(table)) this.#run(table);
    return going.map(({ ref, runner }, i) => ({
      ref,
      unsureUntil: this.#unsureUntil([runner]),
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
    const unsureUntil = this.#unsureUntil(old.map(({ runner }) => runner));
    this.#tables = old.map(({ ref }) => this.#begin(ref, unsureUntil));
    for (const table of this.#tables) this.#run(table);
  }

  get purging(): boolean {
    return this.#purging;
  }

  /** What became of the purge; undefined while it goes on. */
  get purgeOutcome(): PurgeOutcome | undefined {
    return together(this.#tables.map(({ runner }) => runner.outcome));
  }

  /** What keeps the purge from being completed. */
  get obstacle(): string | undefined {
    return this.#tables.flatMap(({ runner }) =>
      runner.outcome === undefined ? (runner.obstacle ?? []) : [],
    )[0];
  }

  /** The device of these is another one. */
  forget(which: (ref: TableRef) => boolean): void {
    for (const { ref, worker } of this.#tables) if (which(ref)) worker?.forget();
  }

  /** Something changed: what failed may work now. */
  retryNow(): void {
    for (const { runner } of this.#tables) runner.retryNow();
  }

  /** Until when a message of theirs, or of a former leader's, may still take effect: monotonic ms. */
  #unsureUntil(runners: readonly TableRunner[]): number {
    return Math.max(this.#term?.unsureUntil ?? 0, ...runners.map(({ unsureUntil }) => unsureUntil));
  }

  #begin(ref: TableEntry, unsureUntil: number): OwnTable {
    if (this.#purging) {
      const runner = this.#create.purge(ref, unsureUntil);
      return { ref, runner, worker: undefined, running: undefined };
    }
    const worker = this.#create.table(ref);
    return { ref, runner: worker, worker, running: undefined };
  }

  #run(table: OwnTable): void {
    if (this.#term !== undefined) table.running = startRun(table.runner, this.#term);
  }
}

async function stopAll(tables: readonly OwnTable[]): Promise<void> {
  for (const { running } of tables) running?.stop();
  await Promise.all(tables.flatMap(({ running }) => running?.done ?? []));
  for (const table of tables) table.running = undefined;
}
