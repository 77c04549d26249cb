// Events for changes of a PanFirewall's status: one for an outage, a conflict, or a held plan.

import type { FoundCondition } from './conditions.ts';
import { type EventNote, outageOf } from './event-note.ts';
import type { OutageReason } from '../model/model.ts';
import { approveCommand, becauseOf, type HeldCause } from './table-health.ts';
import { isUnnamed, tableKey, tableName } from '../model/table-ref.ts';

/** A PanFirewall's status as far as Events depend on it, as found or as written. */
export type FirewallEventStatus = {
  readonly conditions?: readonly FoundCondition[] | undefined;
  readonly tables?:
    | readonly {
        readonly serial?: string | undefined;
        readonly vsys?: string | undefined;
        readonly state: string;
        readonly message?: string | undefined;
        readonly held?: readonly HeldPlanStatus[] | undefined;
      }[]
    | undefined;
};

type HeldPlanStatus = {
  readonly plan: string;
  readonly addresses: number;
  readonly examples: readonly string[];
  readonly causes?: readonly HeldCause[] | undefined;
};

/** What Events have reported of a PanFirewall and still holds, so that nothing is reported twice. */
export type ReportedFirewall = {
  /** The reason that was reported. */
  readonly outage: OutageReason | undefined;
  readonly conflict: boolean;
  /** `<table> <plan>` of every held plan. */
  readonly plans: ReadonlySet<string>;
};

const conflict = 'OwnershipConflict';

/** What a predecessor has reported: as much as the object's status shows. */
export function reportedByFirewallStatus(found: FirewallEventStatus | undefined): ReportedFirewall {
  const words = findings(found ?? {}).map(({ reason }) => reason);
  const [outage] = words.flatMap((word) => outageOf(word) ?? []);
  return {
    outage,
    conflict: words.includes(conflict),
    plans: new Set(heldPlans(found ?? {}, '').keys()),
  };
}

/**
 * @param name of the PanFirewall, for commands.
 * @param known every table has been read since the operator or the spec last changed. Until then, what was going on
 *   goes on: that nothing is wrong while the first read is on its way does not end an outage.
 */
export function firewallEvents(
  reported: ReportedFirewall,
  status: FirewallEventStatus,
  { name, known }: { readonly name: string; readonly known: boolean },
): { readonly reported: ReportedFirewall; readonly events: readonly EventNote[] } {
  const found = findings(status);
  const outage = outageAmong(found);
  const clash = found.find(({ reason }) => reason === conflict);
  const plans = heldPlans(status, name);
  const isJudged = known && found[0]?.reason !== 'InvalidSpec';
  const next: ReportedFirewall = {
    outage: outage?.reason ?? (isJudged ? undefined : reported.outage),
    conflict: clash !== undefined || (reported.conflict && !isJudged),
    plans: new Set(isJudged ? plans.keys() : [...reported.plans, ...plans.keys()]),
  };
  const events: EventNote[] = [];
  if (clash !== undefined && !reported.conflict) events.push({ reason: conflict, note: clash.message });
  // One for an outage, and one more when its cause changes.
  if (outage !== undefined && outage.reason !== reported.outage) events.push(outage);
  else if (isOver(reported, next)) events.push({ reason: 'Recovered', note: 'the device works again' });
  for (const [plan, note] of plans) {
    if (!reported.plans.has(plan)) events.push({ reason: 'RemovalsHeld', note });
  }
  return { reported: next, events };
}

function isOver(before: ReportedFirewall, after: ReportedFirewall): boolean {
  return before.outage !== undefined && after.outage === undefined;
}

function outageAmong(found: readonly Finding[]): (EventNote & { readonly reason: OutageReason }) | undefined {
  for (const { reason, message } of found) {
    const outage = outageOf(reason);
    if (outage !== undefined) return { reason: outage, note: message };
  }
  return undefined;
}

type Finding = { readonly reason: string; readonly message: string };

/** Of the firewall as a whole first, then of its tables. */
function findings({ conditions = [], tables = [] }: FirewallEventStatus): Finding[] {
  const ready = conditions.find(({ type }) => type === 'Ready');
  const ofTables = tables.map(({ state, message = '' }) => ({ reason: state, message }));
  return ready === undefined ? ofTables : [ready, ...ofTables];
}

/** The note of each held plan, by table and plan. */
function heldPlans({ tables = [] }: FirewallEventStatus, firewall: string): Map<string, string> {
  return new Map(
    tables.flatMap(({ serial, vsys, held }) => {
      const ref = { serial, vsys };
      const place = isUnnamed(ref) ? '' : ` in ${tableName(ref)}`;
      return plansOf(held).map(({ plan, examples, causes }) => {
        const note =
          `the removals of plan ${plan}${place} are held, such as ${examples[0] ?? ''}${becauseOf(causes)}; look at ` +
          `status.tables[].held, then release them with ${approveCommand(firewall, plan)}, or undo what caused them`;
        return [`${tableKey(ref)} ${plan}`, note] as const;
      });
    }),
  );
}

/** A status that an earlier release wrote has one plan and no list. */
function plansOf(held: readonly HeldPlanStatus[] | undefined): readonly HeldPlanStatus[] {
  return Array.isArray(held) ? held : [];
}
