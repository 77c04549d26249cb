// Health of one table: a condition reason and a sentence.

import { type Finding, worst } from '../model/finding.ts';
import type { FoundCondition } from './conditions.ts';
import type { ConditionReason } from '../model/model.ts';
import type { Outlook } from '../table/outlook.ts';

export type TableView = {
  /** The name of the PanFirewall, for commands. */
  readonly firewall: string;
  /** The last call failed, and none has succeeded since. */
  readonly failing: Finding | undefined;
  /** Why it is not kept equal to what is desired though nothing fails: Observing, Purging. */
  readonly aside?: Finding | undefined;
  /** Why nothing is written for now, though it is waited for. */
  readonly blocked?: Finding | undefined;
  /** The table has been read in full. */
  readonly known: boolean;
  readonly owned: number;
  readonly foreign: number;
  readonly pending: number;
  /** Oldest first. */
  readonly held: readonly HeldRemovals[];
  /** What passed the guard by itself, oldest first. */
  readonly guardWindow: readonly GuardWindowEntry[];
  /** What is known of the device's limits; absent where the table is not kept any more. */
  readonly limits?: LimitsView | undefined;
  /** In mode Observe, once the table has been read. */
  readonly plan?: Outlook | undefined;
  /** Somebody else claims the table; `silent`: nothing is written because of it. */
  readonly conflict: { readonly message: string; readonly silent: boolean } | undefined;
  /** What of the spec the device is not given though everything is registered: no policy waits for it. */
  readonly ungranted?: Finding | undefined;
  /** The shortest timeout that registrations may carry, in seconds; 0 or absent: none. */
  readonly timeoutSeconds?: number;
  /** What else a reader of the status should know, in sentences; no failures. */
  readonly notes: readonly string[];
  readonly refused: { readonly count: number; readonly example: string } | undefined;
  /** Monotonic ms. */
  readonly oldestPendingAt: number | undefined;
  readonly lastConfirmedAt: number;
};

type LimitsView = {
  /** Addresses that the device takes, in all tables, including other clients'; undefined: not known. */
  readonly capacity: number | undefined;
  /** Addresses that its tables hold, as far as they are kept. */
  readonly used: number;
  readonly notes: readonly string[];
  /** What limits keep out: CapacityExceeded, TagLimitExceeded. */
  readonly exceeded: readonly Finding[];
};

/** Removals that the guard holds until somebody approves them. */
export type HeldRemovals = {
  readonly plan: string;
  readonly addresses: number;
  /** Addresses with tags of ours at the start of the window in which it was held. */
  readonly of: number;
  /** Those with the most addresses first. `name` is absent where no object is meant. */
  readonly causes: readonly HeldCause[];
  /** `<address> <tag>`, the first of them. */
  readonly examples: readonly string[];
  /** RFC 3339. */
  readonly since: string;
};

export type HeldCause = {
  readonly kind: string;
  readonly name?: string | undefined;
  readonly change: string;
  readonly addresses: number;
};

/** Removals that passed the guard within one minute. */
export type GuardWindowEntry = {
  /** When the last of them passed, RFC 3339. */
  readonly at: string;
  readonly addresses: number;
  /** Addresses with tags of ours before the first of them passed. */
  readonly owned: number;
};

type TableHealth = {
  readonly finding: Finding;
  /** The table is not known, or changes wait longer than ordinary churn explains: nobody stays Ready. */
  readonly stuck: boolean;
};

/** A table that confirms nothing for this long though changes wait is stuck. */
const silenceLimitMs = 10_000;
/** One address that waits for this long makes its table stuck, whatever else moves. */
const waitLimitMs = 120_000;

export function tableHealth(table: TableView, now: number): TableHealth {
  const { failing, conflict, aside, ungranted } = table;
  const stuck = !table.known || conflict?.silent === true || isStuck(table, now);
  const ordinary = progress(table, stuck);
  const disputed: Finding | undefined = conflict && {
    reason: 'OwnershipConflict',
    message: conflict.message,
  };
  const named = [failing, disputed, aside, ungranted].filter((finding) => finding !== undefined);
  return { stuck, finding: worst([...named, ordinary]) ?? ordinary };
}

