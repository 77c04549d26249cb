// Report of the command diff: what separates each table of a PanFirewall from what the policies want.

import type { Finding } from '../../core/model/finding.ts';
import type { PairChange } from '../../core/table/outlook.ts';
import { tableKey, tableName, type TableRef } from '../../core/model/table-ref.ts';
import { purgeObstacle } from '../../core/rights/write-mode.ts';
import { departed, type FirewallView } from '../../core/status/firewall-view.ts';
import { approveCommand, type HeldRemovals } from '../../core/status/table-health.ts';
import { printable } from '../../core/syntax/wording.ts';
import type { ParsedFirewall } from '../../kubernetes/resources/parse.ts';

type TableDiff = {
  /** `edge-a vsys1`. */
  readonly subject: string;
  readonly isRead: boolean;
  /** Undefined: the table could not be read. Made when asked for: there may be a hundred thousand. */
  readonly changes: readonly PairChange[] | undefined;
  /** Why it could not be read, or what was said of it. */
  readonly finding: Finding | undefined;
  /** What a running operator holds, as its status tells. */
  readonly held: readonly Pick<HeldRemovals, 'plan' | 'addresses' | 'of'>[];
};

export type FirewallDiff = {
  readonly firewall: string;
  readonly tables: readonly TableDiff[];
  /** All that there are have been read, or have failed. */
  readonly isComplete: boolean;
};

/** As FirewallObject. */
type DiffedFirewall = {
  readonly parsed: ParsedFirewall;
  readonly worker:
    | {
        readonly tables: { readonly all: readonly DiffedTable[]; readonly mayHaveMore: boolean };
        view(): Shown;
      }
    | undefined;
};

type DiffedTable = {
  readonly ref: TableRef;
  readonly table: { readonly known: boolean; readonly changes: readonly PairChange[] | undefined };
};

type Shown = Pick<FirewallView, 'finding' | 'device' | 'tables' | 'departed'>;

const beingDeleted: Finding = {
  reason: 'Purging',
  message: 'the PanFirewall is being deleted: nothing is registered any more',
};
const left: Finding = {
  reason: 'Purging',
  message: 'it left spec.tables, and the operator unregisters what is ours in it',
};

/** What is known by now. */
export function firewallDiff({ parsed, worker }: DiffedFirewall): FirewallDiff {
  const firewall = parsed.meta.name;
  const notCompared = (finding: Finding | undefined, subject = firewall): TableDiff => {
    return { subject, isRead: false, changes: undefined, finding, held: [] };
  };
  const failed = (finding: Finding): FirewallDiff => {
    return { firewall, tables: [notCompared(finding)], isComplete: true };
  };
  if (!parsed.ok) return failed({ reason: 'InvalidSpec', message: parsed.problems });
  if (parsed.meta.deletingSince !== undefined) return failed(beingDeleted);
  if (worker === undefined) return { firewall, tables: [notCompared(undefined)], isComplete: false };
  const view = worker.view();
  const { all, mayHaveMore } = worker.tables;
  const shown = new Map(view.tables.map((table) => [tableKey(table.ref), table.view]));
  const former = new Map(parsed.status?.tables?.map((table) => [tableKey(table), table]));
  const subjectOf = (ref: TableRef) => `${firewall} ${tableName(ref)}`;
  const kept = all.map(({ ref, table }) => ({
    subject: subjectOf(ref),
    isRead: table.known,
    get changes() {
      return table.changes;
    },
    finding: table.known ? undefined : shown.get(tableKey(ref))?.failing,
    held: former.get(tableKey(ref))?.held ?? [],
  }));
  const stays = new Set([...all, ...(view.departed ?? [])].map(({ ref }) => tableKey(ref)));
  const mayPurge = purgeObstacle(parsed.settings) === undefined && !mayHaveMore;
  const isSame = parsed.status?.device?.serial === view.device?.serial;
  const leaving = [...former].flatMap(([key, { serial, vsys, state }]) => {
    const isPurged = state !== departed && !stays.has(key) && (isSame || serial !== undefined);
    return mayPurge && isPurged ? notCompared(left, subjectOf({ serial, vsys })) : [];
  });
  // What is wrong with device groups: there may be tables that are not known.
  const unknown = mayHaveMore || view.finding !== undefined ? [notCompared(view.finding)] : [];
  return {
    firewall,
    tables: [...kept, ...unknown, ...leaving],
    isComplete: !mayHaveMore && [...kept, ...unknown].every(isSettled),
  };
}

function isSettled({ isRead, finding }: TableDiff): boolean {
  return isRead || (finding !== undefined && finding.reason !== 'Progressing');
}

/** A headline, then a line a pair: `+ 10.20.6.21 k8s-prod.ns_shop.web`, `- ... (unclaimed; waits for the removal guard)`. */
export function* diffLines(
  { subject, changes, finding, held }: TableDiff,
  firewall: string,
): Generator<string> {
  if (changes === undefined) {
    const why = finding === undefined ? 'it was not read in time' : `${finding.reason}: ${finding.message}`;
    yield printable(`${subject}: not compared: ${why}`);
    return;
  }
  const register = changes.filter(({ kind }) => kind === 'register').length;
  yield `${subject}: ${register} to register, ${changes.length - register} to unregister`;
  for (const change of changes) yield changeLine(change);
  for (const { plan, addresses, of } of held)
    yield `held by the operator: plan ${plan}, ${addresses} of ${of} addresses; to let them go: ${approveCommand(firewall, plan)}`;
}

function changeLine(change: PairChange): string {
  if (change.kind === 'register') return printable(`+ ${change.address} ${change.tag}`);
  const { address, tag, cause, waitsFor } = change;
  const why = waitsFor === undefined ? cause : `${cause}; waits: ${waitsFor}`;
  return printable(`- ${address} ${tag} (${why})`);
}
