// Tables that an earlier leader kept, as the PanFirewall's status has them.

import type { WindowCount } from '../../core/removals/guard-window.ts';
import { departed, type DepartedTable } from '../../core/status/firewall-view.ts';
import { type TableRef, tableKey } from '../../core/model/table-ref.ts';
import type { FormerTable } from '../table/table-context.ts';
import { monotonicTime } from '../leadership/wall-clock.ts';
import type { PanFirewallStatus } from '../../kubernetes/resources/pan-firewall-status.ts';

/** Tables as a status shows them, and the serial of the endpoint's device at the time. */
export type FormerTables = {
  /** undefined: it had not been met. */
  readonly serial: string | undefined;
  /** Those that were kept or purged. */
  readonly tables: readonly DepartedTable[];
  /** Those that had left their device groups. */
  readonly departed: readonly DepartedTable[];
  /** The shortest timeouts that registrations may carry, in seconds, where some carry any. */
  readonly timeouts: readonly { readonly ref: TableRef; readonly seconds: number }[];
  readonly established: readonly EstablishedTable[];
  /** What passed the guard by itself, table by table; monotonic ms. */
  readonly guardWindows: readonly { readonly ref: TableRef; readonly counts: readonly WindowCount[] }[];
};

/** A table that was kept, of which device, and by which spec.endpoint, where that was noted: see TableClaim.established. */
export type EstablishedTable = {
  readonly ref: TableRef;
  readonly identity: string;
  readonly endpoint?: string | undefined;
};

/** Of a table, whatever device has it by now: a timeout too many costs a round of refreshes. */
export function formerTable(former: FormerTables | undefined, ref: TableRef): FormerTable {
  const isIt = (table: { readonly ref: TableRef }) => tableKey(table.ref) === tableKey(ref);
  return {
    timeoutSeconds: former?.timeouts.find(isIt)?.seconds ?? 0,
    guardWindow: former?.guardWindows.find(isIt)?.counts ?? [],
  };
}

export function formerTables(status: PanFirewallStatus | undefined): FormerTables | undefined {
  const { device, tables } = status ?? {};
  if (tables === undefined) return undefined;
  const read = (of: NonNullable<typeof tables>) =>
    of.map(({ serial, vsys, deviceGroup, listedGroup, owned, foreign }) => ({
      ref: { serial, vsys, deviceGroup, listedGroup },
      owned,
      foreign,
    }));
  return {
    serial: device?.serial,
    tables: read(tables.filter(({ state }) => state !== departed)),
    departed: read(tables.filter(({ state }) => state === departed)),
    timeouts: tables.map(({ serial, vsys, registrationTimeoutSeconds = 0 }) => ({
      ref: { serial, vsys },
      seconds: registrationTimeoutSeconds,
    })),
    established: tables.flatMap(({ serial, vsys, establishedOn, establishedEndpoint: endpoint }) =>
      establishedOn === undefined ? [] : [{ ref: { serial, vsys }, identity: establishedOn, endpoint }],
    ),
    guardWindows: tables.map(({ serial, vsys, guardWindow = [] }) => ({
      ref: { serial, vsys },
      counts: guardWindow.flatMap(({ at, addresses, owned }) => {
        const time = monotonicTime(at);
        return time === undefined ? [] : [{ at: time, addresses, owned }];
      }),
    })),
  };
}
