// Set of one PanFirewall's tables: kept, leaving the spec, or departed with their firewall from a device group.

import { isAmong, type TableEntry } from '../../core/device/device-groups.ts';
import type { Finding } from '../../core/model/finding.ts';
import { type PurgeOutcome, together } from '../../core/lifecycle/farewell.ts';
import { tableTransition, type TableTransition } from '../../core/lifecycle/table-transitions.ts';
import type { DepartedTable, FirewallView } from '../../core/status/firewall-view.ts';
import { tableKey, tableName } from '../../core/model/table-ref.ts';
import { purgeObstacle } from '../../core/rights/write-mode.ts';
import type { FirewallDevices } from '../device/firewall-devices.ts';
import type { Term } from '../leadership/term.ts';
import type { FirewallContext } from './firewall-context.ts';
import type { FirewallTask } from './firewall-task.ts';
import type { FormerTables } from './former-tables.ts';
import { GroupTables } from './group-tables.ts';
import { type GoneTable, KeptTables } from './kept-tables.ts';
import { LeavingTables } from './leaving-tables.ts';
import type { TableFactory } from './table-factory.ts';

type TableSetParts = {
  readonly create: Pick<TableFactory, 'table' | 'purge'>;
  readonly devices: Pick<FirewallDevices, 'endpoint' | 'deviceGroups'>;
  /** Which tables there are, or what is known of their groups, has changed. */
  readonly changed: () => void;
};

export class TableSet implements FirewallTask {
  readonly kept: KeptTables;
  readonly #context: FirewallContext;
  readonly #parts: TableSetParts;
  readonly #groups: GroupTables;
  readonly #leaving: LeavingTables;
  /** By tableKey. */
  readonly #departed = new Map<string, DepartedTable>();
  /** The former leader's, until they have been looked at. */
  #former: FormerTables | undefined;
  #term: Term | undefined;
  #looking: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  /** Changes happen one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(context: FirewallContext, parts: TableSetParts) {
    this.#context = context;
    this.#parts = parts;
    const { create, devices, changed } = parts;
    this.#leaving = new LeavingTables({ context, create, changed });
    this.#groups = new GroupTables({ context, devices, told: () => this.#inTurn(() => this.#apply()) });
    this.#recall();
    this.kept = new KeptTables(create, this.#groups.tables);
  }

