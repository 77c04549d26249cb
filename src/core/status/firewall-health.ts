// Reduces the health of a PanFirewall's tables to one finding, for its own status and for its policies.

import { type Finding, worst } from '../model/finding.ts';
import type { ConditionReason } from '../model/model.ts';
import { isUnnamed, type TableRef, tableName } from '../model/table-ref.ts';
import type { FirewallView, ShownTable } from './firewall-view.ts';
import { isFailure, tableHealth } from './table-health.ts';

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
export function inItsName(ref: TableRef, { reason, message }: Finding): Finding {
  return { reason, message: isUnnamed(ref) ? message : `${tableName(ref)}: ${message}` };
}

const connecting: Finding = { reason: 'Progressing', message: 'connecting to the device' };

/** Another policy's address that is refused or left out is not this policy's failure, and what is held still stands. */
const ofOthers: ReadonlySet<ConditionReason> = new Set([
  'RemovalsHeld',
  'CapacityExceeded',
  'TagLimitExceeded',
  'RegistrationRejected',
]);

const fine: Finding = { reason: 'InSync', message: '' };

/** What of a firewall's health its policies may show: while this stays, so do they. */
export function seenByPolicies({ finding, stuck, aside }: FirewallHealth): Required<FirewallHealth> {
  const { reason } = finding;
  // A table whose owner is contested goes on registering; one that we are shut out of is stuck.
  const disputed = reason === 'OwnershipConflict' && !stuck;
  const isTheirs = isFailure(reason) ? !ofOthers.has(reason) && !disputed : stuck && reason === 'Progressing';
  return { finding: isTheirs && aside === undefined ? finding : fine, stuck, aside };
}
