// One PanFirewall: its connection, its device, and a worker for each of its tables.

import type { DeviceError } from '../../core/model/device-error.ts';
import type { Finding } from '../../core/model/finding.ts';
import type { Desired } from '../../core/desired/desired.ts';
import type { AddressChange } from '../../core/model/address-change.ts';
import type { EventNote } from '../../core/status/event-note.ts';
import type { FirewallView, ShownTable } from '../../core/status/firewall-status.ts';
import type { Firewall } from '../../core/model/model.ts';
import type { PurgeOutcome } from '../../core/lifecycle/farewell.ts';
import { purgeObstacle, type Stance, stanceOf } from '../../core/rights/stance.ts';
import type { Timing } from '../../core/model/timing.ts';
import { ownTable, type TableRef } from '../../core/model/table-ref.ts';
import type { Scope } from '../../core/model/policy-scope.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { ConnectionSettings, FirewallSettings, Secrets } from '../device/credentials.ts';
import type { Connection } from '../device/device-port.ts';
import { FirewallDevices, identityOf, type MetDevice } from '../device/firewall-devices.ts';
import { FirewallClaim, type FirewallClaimOptions } from './firewall-claim.ts';
import { FirewallLimits } from '../limits/firewall-limits.ts';
import type { FormerTables } from './former-tables.ts';
import type { Adoption } from '../table/marker.ts';
import { TableFactory } from './table-factory.ts';
import { TableSet } from './table-set.ts';
import { asideOf } from '../table/table-view.ts';
import type { ClusterKnowledge, TableObserver } from '../table/table-observer.ts';
import type { TableWorker } from '../table/table-worker.ts';
import type { Term } from '../leadership/term.ts';

type FirewallWorkerOptions = Omit<FirewallClaimOptions, 'tables' | 'endpoint' | 'deleting'> & {
  readonly firewall: Firewall;
  /** Of the object as it is by now: is the finalizer on it, and is it being deleted? */
  readonly lifecycle: () => { readonly finalized: boolean; readonly deleting: boolean };
  /** Of the object as it is by now: does somebody ask to take another owner's place? */
  readonly adopting?: () => boolean;
  /** What the status tells of a leader's tables, as it is by now: they may have left spec.tables since. */
  readonly former: () => FormerTables | undefined;
  /** Of this installation, for the mark of ownership. */
  readonly ownerId: string;
  readonly desired: Desired;
  readonly secrets: Secrets;
  readonly open: (settings: ConnectionSettings) => Connection;
  readonly knowledge: () => ClusterKnowledge;
  readonly observer: TableObserver;
  readonly log: Logger;
  readonly now: () => number;
  readonly timing: Timing;
};

export class FirewallWorker {
  readonly #options: FirewallWorkerOptions;
  #settings: FirewallSettings;
  readonly #claim: FirewallClaim;
  readonly #devices: FirewallDevices;
  /** What its devices take, and what is out because of it. */
  readonly limits: FirewallLimits;
  readonly #tables: TableSet;
  #leads = false;

