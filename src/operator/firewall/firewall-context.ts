// One PanFirewall as its parts see it: its object and spec as they are now, and what all PanFirewalls share.

import type { Desired } from '../../core/desired/desired.ts';
import type { Timing } from '../../core/model/timing.ts';
import type { Firewall } from '../../core/model/model.ts';
import { type WriteMode, writeModeOf } from '../../core/rights/write-mode.ts';
import type { TableClaim } from '../../core/rights/table-claims.ts';
import { adoptAnnotation, isFinalized } from '../../kubernetes/resources/api.ts';
import type { ObjectMeta } from '../../kubernetes/resources/object.ts';
import type { ParsedFirewall } from '../../kubernetes/resources/parse.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { ConnectionSettings, FirewallSettings, Secrets } from '../device/credentials.ts';
import type { Connection } from '../device/device-port.ts';
import type { ClusterKnowledge, TableObserver } from '../table/table-observer.ts';
import { type FormerTables, formerTables } from './former-tables.ts';

/** A PanFirewall whose spec can be acted on. */
export type ReadableFirewall = Extract<ParsedFirewall, { ok: true }>;

/** What the process gives to every PanFirewall. */
export type FirewallEnvironment = {
  /** Of this installation, for the mark of ownership. */
  readonly ownerId: string;
  /** @throws DeviceError when the settings cannot work. */
  readonly open: (firewall: string, settings: ConnectionSettings) => Connection;
  readonly observe: (meta: ObjectMeta, desired: Desired) => TableObserver;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly timing: Timing;
  /** Every PanFirewall is taken for one in Observe: nothing is written. Default: as its spec says. */
  readonly observeOnly?: boolean;
  /** Absent: changes of the tables are not told pair by pair. */
  readonly audit?: AuditLog | undefined;
};

/** The cluster, as far as the PanFirewalls depend on it. */
export type ClusterState = {
  readonly desired: Desired;
  readonly secrets: Secrets;
  /** Which tables each PanFirewall keeps, by its name. */
  readonly tableClaims: ReadonlyMap<string, TableClaim>;
  /** Makes known which tables a PanFirewall keeps; undefined: none any more. */
  putTableClaim(firewall: string, claim: TableClaim | undefined): void;
  knowledge(): ClusterKnowledge;
  /** The PanFirewall of this name as it was last seen; undefined: it is gone. */
  parsed(firewall: string): ParsedFirewall | undefined;
};

/** Getters change at any time: read each where it is used, and again after waiting. */
export class FirewallContext {
  readonly firewall: Firewall;
  readonly meta: ObjectMeta;
  readonly ownerId: string;
  readonly desired: Desired;
  readonly secrets: Secrets;
  readonly tableClaims: ReadonlyMap<string, TableClaim>;
  readonly observer: TableObserver;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly timing: Timing;
  readonly #environment: FirewallEnvironment;
  readonly #cluster: ClusterState;
  #settings: FirewallSettings;

  constructor(
    environment: FirewallEnvironment,
    cluster: ClusterState,
    { firewall, meta, settings }: ReadableFirewall,
  ) {
    this.#environment = environment;
    this.#cluster = cluster;
    this.firewall = firewall;
    this.meta = meta;
    this.#settings = settings;
    this.ownerId = environment.ownerId;
    this.desired = cluster.desired;
    this.secrets = cluster.secrets;
    this.tableClaims = cluster.tableClaims;
    this.observer = environment.observe(meta, cluster.desired);
    this.log = environment.log.child({ firewall: meta.name });
    this.now = environment.now;
    this.timing = environment.timing;
  }

  /** The spec that the worker goes by. A purge goes by its mode alone, so it says Observe where nothing is written. */
  get settings(): FirewallSettings {
    if (this.#environment.observeOnly !== true) return this.#settings;
    return { ...this.#settings, mode: 'Observe' };
  }

  set settings(settings: FirewallSettings) {
    this.#settings = settings;
  }

  get audit(): AuditLog | undefined {
    return this.#environment.audit;
  }

  get knowledge(): ClusterKnowledge {
    return this.#cluster.knowledge();
  }

  /** The object is being deleted, or gone. */
  get deleting(): boolean {
    const parsed = this.#parsed;
    return parsed === undefined || parsed.meta.deletingSince !== undefined;
  }

  /** Somebody asks to take another owner's place. */
  get adopting(): boolean {
    return this.#parsed?.meta.annotations.has(adoptAnnotation) === true;
  }

  /** How far the tables may be written. */
  get writeMode(): WriteMode {
    if (this.#environment.observeOnly === true) return 'observe';
    const parsed = this.#parsed;
    const { mode, deletionPolicy } = this.settings;
    const finalized = parsed !== undefined && isFinalized(parsed.meta);
    return writeModeOf({ mode, deletionPolicy, finalized, deleting: this.deleting });
  }

  /** What the status tells of a leader's tables: they may have left spec.tables since. */
  get former(): FormerTables | undefined {
    return formerTables(this.#parsed?.status);
  }

  putTableClaim(claim: TableClaim | undefined): void {
    this.#cluster.putTableClaim(this.firewall.name, claim);
  }

  open(settings: ConnectionSettings): Connection {
    return this.#environment.open(this.firewall.name, settings);
  }

  get #parsed(): ParsedFirewall | undefined {
    return this.#cluster.parsed(this.firewall.name);
  }
}
