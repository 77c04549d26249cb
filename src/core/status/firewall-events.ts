// Events for changes of a PanFirewall's status: one for an outage, a conflict, or a held plan.

import type { FoundCondition } from './conditions.ts';
import { type EventNote, outageOf } from './event-note.ts';
import type { OutageReason } from '../model/model.ts';
import { approveCommand } from './table-health.ts';
import { isUnnamed, tableKey, tableName } from '../model/table-ref.ts';

/** A PanFirewall's status as far as Events depend on it, as found or as written. */
export type ToldFirewallStatus = {
  readonly conditions?: readonly FoundCondition[] | undefined;
  readonly tables?:
    | readonly {
        readonly serial?: string | undefined;
        readonly vsys?: string | undefined;
        readonly state: string;
        readonly message?: string | undefined;
        readonly held?: readonly ToldPlan[] | undefined;
      }[]
    | undefined;
};

type ToldPlan = {
  readonly plan: string;
  readonly addresses: number;
  readonly examples: readonly string[];
};

/** What is going on, and has been told. */
export type FirewallStory = {
  /** What it was told as. */
  readonly outage: OutageReason | undefined;
  readonly conflict: boolean;
  /** `<table> <plan>` of every held plan. */
  readonly plans: ReadonlySet<string>;
};

const conflict = 'OwnershipConflict';

/** What has been told by a predecessor: as much as the object's status shows. */
export function foundFirewallStory(found: ToldFirewallStatus | undefined): FirewallStory {
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
  story: FirewallStory,
  status: ToldFirewallStatus,
  { name, known }: { readonly name: string; readonly known: boolean },
): { readonly story: FirewallStory; readonly events: readonly EventNote[] } {
  const found = findings(status);
  const outage = outageAmong(found);
  const clash = found.find(({ reason }) => reason === conflict);
  const plans = heldPlans(status, name);
  const isJudged = known && found[0]?.reason !== 'InvalidSpec';
  const next: FirewallStory = {
    outage: outage?.reason ?? (isJudged ? undefined : story.outage),
    conflict: clash !== undefined || (story.conflict && !isJudged),
    plans: new Set(isJudged ? plans.keys() : [...story.plans, ...plans.keys()]),
  };
  const events: EventNote[] = [];
  if (clash !== undefined && !story.conflict) events.push({ reason: conflict, note: clash.message });
  // One for an outage, and one more when its cause changes.
  if (outage !== undefined && outage.reason !== story.outage) events.push(outage);
  else if (isOver(story, next)) events.push({ reason: 'Recovered', note: 'the device works again' });
  for (const [plan, note] of plans) {
    if (!story.plans.has(plan)) events.push({ reason: 'RemovalsHeld', note });
  }
  return { story: next, events };
}

function isOver(before: FirewallStory, after: FirewallStory): boolean {
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
function findings({ conditions = [], tables = [] }: ToldFirewallStatus): Finding[] {
  const ready = conditions.find(({ type }) => type === 'Ready');
  const ofTables = tables.map(({ state, message = '' }) => ({ reason: state, message }));
  return ready === undefined ? ofTables : [ready, ...ofTables];
}

/** What a held plan is told as, by its name. */
function heldPlans({ tables = [] }: ToldFirewallStatus, firewall: string): Map<string, string> {
  return new Map(
    tables.flatMap(({ serial, vsys, held }) => {
      const ref = { serial, vsys };
      const place = isUnnamed(ref) ? '' : ` in ${tableName(ref)}`;
      return plansOf(held).map(({ plan, examples }) => {
        const note =
          `the removals of plan ${plan}${place} are held, such as ${examples[0] ?? ''}; look at ` +
          `status.tables[].held, then release them with ${approveCommand(firewall, plan)}, or undo what caused them`;
        return [`${tableKey(ref)} ${plan}`, note] as const;
      });
    }),
  );
}

/** A status that an earlier release wrote has one plan and no list. */
function plansOf(held: readonly ToldPlan[] | undefined): readonly ToldPlan[] {
  return Array.isArray(held) ? held : [];
}
