// State of one table for the status, from the table, its ownership mark and the last failure.

import type { Finding } from '../../core/model/finding.ts';
import { conflictOf, mayWrite } from '../../core/rights/ownership.ts';
import type { HeldPlan } from '../../core/removals/removal-guard.ts';
import type { WriteMode } from '../../core/rights/write-mode.ts';
import type { TableFacts } from '../../core/table/table-facts.ts';
import type { Contradiction, Precedence } from '../../core/rights/table-claims.ts';
import type { HeldRemovals, TableView } from '../../core/status/table-health.ts';
import { wallClock } from '../leadership/wall-clock.ts';
import type { TableLimits } from '../limits/limited-device.ts';
import { limitsView } from '../limits/limits-view.ts';
import type { Marker } from './marker.ts';
import type { ReadingNotes } from './table-reader.ts';

type ViewParts = {
  /** The name of the PanFirewall. */
  readonly firewall: string;
  readonly table: TableFacts;
  readonly marker: Marker;
  readonly precedence: Precedence;
  readonly writeMode: WriteMode;
  readonly failing: Finding | undefined;
  readonly reading: ReadingNotes;
  readonly limited: Pick<TableLimits, 'limits' | 'tally' | 'refresh'>;
};

const observing: Finding = {
  reason: 'Observing',
  message:
    'spec.mode is Observe: nothing is written; review status.tables[].plan, then set spec.mode to Enforce to apply it',
};

const unprotected: Finding = {
  reason: 'Progressing',
  message:
    'waiting for finalizer pantag.io/purge before writing; if it stays missing, find the cause in the ' +
    "operator's log (RBAC, an admission webhook, or a GitOps tool that removes it)",
};
const deleting: Finding = {
  reason: 'Purging',
  message: 'the PanFirewall is being deleted: nothing more is registered',
};

/** Why a table is not kept equal to what is desired though nothing fails; undefined when it is. */
export function asideOf(writeMode: WriteMode): Finding | undefined {
  return { enforce: undefined, observe: observing, unprotected: undefined, deleting }[writeMode];
}

/** Why nothing is written for now, though policies wait for it. */
function blockedBy(writeMode: WriteMode): Finding | undefined {
  return writeMode === 'unprotected' ? unprotected : undefined;
}

export function tableView(facts: ViewParts): TableView {
  const { firewall, table, marker, writeMode, failing, reading, limited } = facts;
  // First, as it may move what is pending. The table itself does so before a message, and sends none while its device is away.
  limited.refresh();
  const limits = limitsView(limited);
  return {
    firewall,
    failing,
    aside: asideOf(writeMode),
    blocked: blockedBy(writeMode),
    plan: writeMode === 'observe' ? table.outlook : undefined,
    known: table.known,
    owned: table.owned,
    foreign: table.foreign,
    pending: table.pending,
    held: table.held.map(heldRemovals),
    guardWindow: table.guardWindow.map(({ at, addresses, owned }) => ({
      at: wallClock(at),
      addresses,
      owned,
    })),
    limits,
    conflict: conflict(facts),
    notes: [
      ...contradictionNotes(facts),
      ...notes(table, reading),
      ...(writeMode === 'unprotected' ? [unprotected.message] : []),
    ],
    refused: refused(table, marker),
    ungranted: table.timeouts.finding,
    timeoutSeconds: table.timeouts.outstanding,
    oldestPendingAt: table.oldestPendingAt,
    lastConfirmedAt: table.lastConfirmedAt,
  };
}

function conflict({ firewall, marker, precedence }: ViewParts): TableView['conflict'] {
  if (precedence.kind === 'taken') {
    const { by, byYounger, unanswered, contradiction } = precedence;
    if (unanswered) return { message: unansweredWords(by, contradiction), silent: true };
    const message =
      `PanFirewall ${by}, which ${byYounger ? 'kept it before' : 'is older'}, keeps the same table of the same device under an ` +
      'overlapping tagPrefix: nothing is written; delete one of the two, or give this one a prefix of its own' +
      (contradiction === undefined ? '' : `; ${contradictionWords(contradiction)}`);
    return { message, silent: true };
  }
  const message = conflictOf(marker.ownership, firewall);
  return message === undefined ? undefined : { message, silent: !mayWrite(marker.ownership) };
}

/** Nobody has the table for now. */
function unansweredWords(by: string, contradiction: Contradiction | undefined): string {
  const where = contradiction?.other.endpoint ?? 'its endpoint';
  const here =
    contradiction === undefined
      ? ''
      : `; the device at ${contradiction.endpoint} says it is ${contradiction.identity}, which ${where} was when it last answered`;
  return (
    `PanFirewall ${by} kept the same table before, under an overlapping tagPrefix, and ${where} gives no answer: nothing is ` +
    `written; fix the connection of PanFirewall ${by}, delete one of the two, or give this one a prefix of its own${here}`
  );
}

/** Of a table that is ours, whatever the other device says. */
function contradictionNotes({ precedence }: ViewParts): readonly string[] {
  if (precedence.kind !== 'ours' || precedence.contradiction === undefined) return [];
  const { other } = precedence.contradiction;
  return [
    `PanFirewall ${other.firewall} may not write, this one continues: ${contradictionWords(precedence.contradiction)}`,
  ];
}

/** What is known, and what to check. */
function contradictionWords({ identity, endpoint, other }: Contradiction): string {
  return (
    `${endpoint} and ${other.endpoint} (PanFirewall ${other.firewall}) both lead to a device that says it is ${identity}: if they ` +
    'are two devices, compare the serials that show system info prints on the console of each, and disconnect the one with ' +
    'the wrong serial'
  );
}

function notes(table: TableFacts, { learned, shared, unreadable }: ReadingNotes): readonly string[] {
  const found: string[] = [];
  const waiting = table.waitingExample;
  if (waiting !== undefined)
    found.push(`removals wait, such as ${waiting.address} ${waiting.tag}: ${waiting.why}`);
  if (learned !== undefined)
    found.push(
      `tags under our prefix that the device learned from an agent stay, such as those of ${learned}`,
    );
  if (shared !== undefined)
    found.push(
      `tags that we registered were also learned from an agent, such as those of ${shared}: they stay for as long as ` +
        'the agent reports them',
    );
  if (unreadable !== undefined)
    found.push(
      `the entry of ${unreadable} cannot be read, its tags are unknown: rename the tag on it that the device does ` +
        'not escape, such as one with < or &',
    );
  return found;
}

function refused(table: TableFacts, { refusal }: Marker): TableView['refused'] {
  const [address] = table.refusals.addresses();
  if (address !== undefined)
    return {
      count: table.refusals.size,
      example: `${address}: ${table.refusals.messageOf(address) ?? ''}`,
    };
  return refusal && { count: 1, example: `${refusal.address}, the ownership mark: ${refusal.message}` };
}

function heldRemovals({ id, since, summary }: HeldPlan): HeldRemovals {
  const { addresses, of, origins, examples } = summary;
  const causes = origins.map(({ kind, name, change, addresses: count }) => ({
    kind,
    ...(name === '' ? {} : { name }),
    change,
    addresses: count,
  }));
  return { plan: id, addresses, of, causes, examples, since: wallClock(since) };
}
