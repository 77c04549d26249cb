// A PanFirewall as its status is computed from: its device, its tables, and what keeps the whole from working.

import type { TableEntry } from '../device/device-groups.ts';
import type { Finding } from '../model/finding.ts';
import type { ConditionReason } from '../model/model.ts';
import type { Outlook } from '../table/outlook.ts';
import type { GuardWindowEntry, HeldRemovals, TableView } from './table-health.ts';

export type DeviceStatus = { readonly model: string; readonly serial: string; readonly swVersion: string };

export type FirewallTableStatus = {
  readonly serial?: string | undefined;
  readonly vsys?: string | undefined;
  readonly deviceGroup?: string | undefined;
  readonly listedGroup?: string | undefined;
  readonly state: ConditionReason | typeof departed;
  readonly owned: number;
  readonly foreign: number;
  readonly pending: number;
  readonly capacity?: number;
  readonly held?: readonly HeldRemovals[];
  readonly guardWindow?: readonly GuardWindowEntry[] | undefined;
  readonly plan?: Outlook;
  readonly registrationTimeoutSeconds?: number | undefined;
  readonly establishedOn?: string | undefined;
  readonly establishedEndpoint?: string | undefined;
  readonly message?: string;
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