function isStuck({ oldestPendingAt, lastConfirmedAt, aside }: TableView, now: number): boolean {
  if (oldestPendingAt === undefined || aside !== undefined) return false;
  const silentSince = Math.max(oldestPendingAt, lastConfirmedAt);
  return now - silentSince > silenceLimitMs || now - oldestPendingAt > waitLimitMs;
}

/** Without counts, here as in all messages: those have fields of their own, with a pace of their own. */
function progress(table: TableView, stuck: boolean): Finding {
  if (!table.known) return { reason: 'Progressing', message: 'the table is being read for the first time' };
  if (table.held.length > 0) return { reason: 'RemovalsHeld', message: heldMessage(table) };
  const exceeded = worst(table.limits?.exceeded ?? []);
  if (exceeded !== undefined && table.aside === undefined) return exceeded;
  if (table.refused !== undefined) {
    const message = `the device refuses registrations, such as that of ${table.refused.example}`;
    return { reason: 'RegistrationRejected', message };
  }
  if (table.pending === 0) return { reason: 'InSync', message: 'in sync' };
  if (table.blocked !== undefined) return table.blocked;
  const message = stuck
    ? 'the device is slow to confirm changes; look at its load and its system log'
    : 'changes are being sent to the device';
  return { reason: 'Progressing', message };
}

/** So many plans are named; the others follow when these are decided. */
const namedPlans = 5;

function heldMessage({ firewall, held }: Pick<TableView, 'firewall' | 'held'>): string {
  const [oldest] = held;
  const ids = held.slice(0, namedPlans).map(({ plan }) => plan);
  const plans = held.length === 1 ? `plan ${ids.join()}` : `plans ${ids.join(', ')}`;
  const others = held.length > namedPlans ? ' and others' : '';
  const which = held.length === 1 ? 'it' : 'the oldest';
  return (
    `removals are held as ${plans}${others}, such as ${oldest?.examples[0] ?? ''}${becauseOf(oldest?.causes)}; look at ` +
    `status.tables[].held, then release ${which} with ${approveCommand(firewall, oldest?.plan ?? '')}, or undo what caused them`
  );
}

const changeWords: Readonly<Record<string, string>> = {
  edited: 'was edited',
  deleted: 'was deleted',
  missing: 'is missing from a list',
  unclaimed: 'tags that nobody claims',
};

/** ` (PanTagPolicy shop/web was deleted)`: what is behind most of a plan's addresses; '' where nothing is known. */
export function becauseOf(causes: readonly HeldCause[] | undefined): string {
  const [first, ...others] = causes ?? [];
  if (first === undefined) return '';
  const { kind, name, change } = first;
  const words = changeWords[change] ?? change;
  const nameless = change === 'missing' ? 'Pods are missing from a list' : words;
  const what = name === undefined ? nameless : `${kind} ${name} ${words}`;
  return ` (${what}${others.length > 0 ? ', and other causes' : ''})`;
}

/** To be pasted as it stands. */
export function approveCommand(firewall: string, plan: string): string {
  return `kubectl annotate panfw ${firewall} pantag.io/approve-removals=${plan}`;
}

/** InSync, NoPods and Progressing are ordinary life; everything else has a name, mostly that of a failure. */
export function isFailure(reason: ConditionReason): boolean {
  return reason !== 'InSync' && reason !== 'NoPods' && reason !== 'Progressing';
}

/** Ready was reached for this generation: ordinary churn does not take it away. */
export function wasReady(previous: readonly FoundCondition[], generation: number): boolean {
  return previous.some(
    ({ type, status, observedGeneration }) =>
      type === 'Ready' && status === 'True' && observedGeneration === generation,
  );
}
