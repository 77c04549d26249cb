// One PanFirewall: its connection, its device, and a worker for each of its tables.

import { type Finding, worst } from '../../core/model/finding.ts';
import type { AddressChange } from '../../core/model/address-change.ts';
import type { EventNote } from '../../core/status/event-note.ts';
import type { FirewallView, ShownTable } from '../../core/status/firewall-view.ts';
import { type PurgeOutcome, together } from '../../core/lifecycle/farewell.ts';
import { deviceIdentity } from '../../core/rights/table-claims.ts';
import type { FirewallSettings } from '../device/credentials.ts';
import { FirewallDevices, type MetDevice } from '../device/firewall-devices.ts';
import { OwnTableClaim } from './own-table-claim.ts';
import {
  type ClusterState,
  FirewallContext,
  type FirewallEnvironment,
  type ReadableFirewall,
} from './firewall-context.ts';
import type { FirewallTask } from './firewall-task.ts';
import { FirewallLimits } from '../limits/firewall-limits.ts';
import { type OpenWork, openWork } from '../../core/status/open-work.ts';
import { TableFactory } from './table-factory.ts';
import { TableSet } from './table-set.ts';
import { TableWorkers } from './table-workers.ts';
import { asideOf } from '../table/table-view.ts';
import type { Term } from '../leadership/term.ts';

export class FirewallWorker {
  readonly #context: FirewallContext;
  readonly #claim: OwnTableClaim;
  readonly #devices: FirewallDevices;
  /** What its devices take, and what is out because of it. */
  readonly limits: FirewallLimits;
  /** The tables that it keeps. */
  readonly tables: TableWorkers;
  readonly #tableSet: TableSet;
  readonly #tasks: readonly FirewallTask[];
  #leads = false;

