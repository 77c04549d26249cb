// Set of one PanFirewall's tables: kept, leaving the spec, or departed with their firewall from a device group.

import { isAmong, type TableEntry } from '../../core/device/device-groups.ts';
import { type PurgeOutcome, together } from '../../core/lifecycle/farewell.ts';
import type { DepartedTable, FirewallView } from '../../core/status/firewall-status.ts';
import { sameName, tableKey, tableName } from '../../core/model/table-ref.ts';
import { purgeObstacle } from '../../core/rights/stance.ts';
import type { FirewallDevices } from '../device/firewall-devices.ts';
import type { FirewallContext } from './firewall-context.ts';
import type { FormerTables } from './former-tables.ts';
import { GroupTables } from './group-tables.ts';
import { type GoneTable, KeptTables } from './kept-tables.ts';
import { LeavingTables } from './leaving-tables.ts';
import type { TableFactory } from './table-factory.ts';
import type { Term } from '../leadership/term.ts';

type TableSetParts = {
  readonly create: TableFactory;
  readonly devices: FirewallDevices;
  /** Which tables there are, or what is known of their groups, has changed. */
  readonly changed: () => void;
};

export class TableSet {
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
    if (isAnother) void this.#leaving.drop(this.#leaving.refs.filter(isOwn));
    if (isAnother) this.kept.forget(isOwn);
    this.#reviewFormer();
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

  view(): Pick<FirewallView, 'finding' | 'tables' | 'leaving' | 'departed' | 'open'> {
    return {
      finding: this.#groups.finding,
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

  /** Has workers for those that are known, without a thought for those that had some. */
  async #follow(): Promise<void> {
    await this.kept.change(this.#groups.tables);
    this.#forgetDeparted();
  }

  async #apply(): Promise<void> {
    if (this.#term === undefined) {
      this.#recall();
      return this.#follow();
    }
    const { tables } = this.#groups;
    const wanted = [...tables, ...this.#lingering(tables)];
    if (!sameEntries(this.kept.refs, wanted)) await this.#change(wanted);
    this.#forgetDeparted();
    this.#reviewFormer();
    this.#parts.changed();
  }

  /** Those that the spec does not list any more, as long as a group that may have them is still to be looked up. */
  #lingering(tables: readonly TableEntry[]): readonly TableEntry[] {
    if (this.#groups.told) return [];
    return this.kept.refs.filter((ref) => !isAmong(tables, ref) && !this.#groups.departs(ref));
  }

  /** Those that stay go on undisturbed; those that go are purged or left, as the spec wants it. */
  async #change(wanted: readonly TableEntry[]): Promise<void> {
    this.#context.log.info({ tables: wanted.map(tableName) }, 'tables changed');
    await this.#leaving.drop(wanted);
    for (const table of await this.kept.change(wanted)) this.#seeOff(table);
  }

  /** It is in the set no more. */
  #seeOff(table: GoneTable): void {
    const { ref } = table;
    const { log, settings } = this.#context;
    // The same table by another name is kept.
    if (this.#term === undefined || isAmong(this.kept.refs, ref)) return;
    const why = purgeObstacle(settings);
    if (this.#groups.departs(ref)) {
      this.#departed.set(tableKey(ref), table);
      const { deviceGroup } = ref;
      log.info({ table: tableName(ref), deviceGroup }, 'firewall left device group, tags kept');
    } else if (why === undefined) this.#leaving.add(table, this.#term);
    else log.info({ table: tableName(ref), why }, 'table removed from spec, tags kept');
  }

  /** Those that are back, and those that the spec does not ask for any more. */
  #forgetDeparted(): void {
    for (const [key, { ref }] of this.#departed)
      if (isAmong(this.kept.refs, ref) || !this.#groups.asksFor(ref)) this.#departed.delete(key);
  }

  /** Tables that an earlier leader kept, or had begun to purge, and that are not in the spec any more. */
  #reviewFormer(): void {
    const former = this.#former;
    const serial = this.#parts.devices.endpoint?.serial;
    if (former === undefined || serial === undefined || !this.#groups.told) return;
    this.#former = undefined;
    // Of another device, or of one that cannot be told from others, nothing is known.
    const isSame = former.serial === serial && serial !== 'unknown';
    const unsureUntil = this.#term?.unsureUntil ?? 0;
    for (const table of former.tables)
      if (isSame || table.ref.serial !== undefined) this.#seeOff({ ...table, unsureUntil });
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(step);
    return this.#turn;
  }
}

function sameEntries(a: readonly TableEntry[], b: readonly TableEntry[]): boolean {
  const same = (one: TableEntry, other: TableEntry | undefined) =>
    other !== undefined &&
    sameName(one, other) &&
    one.deviceGroup === other.deviceGroup &&
    one.listedGroup === other.listedGroup;
  return a.length === b.length && a.every((one, i) => same(one, b[i]));
}
