// The status of a PanFirewall, computed from its tables. Nothing in it moves while nothing changes.

import { type Finding, worst } from '../model/finding.ts';
import { type Condition, conditionsFor, type FoundCondition } from './conditions.ts';
import type { ConditionReason } from '../model/model.ts';
import type { Outlook } from '../table/outlook.ts';
import {
  type GuardWindowEntry,
  type HeldRemovals,
  isFailure,
  type TableView,
  tableHealth,
  wasReady,
} from './table-health.ts';
import { listedGroupOf, type TableEntry } from '../device/device-groups.ts';
import { isUnnamed, type TableRef, tableFields, tableName } from '../model/table-ref.ts';

/** What a status is computed in: the object's generation, what the API server holds, and the time. */
export type StatusContext = {
  readonly generation: number;
  readonly previous: readonly FoundCondition[];
  /** Monotonic ms, for how long something has waited. */
  readonly now: number;
  /** RFC 3339, for lastTransitionTime. */
  readonly time: string;
};

type DeviceStatus = { readonly model: string; readonly serial: string; readonly swVersion: string };

type FirewallTableStatus = {
  readonly serial?: string;
  readonly vsys?: string;
  readonly deviceGroup?: string;
  readonly listedGroup?: string;
  readonly state: ConditionReason | typeof departed;
  readonly owned: number;
  readonly foreign: number;
  readonly pending: number;
  readonly capacity?: number;
  readonly held?: readonly HeldRemovals[];
  readonly guardWindow?: readonly GuardWindowEntry[];
  readonly plan?: Outlook;
  readonly registrationTimeoutSeconds?: number;
  readonly establishedOn?: string;
  readonly establishedEndpoint?: string;
  readonly message?: string;
};

export type FirewallStatus = {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly device?: DeviceStatus;
  readonly owned: number;
  readonly pending: number;
  readonly tables: readonly FirewallTableStatus[];
};

export type FirewallView = {
  /** What keeps the firewall as a whole from working, such as a missing Secret. */
  readonly finding: Finding | undefined;
  /** Set while policies do not count this firewall: it is in Observe, or being deleted. */
  readonly aside?: Finding | undefined;
  /** What is wrong though nothing fails. */
  readonly note?: string | undefined;
  readonly device: DeviceStatus | undefined;
  readonly tables: readonly ShownTable[];
  /** Those that were taken out of the spec and are being purged: no policy waits for them. */
  readonly leaving?: readonly ShownTable[];
  /** Those whose firewalls have left their device groups: what is in them is left as it is. */
  readonly departed?: readonly DepartedTable[];
  /** There may be tables that nobody has looked for yet. */
  readonly open?: boolean;
  /** false: nobody keeps its tables, as its spec cannot be read; `former` are those of the status before. */
  readonly started?: boolean;
  readonly former?: readonly FirewallTableStatus[];
  /** It is being deleted, and its finalizer waits for the purge, until then (RFC 3339). */
  readonly farewell?: { readonly name: string; readonly until: string } | undefined;
};

export type ShownTable = {
  readonly ref: TableEntry;
  readonly view: TableView;
  /** The device of which this PanFirewall has kept the table: see TableClaim.established. */
  readonly establishedOn?: string | undefined;
  /** spec.endpoint at the time. */
  readonly establishedEndpoint?: string | undefined;
};

/** The state of a table whose firewall has left its device group: it is not kept, and no reason of a condition. */
export const departed = 'Departed';

export type DepartedTable = {
  readonly ref: TableEntry;
  /** As they were when it left. */
  readonly owned: number;
  readonly foreign: number;
};

/** What policies need to know of a firewall: is it failing, and do its changes get through? See TableHealth. */
export type FirewallHealth = {
  readonly finding: Finding;
  readonly stuck: boolean;
  /** As in FirewallView. */
  readonly aside?: Finding | undefined;
};

/**
 * As policies see it. A table whose device is a passive HA peer is not waited for; where there is no other one, the
 * firewall as a whole is not.
 */
export function healthForPolicies(view: FirewallView, now: number): FirewallHealth {
  const counting = view.tables.filter((table) => !isPassivePeer(table)).map(asRegistered);
  if (counting.length > 0) return firewallHealth({ ...view, tables: counting }, now);
  const health = firewallHealth(view, now);
  return { ...health, aside: health.aside ?? view.tables[0]?.view.failing };
}

function asRegistered({ ref, view }: ShownTable): ShownTable {
  return { ref, view: { ...view, ungranted: undefined } };
}

function isPassivePeer({ view }: ShownTable): boolean {
  return view.failing?.reason === 'PassivePeer';
}

