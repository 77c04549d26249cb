// Options of a table worker: its table, the current settings, and the connection to the device.

import type { WindowCount } from '../../core/removals/guard-window.ts';
import type { Owner } from '../../core/rights/ownership.ts';
import type { LeaseTerms } from '../../core/timeouts/registration-leases.ts';
import type { GuardLimits } from '../../core/removals/removal-guard.ts';
import type { Stance } from '../../core/rights/stance.ts';
import type { DesiredTags } from '../../core/table/table.ts';
import type { Precedence } from '../../core/rights/table-claims.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Connection } from '../device/device-port.ts';
import type { TableLimits } from '../limits/firewall-limits.ts';
import type { ClusterKnowledge, TableObserver } from './table-observer.ts';

export type TableWorkerOptions = {
  /** The name of the PanFirewall. */
  readonly name: string;
  readonly ref: TableRef;
  /** Ourselves, as the mark in the table names us. */
  readonly self: Owner;
  readonly desired: DesiredTags;
  /** Everything that the cluster's side knows of an address, for the log. Absent: nothing. */
  readonly explainDesired?: (address: string) => unknown;
  readonly fullIntervalMs: () => number;
  readonly markerIntervalMs: () => number;
  readonly guard: () => GuardLimits;
  /** What timeout registrations are to carry, once the device is known. */
  readonly leases: () => LeaseTerms;
  /** The shortest timeout that an earlier leader may have given, in seconds; 0: none. */
  readonly formerTimeoutSeconds: () => number;
  /** What passed the guard under earlier leaders, as the status tells it by now; monotonic ms. Absent: nothing. */
  readonly formerGuardWindow?: () => readonly WindowCount[];
  /** How far the table may be written; a message on its way is not touched when it changes. */
  readonly stance: () => Stance;
  /** Somebody asks to take another owner's place: what nobody claims is held meanwhile, whatever its number. */
  readonly adopting?: () => boolean;
  /** May this table be written to, as far as our other PanFirewalls go? */
  readonly precedence: () => Precedence;
  /** Our mark stands on the table; told at each look. */
  readonly marked: () => void;
  /** The connection, with the device known; throws DeviceFailure while there is none. */
  readonly connect: (signal: AbortSignal) => Promise<Connection>;
  readonly knowledge: () => ClusterKnowledge;
  /** Of the device that has the table. */
  readonly limits: TableLimits;
  readonly observer: TableObserver;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
};
