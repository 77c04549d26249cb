// The status of a PanFirewall, computed from its tables. Nothing in it moves while nothing changes.

import { type Finding, worst } from '../model/finding.ts';
import { type Condition, conditionsFor, type FoundCondition } from './conditions.ts';
import { firewallHealth, inItsName } from './firewall-health.ts';
import {
  departed,
  type DepartedTable,
  type DeviceStatus,
  type FirewallTableStatus,
  type FirewallView,
  type ShownTable,
} from './firewall-view.ts';
import { isFailure, tableHealth, wasReady } from './table-health.ts';
import { listedGroupOf, type TableEntry } from '../device/device-groups.ts';
import { tableFields } from '../model/table-ref.ts';

/** What a status is computed in: the object's generation, what the API server holds, and the time. */
export type StatusContext = {
  readonly generation: number;
  readonly previous: readonly FoundCondition[];
  /** Monotonic ms, for how long something has waited. */
  readonly now: number;
  /** RFC 3339, for lastTransitionTime. */
  readonly time: string;
};

export type FirewallStatus = {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly device?: DeviceStatus;
  readonly owned: number;
  readonly pending: number;
  readonly tables: readonly FirewallTableStatus[];
};

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