  /** Those that are ours for now. One that is being purged is not another's yet. */
  get claimed() {
    return { tables: [...this.kept.refs, ...this.#leaving.refs], open: !this.#groups.seen };
  }

  lead(term: Term): void {
    this.#term = term;
    this.#former = this.#recall();
    this.kept.lead(term);
    void this.#inTurn(() => this.#follow());
    const stop = new AbortController();
    this.#looking = { stop, done: this.#groups.run(AbortSignal.any([stop.signal, term.signal])) };
  }

  /** Messages in flight end first. */
  async standBy(): Promise<void> {
    this.#term = undefined;
    this.#looking?.stop.abort();
    const ended = [this.kept.standBy(), this.#leaving.drop(this.#leaving.refs)];
    await Promise.all([...ended, this.#looking?.done, this.#turn]);
  }

  /** The spec was edited. */
  async configure(): Promise<void> {
    await this.#inTurn(() => this.#apply());
    this.#groups.soon();
  }

  /** The leader has told of its tables: who may lead next keeps in step, and so sees what happens to their Pods. */
  statusChanged(): void {
    if (this.#term === undefined) void this.#inTurn(() => this.#apply());
  }

  /** What is at the old endpoint stays there. @param reconnect leaves it. */
  startAfresh(reconnect: () => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      await Promise.all([this.kept.change([]), this.#leaving.drop(this.#leaving.refs)]);
      this.#former = undefined;
      this.#departed.clear();
      await reconnect();
      this.#groups.begin([]);
      await this.#follow();
      this.#groups.soon();
    });
  }

  /** The endpoint has said who it is: for the first time, or it is another one than before. */
  met(isAnother: boolean): void {
    // Firewalls behind a Panorama are the same, whichever Panorama forwards to them.
    const isOwn = ({ serial }: TableEntry) => serial === undefined;
    const dropped = this.#leaving.drop(isAnother ? this.#leaving.refs.filter(isOwn) : []);
    if (isAnother) this.kept.forget(isOwn);
    void this.#inTurn(async () => {
      await dropped;
      await this.#reconcile();
    });
  }

  /** As GroupTables. */
  awaited(table: TableEntry, signal: AbortSignal): Promise<void> {
    return this.#groups.awaited(table, signal);
  }

  resync(): void {
    for (const worker of this.kept.workers) worker.resync();
    this.#groups.soon();
  }

  retryNow(): void {
    this.kept.retryNow();
    this.#leaving.retryNow();
    this.#groups.soon();
  }

  purge(): Promise<void> {
    return this.#inTurn(() => this.kept.purge());
  }

  get purging(): boolean {
    return this.kept.purging;
  }

  /** Groups could not be looked up. */
  get finding(): Finding | undefined {
    return this.#groups.finding;
  }

  /** What became of the purge; undefined while it goes on. */
  get purgeOutcome(): PurgeOutcome | undefined {
    if (!this.#groups.known) return undefined;
    const left = [...this.#departed.values()].map(({ ref }): PurgeOutcome => {
      const why = `the firewall of ${tableName(ref)} had left the device group, and its tags were left as they are`;
      return { kind: 'left', why };
    });
    return together([this.kept.purgeOutcome, ...this.#leaving.outcomes, ...left]);
  }

  /** What keeps the purge from being completed. */
  get obstacle(): string {
    return this.kept.obstacle ?? this.#groups.finding?.message ?? 'the tables have not been read yet';
  }

  view(): Pick<FirewallView, 'tables' | 'leaving' | 'departed' | 'open'> {
    return {
      tables: this.kept.views().map((table) => this.#groups.annotated(table)),
      leaving: this.#leaving.views(),
      departed: [...this.#departed.values()],
      open: !this.#groups.seen,
    };
  }

  /** Takes up what the status tells. */
  #recall(): FormerTables | undefined {
    const { former } = this.#context;
    this.#groups.begin((former?.tables ?? []).map(({ ref }) => ref));
    this.#departed.clear();
    for (const table of former?.departed ?? []) this.#departed.set(tableKey(table.ref), table);
    return former;
  }

  /** Starts and stops workers for the known tables; what becomes of the tags in the others is not decided here. */
  async #follow(): Promise<void> {
    await this.kept.change(this.#groups.tables);
    for (const [key, { ref }] of this.#departed)
      if (isAmong(this.kept.refs, ref) || !this.#groups.asksFor(ref)) this.#departed.delete(key);
  }

  async #apply(): Promise<void> {
    if (this.#term === undefined) {
      this.#recall();
      return this.#follow();
    }
    await this.#reconcile();
    this.#parts.changed();
  }

  /** Brings the tables in line with the spec and the groups, while we lead. */
  async #reconcile(): Promise<void> {
    if (this.#term === undefined) return;
    const former = this.#takeFormer();
    const moves = tableTransition(
      {
        kept: this.kept.refs,
        leaving: this.#leaving.refs,
        departed: [...this.#departed.values()].map(({ ref }) => ref),
        former: former.map(({ ref }) => ref),
      },
      {
        tables: this.#groups.tables,
        told: this.#groups.told,
        asksFor: (table) => this.#groups.asksFor(table),
        departs: (table) => this.#groups.departs(table),
        purgeObstacle: purgeObstacle(this.#context.settings),
      },
    );
    if (moves.moved) this.#context.log.info({ tables: moves.keep.map(tableName) }, 'tables changed');
    // Before a table is kept again its purge has ended, and before it is purged its worker has.
    await this.#leaving.drop(moves.takeBack);
    const gone = moves.moved ? await this.kept.change(moves.keep) : [];
    this.#release(moves, [...gone, ...former]);
    for (const ref of moves.forget) this.#departed.delete(tableKey(ref));
  }

  /** Nobody writes to these any more. */
  #release({ depart, purge, leave }: TableTransition, gone: readonly GoneTable[]): void {
    const { log, settings } = this.#context;
    // Whoever leads next finds them in the status.
    if (this.#term === undefined) return;
    const byKey = new Map(gone.toReversed().map((table) => [tableKey(table.ref), table]));
    for (const ref of depart) {
      const table = byKey.get(tableKey(ref));
      if (table !== undefined) this.#departed.set(tableKey(ref), table);
      const { deviceGroup } = ref;
      log.info({ table: tableName(ref), deviceGroup }, 'firewall left device group, tags kept');
    }
    // Asked again: the spec may have been edited while their workers ended.
    const why = purgeObstacle(settings);
    for (const ref of [...purge, ...leave])
      if (why === undefined)
        this.#leaving.add({ ref, unsureUntil: byKey.get(tableKey(ref))?.unsureUntil ?? 0 }, this.#term);
      else log.info({ table: tableName(ref), why }, 'table removed from spec, tags kept');
  }

  /** Once, when the device is known and all groups have told: what an earlier leader kept, or had begun to purge. */
  #takeFormer(): readonly GoneTable[] {
    const former = this.#former;
    const serial = this.#parts.devices.endpoint?.serial;
    if (former === undefined || serial === undefined || !this.#groups.told) return [];
    this.#former = undefined;
    // Of another device, or of one that cannot be told from others, nothing is known.
    const isSame = former.serial === serial && serial !== 'unknown';
    const unsureUntil = this.#term?.unsureUntil ?? 0;
    return former.tables
      .filter(({ ref }) => isSame || ref.serial !== undefined)
      .map((table) => ({ ...table, unsureUntil }));
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(step);
    return this.#turn;
  }
}
