// The port of what runs a table, a worker or a purge: what it sees of spec, cluster and device as they are now, and what it answers.

import type { PurgeOutcome } from '../../core/lifecycle/farewell.ts';
import type { TableView } from '../../core/status/table-health.ts';
import type { WindowCount } from '../../core/removals/guard-window.ts';
import type { Owner } from '../../core/rights/ownership.ts';
import type { WriteMode } from '../../core/rights/write-mode.ts';
import type { Precedence } from '../../core/rights/table-claims.ts';
import type { Timing } from '../../core/model/timing.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { FirewallSettings } from '../device/credentials.ts';
import type { Connection } from '../device/device-port.ts';
import type { ClusterKnowledge, TableObserver } from './table-observer.ts';

/** Getters change at any time: read each where it is used, and again after waiting. */
export type TableContext = {
  /** The name of the PanFirewall. */
  readonly name: string;
  readonly ref: TableRef;
  /** Ourselves, as the mark in the table names us. */
  readonly self: Owner;
  readonly settings: FirewallSettings;
  /** How far the spec lets the table be written; a message on its way is not touched when it changes. */
  readonly writeMode: WriteMode;
  /** Somebody asks to take another owner's place: what nobody claims is held meanwhile, whatever its number. */
  readonly adopting: boolean;
  readonly knowledge: ClusterKnowledge;
  /** May this table be written to, as far as our other PanFirewalls go? */
  readonly precedence: Precedence;
  /** PAN-OS of the table's device, as it last said; undefined: it has not said yet. */
  readonly swVersion: string | undefined;
  readonly former: FormerTable;
  /** Our mark stands on the table; told at each look. */
  readonly marked: () => void;
  /** The connection, with the device known; throws DeviceError while there is none. */
  readonly connect: (signal: AbortSignal) => Promise<Connection>;
  readonly observer: TableObserver;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly timing: Timing;
};

/** What the status tells of an earlier leader's writing to the table. */
export type FormerTable = {
  /** The shortest timeout that a registration may carry, in seconds; 0: none. */
  readonly timeoutSeconds: number;
  /** What passed the guard, monotonic ms. */
  readonly guardWindow: readonly WindowCount[];
};

/** Has a table to itself while it runs: a worker that keeps it, or a purge that empties it. */
export type TableRunner = {
  /** Until the signal, or until it is over; a message in flight is allowed to end, unless `lost` aborts. Never rejects for a device's sake. */
  run(signal: AbortSignal, lost: AbortSignal): Promise<void>;
  /** Credentials, trust or settings changed: what failed may work now. */
  retryNow(): void;
  view(): TableView;
  /** Monotonic ms: until then a message of it, or of one before it, may still take effect. */
  readonly unsureUntil: number;
  /** What became of the purge; undefined while it goes on, and of a worker that keeps its table. */
  readonly outcome: PurgeOutcome | undefined;
  /** What keeps a purge from being completed; undefined of a worker that keeps its table. */
  readonly obstacle: string | undefined;
};