  constructor(context: FirewallContext) {
    this.#context = context;
    const { firewall, desired, observer, log, timing } = context;
    this.#claim = new OwnTableClaim(context, () => this.#tableSet.claimed);
    this.#devices = new FirewallDevices(context, {
      met: (device, before) => this.#met(device, before),
      unmet: () => this.#claim.make('unknown'),
      noted: () => observer.changed(),
    });
    this.limits = new FirewallLimits({
      firewall: firewall.name,
      desired,
      log,
      timing,
      workers: () => this.tables.all,
      spec: () => context.settings.limits,
      deviceOf: (ref) => this.#devices.deviceOf(ref),
    });
    this.#tableSet = this.#createTableSet();
    this.tables = new TableWorkers(this.#tableSet, observer);
    this.#tasks = [this.#tableSet];
  }

  /** Only from here on anything is sent. */
  lead(term: Term): void {
    this.#leads = true;
    this.#claim.begin();
    for (const task of this.#tasks) task.lead(term);
  }

  /** Lets the messages in flight end, closes the connection, and goes on noting what happens in the cluster. */
  async standBy(): Promise<void> {
    this.#leads = false;
    await Promise.all(this.#tasks.map((task) => task.standBy()));
    this.#claim.withdraw();
    await this.#devices.close();
  }

  /** Takes up an edited spec. Another endpoint or another set of tables starts afresh; the rest goes on. */
  async configure(settings: FirewallSettings): Promise<void> {
    const before = this.#context.settings;
    this.#context.settings = settings;
    if (before.endpoint !== settings.endpoint) return this.#startAfresh();
    this.#claim.objectChanged();
    await Promise.all(this.#tasks.map((task) => task.configure()));
    this.settingsChanged();
  }

  /** Another endpoint, and perhaps another device: what is at the old one stays there. */
  #startAfresh(): Promise<void> {
    const { endpoint } = this.#context.settings;
    this.#context.log.info({ endpoint }, 'endpoint changed');
    const reconnect = async () => {
      await this.#devices.close();
      if (this.#leads) this.#claim.make('asking');
    };
    // The connection is closed when each task has ended what it had there.
    const all = this.#tasks.reduce((inner, task) => () => task.startAfresh(inner), reconnect);
    return all();
  }

  /** The object's status is another one than before. */
  statusChanged(): void {
    this.#claim.objectChanged();
    for (const task of this.#tasks) task.statusChanged();
  }

  /** A Secret or the spec changed: a connection that differs is opened anew, and what failed is tried at once. */
  settingsChanged(): void {
    const now = this.#devices.review();
    const note = 'credentials, TLS or connection settings changed, reconnecting';
    if (now !== 'same') this.#context.log.info(note);
    if (now === 'changed') this.#context.observer.record({ reason: 'CredentialsReloaded', note });
    for (const worker of this.tables.all) worker.guardChanged();
    this.limits.changed();
    for (const task of this.#tasks) task.retryNow();
  }

  get purging(): boolean {
    return this.#tasks.some(({ purging }) => purging);
  }

  /** What became of the purge; undefined while it goes on. */
  get purgeOutcome(): PurgeOutcome | undefined {
    return together(this.#tasks.map(({ purgeOutcome }) => purgeOutcome));
  }

  /** What keeps the purge from being completed. */
  get obstacle(): string {
    const open = this.#tasks.find(({ purgeOutcome }) => purgeOutcome === undefined);
    return (open ?? this.#tableSet).obstacle;
  }

  /** From here on nothing is kept any more: what is ours is taken off the devices. */
  async purge(): Promise<void> {
    await Promise.all(this.#tasks.map((task) => task.purge()));
  }

  /** Records an Event about the PanFirewall. */
  tell(event: EventNote): void {
    this.#context.observer.record(event);
  }

  refersTo(secret: string): boolean {
    const { credentials, tls } = this.#context.settings;
    return credentials.secretRef.name === secret || tls.caSecretRef?.name === secret;
  }

  note(change: AddressChange): void {
    for (const worker of this.tables.all) worker.note(change);
    this.limits.note(change.address);
  }

  /** What of each policy is not confirmed here. What a passive HA peer lacks counts only where there is no other table. */
  openWork(): OpenWork {
    const counting = this.tables.all.filter(({ isPassivePeer }) => !isPassivePeer);
    const tables = (counting.length > 0 ? counting : this.tables.all).map(({ table }) => table);
    const { desired, firewall } = this.#context;
    return openWork(desired, { name: firewall.name, tables, limits: this.limits });
  }

  view(finding?: Finding): FirewallView {
    const device = this.#devices.endpoint;
    const tables = this.#tableSet.view();
    const annotated = (table: ShownTable) => this.#claim.annotated(table);
    return {
      ...tables,
      tables: tables.tables.map(annotated),
      ...(tables.leaving === undefined ? {} : { leaving: tables.leaving.map(annotated) }),
      finding: finding ?? worst(this.#tasks.flatMap((task) => task.finding ?? [])),
      aside: asideOf(this.#context.writeMode),
      note: this.#devices.note,
      device: device && { model: device.model, serial: device.serial, swVersion: device.swVersion },
    };
  }

  #createTableSet(): TableSet {
    const create = new TableFactory({
      context: this.#context,
      claim: this.#claim,
      devices: this.#devices,
      limits: this.limits,
      awaited: (ref, signal) => this.#tableSet.awaited(ref, signal),
    });
    return new TableSet(this.#context, {
      create,
      devices: this.#devices,
      changed: () => {
        this.limits.tablesChanged();
        this.#claim.renew();
        this.#context.observer.changed();
      },
    });
  }

  #met(device: MetDevice, before: MetDevice | undefined): void {
    this.#claim.make({ identity: deviceIdentity(device) });
    this.#context.log.info({ ...device, before: before?.serial }, 'device identified');
    for (const task of this.#tasks) task.met(before !== undefined);
  }
}

export function createFirewallWorker(
  environment: FirewallEnvironment,
  cluster: ClusterState,
  parsed: ReadableFirewall,
): FirewallWorker {
  return new FirewallWorker(new FirewallContext(environment, cluster, parsed));
}