  constructor(options: FirewallWorkerOptions, settings: FirewallSettings) {
    this.#options = options;
    this.#settings = settings;
    this.#claim = new FirewallClaim({
      ...options,
      endpoint: () => this.#settings.endpoint,
      deleting: () => options.lifecycle().deleting,
      tables: () => this.#tables.claimed,
    });
    this.#devices = new FirewallDevices({
      ...options,
      settings: () => this.#settings,
      met: (device, before) => this.#met(device, before),
      unmet: () => this.#claim.make('unknown'),
      noted: () => options.observer.changed(),
    });
    this.limits = new FirewallLimits({
      firewall: options.firewall.name,
      desired: options.desired,
      log: options.log,
      timing: options.timing,
      workers: () => this.workers,
      spec: () => this.#settings.limits,
      deviceOf: (ref) => this.#devices.deviceOf(ref),
    });
    this.#tables = this.#createTables();
  }

  /** Only from here on anything is sent. */
  lead(term: Term): void {
    this.#leads = true;
    this.#claim.begin();
    this.#tables.lead(term);
  }

  /** Lets the messages in flight end, closes the connection, and goes on noting what happens in the cluster. */
  async standBy(): Promise<void> {
    this.#leads = false;
    await this.#tables.standBy();
    this.#claim.withdraw();
    await this.#devices.close();
  }

  /** Takes up an edited spec. Another endpoint or another set of tables starts afresh; the rest goes on. */
  async configure(settings: FirewallSettings): Promise<void> {
    const before = this.#settings;
    this.#settings = settings;
    if (before.endpoint !== settings.endpoint) return this.#startAfresh();
    this.#claim.objectChanged();
    await this.#tables.configure();
    this.settingsChanged();
  }

  /** Another endpoint, and perhaps another device: what is at the old one stays there. */
  #startAfresh(): Promise<void> {
    const { endpoint } = this.#settings;
    this.#options.log.info({ endpoint }, 'endpoint changed');
    return this.#tables.startAfresh(async () => {
      await this.#devices.close();
      if (this.#leads) this.#claim.make('asking');
    });
  }

  /** The object's status is another one than before. */
  statusChanged(): void {
    this.#claim.objectChanged();
    this.#tables.statusChanged();
  }

  /** A Secret or the spec changed: a connection that differs is opened anew, and what failed is tried at once. */
  settingsChanged(): void {
    const now = this.#devices.review();
    const note = 'credentials, TLS or connection settings changed, reconnecting';
    if (now !== 'same') this.#options.log.info(note);
    if (now === 'changed') this.#options.observer.record({ reason: 'CredentialsReloaded', note });
    for (const worker of this.workers) worker.guardChanged();
    this.limits.changed();
    this.#tables.retryNow();
  }

  get purging(): boolean {
    return this.#tables.kept.purging;
  }

  /** What became of the purge; undefined while it goes on. */
  get purgeOutcome(): PurgeOutcome | undefined {
    return this.#tables.purgeOutcome;
  }

  /** What keeps the purge from being completed. */
  get obstacle(): string {
    return this.#tables.obstacle;
  }

  /** From here on the tables are not kept any more: what is ours is unregistered, once each message in flight has ended. */
  purge(): Promise<void> {
    return this.#tables.purge();
  }

  /** Records an Event about the PanFirewall. */
  tell(event: EventNote): void {
    this.#options.observer.record(event);
  }

  /** Reads every table anew. */
  resync(): void {
    this.#tables.resync();
  }

  /** A read that was asked for has not begun on some table that is known and works. */
  get awaitsRead(): boolean {
    return this.workers.some(({ awaitsRead }) => awaitsRead);
  }

  /** There may be tables that nobody has looked for yet. */
  get mayHaveMore(): boolean {
    return this.#tables.claimed.open;
  }

  /** Releases a held plan, in whichever table it is; false when there is none of this id. */
  approve(plan: string): boolean {
    const released = this.workers.map((worker) => worker.approve(plan)).includes(true);
    const note = `plan ${plan} was approved: its remaining removals are sent now`;
    if (released) this.#options.observer.record({ reason: 'RemovalsReleased', note });
    return released;
  }

  /** Takes the place of another owner, in every table that has one of this id. */
  adopt(id: string): Adoption {
    const states = this.workers.map((worker) => worker.adopt(id));
    if (states.includes('pending')) return 'pending';
    return states.includes('done') ? 'done' : 'unknown owner';
  }

  /** Another PanFirewall came to know its device, or left. */
  claimsChanged(): void {
    for (const worker of this.workers) worker.claimsChanged();
  }

  /** What the guard waited for has come: it may judge sooner than was thought. */
  judgeSooner(): void {
    for (const worker of this.workers) worker.judgeSooner();
  }

  refersTo(secret: string): boolean {
    return this.#settings.secretName === secret || this.#settings.tls.caSecretName === secret;
  }

  note(change: AddressChange): void {
    for (const worker of this.workers) worker.note(change);
    this.limits.note(change.address);
  }

  /** The policies that give the address its tags may be others than before. */
  reviewed(address: string): void {
    this.limits.note(address);
  }

  /** @param scope whose tags alone may be concerned; absent: all. */
  knowledgeChanged(scope?: Scope): void {
    for (const worker of this.workers) worker.knowledgeChanged(scope);
  }

  get workers(): readonly TableWorker[] {
    return this.#tables.kept.workers;
  }

  view(finding?: Finding): FirewallView {
    const device = this.#devices.endpoint;
    const tables = this.#tables.view();
    const annotated = (table: ShownTable) => this.#claim.annotated(table);
    return {
      ...tables,
      tables: tables.tables.map(annotated),
      ...(tables.leaving === undefined ? {} : { leaving: tables.leaving.map(annotated) }),
      finding: finding ?? tables.finding,
      aside: asideOf(this.#stance()),
      note: this.#devices.note,
      device: device && { model: device.model, serial: device.serial, swVersion: device.swVersion },
    };
  }

  #createTables(): TableSet {
    const factory = this.#createFactory();
    return new TableSet({
      ...this.#options,
      record: this.#options.observer.record,
      entries: () => this.#settings.tables ?? [ownTable],
      createTable: (ref) => factory.table(ref),
      createPurge: (ref, unsureUntil) => factory.purge(ref, unsureUntil),
      timeoutMs: () => this.#settings.purgeTimeoutSeconds * 1000,
      forbidden: () => purgeObstacle(this.#settings),
      endpoint: () => this.#devices.endpoint,
      lookUp: (signal) => this.#devices.deviceGroups(signal),
      failed: (failure) => this.#options.observer.failed(failure),
      changed: () => {
        this.limits.tablesChanged();
        this.#claim.renew();
        this.#options.observer.changed();
      },
    });
  }

  #createFactory(): TableFactory {
    const { observer } = this.#options;
    return new TableFactory({
      ...this.#options,
      limits: this.limits,
      settings: () => this.#settings,
      stance: () => this.#stance(),
      precedence: (ref) => this.#claim.precedence(ref),
      marked: (ref) => {
        // Before all PanFirewalls are known, another one may have been kept there.
        if (this.#options.knowledge().synced) this.#claim.marked(ref);
      },
      swVersion: (ref) => this.#devices.deviceOf(ref)?.swVersion,
      connect: async (ref, signal) => {
        await this.#tables.awaited(ref, signal);
        return this.#devices.connect(ref, signal);
      },
      observer: (ref) => ({ ...observer, failed: (failure) => this.#tableFailed(ref, failure) }),
    });
  }

  #stance(): Stance {
    return stanceOf({ ...this.#settings, ...this.#options.lifecycle() });
  }

  #tableFailed(ref: TableRef, failure: DeviceError): void {
    this.#devices.failed(ref, failure);
    this.#options.observer.failed(failure);
  }

  #met(device: MetDevice, before: MetDevice | undefined): void {
    this.#claim.make({ identity: identityOf(device) });
    this.#options.log.info({ ...device, before: before?.serial }, 'device identified');
    this.#tables.met(before !== undefined);
  }
}
