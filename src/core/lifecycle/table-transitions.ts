// Decides which tables of a PanFirewall are kept, purged, or left as they are, after its spec or a device group moved.

import { isAmong, type TableEntry } from '../device/device-groups.ts';
import { distinctTables, sameName, type TableRef } from '../model/table-ref.ts';

export type TablesNow = {
  readonly kept: readonly TableEntry[];
  /** Those that are being purged because they left the spec. */
  readonly leaving: readonly TableRef[];
  /** Those whose firewall left its device group: their tags stay, and the status shows them. */
  readonly departed: readonly TableEntry[];
  /** Tables of an earlier leader that may have left the spec since: each is given once, when all groups have told. */
  readonly former: readonly TableEntry[];
};

export type TablesSpec = {
  /** What the entries of spec.tables come to, device groups as they last told. */
  readonly tables: readonly TableEntry[];
  /** Every group has told its members: a table that is not among `tables` is not wanted. */
  readonly told: boolean;
  /** The spec asks for it by a device group. */
  readonly asksFor: (table: TableEntry) => boolean;
  /** The same, and its group has told that its firewall is not a member. */
  readonly departs: (table: TableEntry) => boolean;
  /** Why nothing may be purged; undefined when it may. */
  readonly purgeObstacle: string | undefined;
};

export type TableTransition = {
  /** In the order of the spec. */
  readonly keep: readonly TableEntry[];
  /** `keep` differs from what is kept, in its order or groups, too. */
  readonly moved: boolean;
  readonly start: readonly TableEntry[];
  readonly stop: readonly TableEntry[];
  /** Purges that end, as their tables are kept again. */
  readonly takeBack: readonly TableRef[];
  /** What becomes of those that go, once nobody writes to them: each table is in one of these at most. */
  readonly depart: readonly TableEntry[];
  readonly purge: readonly TableEntry[];
  readonly leave: readonly TableEntry[];
  /** No longer shown as departed. */
  readonly forget: readonly TableEntry[];
};

/**
 *   in the spec  purged now  group told, not a member  purge allowed  -> what becomes of a table that was kept
 *   yes          no          -                         -                 kept
 *   yes          yes         -                         -                 the purge ends, and it is kept again
 *   no           yes         -                         -                 the purge goes on
 *   no           no          yes                       -                 departs: its tags stay
 *   no           no          no                        yes               purged
 *   no           no          no                        no                left as it is
 *
 * While a group has not told its members, what it may have counts as in the spec. Two names of one table are one table.
 */
export function tableTransition(now: TablesNow, spec: TablesSpec): TableTransition {
  const { kept, leaving, departed, former } = now;
  const lingers = (table: TableEntry) => !spec.told && !isAmong(spec.tables, table) && !spec.departs(table);
  const keep = [...spec.tables, ...kept.filter(lingers)];
  const stop = kept.filter((table) => !isNamed(keep, table));
  const goes = (table: TableRef) => !isAmong(keep, table) && !isAmong(leaving, table);
  const fates = Object.groupBy(distinctTables([...stop, ...former]).filter(goes), (table) => {
    if (spec.departs(table)) return 'depart';
    return spec.purgeObstacle === undefined ? 'purge' : 'leave';
  });
  return {
    keep,
    moved: !sameEntries(kept, keep),
    start: keep.filter((table) => !isNamed(kept, table)),
    stop,
    takeBack: leaving.filter((table) => isAmong(keep, table)),
    depart: fates.depart ?? [],
    purge: fates.purge ?? [],
    leave: fates.leave ?? [],
    forget: departed.filter((table) => isAmong(keep, table) || !spec.asksFor(table)),
  };
}

function isNamed(tables: readonly TableRef[], table: TableRef): boolean {
  return tables.some((one) => sameName(one, table));
}

function sameEntries(a: readonly TableEntry[], b: readonly TableEntry[]): boolean {
  const same = (one: TableEntry, other: TableEntry | undefined) =>
    other !== undefined &&
    sameName(one, other) &&
    one.deviceGroup === other.deviceGroup &&
    one.listedGroup === other.listedGroup;
  return a.length === b.length && a.every((one, i) => same(one, b[i]));
}