export function firewallHealth({ finding, aside, tables }: FirewallView, now: number): FirewallHealth {
  const general = [finding, aside].filter((one) => one !== undefined);
  if (tables.length === 0) return { stuck: true, finding: worst(general) ?? connecting, aside };
  const healths = tables.map(({ ref, view }) => ({ ref, ...tableHealth(view, now) }));
  const findings = healths
    .sort((a, b) => Number(b.stuck) - Number(a.stuck))
    .map(({ ref, finding }) => (tables.length === 1 ? finding : inItsName(ref, finding)));
  return {
    stuck: healths.some(({ stuck }) => stuck),
    finding: worst([...general, ...findings]) ?? connecting,
    aside,
  };
}

/** With several tables it has to be told which one is meant. */
function inItsName(ref: TableRef, { reason, message }: Finding): Finding {
  return { reason, message: isUnnamed(ref) ? message : `${tableName(ref)}: ${message}` };
}

const connecting: Finding = { reason: 'Progressing', message: 'connecting to the device' };

export function firewallStatus(view: FirewallView, context: StatusContext): FirewallStatus {
  const { generation, previous, now, time } = context;
  const tables = [
    ...[...view.tables, ...(view.leaving ?? [])].map((table) => tableStatus(table, now)),
    ...(view.departed ?? []).map(departedStatus),
    ...(view.former ?? []),
  ];
  return {
    observedGeneration: generation,
    conditions: conditionsFor({ finding: firewallFinding(view, context), generation, previous, now: time }),
    ...(view.device === undefined ? {} : { device: view.device }),
    owned: tables.reduce((sum, table) => sum + table.owned, 0),
    pending: tables.reduce((sum, table) => sum + table.pending, 0),
    tables,
  };
}

function firewallFinding(view: FirewallView, context: StatusContext): Finding {
  const kept = keptFinding(view, context);
  const leaving = (view.leaving ?? []).map(({ ref, view: table }) =>
    inItsName(ref, tableHealth(table, context.now).finding),
  );
  return withFarewell(worst([kept, ...leaving]) ?? kept, view.farewell);
}

/** What a waiting purge leaves, until when, and how to remove the finalizer. */
function withFarewell({ reason, message }: Finding, farewell: FirewallView['farewell']): Finding {
  if (farewell === undefined) return { reason, message };
  const { name, until } = farewell;
  const words =
    `the PanFirewall is being deleted: its tags (status.owned) are unregistered until ${until}, then the ` +
    `finalizer is removed and what is left stays on the device; to remove the finalizer now: kubectl patch panfw ${name} --type=merge -p '{"metadata":{"finalizers":null}}'`;
  return { reason, message: `${message}; ${words}` };
}

function keptFinding(view: FirewallView, { generation, previous, now }: StatusContext): Finding {
  const { finding, stuck } = firewallHealth(view, now);
  const churn = finding.reason === 'Progressing' && !stuck && wasReady(previous, generation);
  if (finding.reason !== 'InSync' && !churn) return finding;
  const count = view.tables.length;
  const inSync = count === 1 ? 'the table is in sync' : `${count} tables in sync`;
  return { reason: 'InSync', message: view.note === undefined ? inSync : `${inSync}; ${view.note}` };
}

/** A status has to stay small; the others follow when these are decided. */
const shownPlans = 10;

function tableStatus(shown: ShownTable, now: number): FirewallTableStatus {
  const { ref, view: table, establishedOn, establishedEndpoint } = shown;
  const { reason, message: failure } = tableHealth(table, now).finding;
  const message = [
    ...(isFailure(reason) ? [failure] : []),
    ...table.notes,
    ...(table.limits?.notes ?? []),
  ].join('; ');
  const { owned, foreign, pending, held, guardWindow, plan, timeoutSeconds = 0 } = table;
  const capacity = table.limits?.capacity;
  return {
    ...entryFields(ref),
    state: reason,
    owned,
    foreign,
    pending,
    ...(capacity === undefined ? {} : { capacity }),
    ...(held.length === 0 ? {} : { held: held.slice(0, shownPlans) }),
    ...(guardWindow.length === 0 ? {} : { guardWindow }),
    ...(plan === undefined ? {} : { plan }),
    ...(timeoutSeconds === 0 ? {} : { registrationTimeoutSeconds: timeoutSeconds }),
    ...(establishedOn === undefined ? {} : { establishedOn }),
    ...(establishedEndpoint === undefined ? {} : { establishedEndpoint }),
    ...(message === '' ? {} : { message }),
  };
}

function departedStatus({ ref, owned, foreign }: DepartedTable): FirewallTableStatus {
  const message =
    `the firewall has left the device group ${listedGroupOf(ref)}: its tags stay as they are until it returns; to ` +
    'remove them, list its serial in spec.tables, then take it out again';
  return { ...entryFields(ref), state: departed, owned, foreign, pending: 0, message };
}

function entryFields({ deviceGroup, listedGroup, ...ref }: TableEntry) {
  return {
    ...tableFields(ref),
    ...(deviceGroup === undefined ? {} : { deviceGroup }),
    ...(listedGroup === undefined ? {} : { listedGroup }),
  };
}
