// Report of the command diff: what separates each table of a PanFirewall from what the policies want.

import type { Finding } from '../../core/model/finding.ts';
import type { PairChange } from '../../core/table/outlook.ts';
import { tableName } from '../../core/model/table-ref.ts';
import { approveCommand, type HeldRemovals } from '../../core/status/table-health.ts';
import type { FirewallObject } from '../cluster/firewall-objects.ts';

type TableDiff = {
  /** `edge-a vsys1`. */
  readonly subject: string;
  /** Undefined: the table could not be read. */
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

/** What is known by now. */
export function firewallDiff({ parsed, worker }: FirewallObject): FirewallDiff {
  const firewall = parsed.meta.name;
  const failed = (finding: Finding): FirewallDiff => ({
    firewall,
    tables: [{ subject: firewall, changes: undefined, finding, held: [] }],
    isComplete: true,
  });
  if (!parsed.ok) return failed({ reason: 'InvalidSpec', message: parsed.problems });
  if (worker === undefined) return { firewall, tables: [], isComplete: false };
  const view = worker.view();
  const kept = worker.tables.all.map(({ ref, table }, index): TableDiff => {
    const failing = view.tables[index]?.view.failing ?? view.finding;
    const held = parsed.status?.tables?.[index]?.held ?? [];
    return {
      subject: `${firewall} ${tableName(ref)}`,
      changes: table.changes,
      finding: table.known ? undefined : failing,
      held,
    };
  });
  const isRead = kept.every(({ changes, finding }) => changes !== undefined || isFinal(finding));
  if (kept.length === 0 && isFinal(view.finding)) return failed(view.finding);
  return { firewall, tables: kept, isComplete: kept.length > 0 && !worker.tables.mayHaveMore && isRead };
}

function isFinal(finding: Finding | undefined): finding is Finding {
  return finding !== undefined && finding.reason !== 'Progressing';
}

/** A headline, then a line a pair: `+ 10.20.6.21 k8s-prod.ns_shop.web`, `- ... (unclaimed; waits for the removal guard)`. */
export function* diffLines(
  { subject, changes, finding, held }: TableDiff,
  firewall: string,
): Generator<string> {
  if (changes === undefined) {
    yield `${subject}: not compared: ${finding === undefined ? 'it was not read in time' : `${finding.reason}: ${finding.message}`}`;
    return;
  }
  const register = changes.filter(({ kind }) => kind === 'register').length;
  yield `${subject}: ${register} to register, ${changes.length - register} to unregister`;
  for (const change of changes) yield changeLine(change);
  for (const { plan, addresses, of } of held)
    yield `held by the operator: plan ${plan}, ${addresses} of ${of} addresses; to let them go: ${approveCommand(firewall, plan)}`;
}

function changeLine(change: PairChange): string {
  if (change.kind === 'register') return `+ ${change.address} ${change.tag}`;
  const { address, tag, cause, waitsFor } = change;
  return `- ${address} ${tag} (${waitsFor === undefined ? cause : `${cause}; waits: ${waitsFor}`})`;
}
