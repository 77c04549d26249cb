// One PanFirewall: its connection, its device, and a worker for each of its tables.

import type { Finding } from '../core/conditions.ts';
import type { AddressChange, Desired } from '../core/desired.ts';
import type { FirewallView } from '../core/firewall-status.ts';
import type { Firewall } from '../core/model.ts';
import { type PurgeOutcome, together } from '../core/farewell.ts';
import { type Stance, stanceOf } from '../core/stance.ts';
import { ownTable, sameName, type TableRef, tableKey, tableName } from '../core/table-ref.ts';
import type { Logger } from '../runtime/logger.ts';
import type { ConnectionSettings, FirewallSettings, Secrets } from './credentials.ts';
import type { Connection, DeviceFailure, DeviceInfo } from './device-port.ts';
import { FirewallDevices, identityOf, type MetDevice } from './firewall-devices.ts';
import { FirewallClaim, type FirewallClaimOptions } from './firewall-claim.ts';
import { KeptTables } from './kept-tables.ts';
import { type LeavingTable, LeavingTables } from './leaving-tables.ts';
import type { Adoption } from './marker.ts';
import { TableFactory } from './table-factory.ts';
import { asideOf } from './table-view.ts';
import type { ClusterKnowledge, TableObserver } from './table-observer.ts';
import type { TableWorker } from './table-worker.ts';
import type { Term } from './term.ts';

export type FirewallWorkerOptions = Omit<FirewallClaimOptions, 'tables'> & {
  readonly firewall: Firewall;
  /** Of the object as it is by now: is the finalizer on it, and is it being deleted? */
  readonly lifecycle: () => { readonly finalized: boolean; readonly deleting: boolean };
  /** What the status tells of an earlier leader's tables, asked when a term begins: they may have left spec.tables since. */
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
};

/** Tables as a status shows them, and the serial of the device that they were on. */
export type FormerTables = { readonly serial: string; readonly tables: readonly TableRef[] };

export class FirewallWorker {
  readonly #options: FirewallWorkerOptions;
  #settings: FirewallSettings;
  #term: Term | undefined;
  /** The former leader's, until they have been looked at. */
  #former: FormerTables | undefined;
  readonly #devices: FirewallDevices;
  readonly #claim: FirewallClaim;
  readonly #kept: KeptTables;
  readonly #leaving: LeavingTables;

  constructor(options: FirewallWorkerOptions, settings: FirewallSettings) {
    this.#options = options;
    this.#settings = settings;
    // One that is being purged is not another's yet.
    const tables = () => [...this.#wanted(), ...this.#leaving.refs];
    this.#claim = new FirewallClaim({ ...options, tables });
    this.#devices = new FirewallDevices({
      ...options,
      settings: () => this.#settings,
      met: (device, before) => this.#met(device, before),
      unmet: () => this.#claim.make('unknown'),
    });
    const factory = this.#createFactory();
    const createPurge = (ref: TableRef, unsureUntil: number) => factory.purge(ref, unsureUntil);
    this.#leaving = new LeavingTables({
      createPurge,
      timeoutMs: () => this.#settings.purgeTimeoutSeconds * 1000,
      record: options.observer.record,
      changed: () => this.#leavingChanged(),
      log: options.log,
    });
    const createTable = (ref: TableRef) => factory.table(ref);
    this.#kept = new KeptTables({ createTable, createPurge }, this.#wanted());
  }

  /** Only from here on anything is sent. */
  lead(term: Term): void {
    this.#term = term;
    this.#former = this.#options.former();
    this.#claim.make('asking');
    this.#kept.lead(term);
  }

  /** Lets the messages in flight end, closes the connection, and goes on noting what happens in the cluster. */
  async standBy(): Promise<void> {
    this.#term = undefined;
    await Promise.all([this.#kept.standBy(), this.#leaving.drop(this.#leaving.refs)]);
    this.#claim.withdraw();
    await this.#devices.close();
  }

  /** Takes up an edited spec. Another endpoint or another set of tables starts afresh; the rest goes on. */
  async configure(settings: FirewallSettings): Promise<void> {
    const before = this.#settings;
    this.#settings = settings;
    if (before.endpoint !== settings.endpoint) return this.#startAfresh();
    if (!sameTables(this.#kept.refs, this.#wanted())) await this.#changeTables();
    this.settingsChanged();
  }

  /** Another endpoint, and perhaps another device: what is at the old one stays there. */
  async #startAfresh(): Promise<void> {
    const { endpoint } = this.#settings;
    this.#options.log.info({ endpoint }, 'endpoint changed');
    await Promise.all([this.#kept.change([]), this.#leaving.drop(this.#leaving.refs)]);
    await this.#devices.close();
    this.#former = undefined;
    if (this.#term !== undefined) this.#claim.make('asking');
    await this.#kept.change(this.#wanted());
  }

  /** Those that stay go on undisturbed; those that go are purged or left, as the spec wants it. */
  async #changeTables(): Promise<void> {
    const wanted = this.#wanted();
    this.#options.log.info({ tables: wanted.map(tableName) }, 'tables changed');
    await this.#leaving.drop(wanted);
    const going = await this.#kept.change(wanted);
    const term = this.#term;
    if (term === undefined) return;
    for (const table of going) this.#leave(table, term);
    this.#claim.renew();
  }

  /** Purges a table that left the spec, where the spec lets it. */
  #leave(table: LeavingTable, term: Term): void {
    // The same table by another name is kept.
    if (this.#wanted().map(tableKey).includes(tableKey(table.ref))) return;
    const why = this.#forbidden();
    if (why === undefined) this.#leaving.add(table, term);
    else
      this.#options.log.info({ table: tableName(table.ref), why }, 'table left spec.tables, its tags stay');
  }

  /** A table that an earlier leader kept, or had begun to purge, and that is not in the spec any more. */
  #reviewFormer({ serial }: DeviceInfo): void {
    const former = this.#former;
    const term = this.#term;
    if (former === undefined || term === undefined) return;
    this.#former = undefined;
    // Of another device, or of one that cannot be told from others, nothing is known.
    const isSame = former.serial === serial && serial !== 'unknown';
    for (const ref of former.tables)
      if (isSame || ref.serial !== undefined) this.#leave({ ref, unsureUntil: 0 }, term);
  }

  #leavingChanged(): void {
    this.#claim.renew();
    this.#options.observer.changed();
  }

  /** A Secret or the spec changed: a connection that differs is opened anew, and what failed is tried at once. */
  settingsChanged(): void {
    const now = this.#devices.review();
    const note = 'credentials, trust or the way to the device changed, connecting anew';
    if (now !== 'same') this.#options.log.info(note);
    if (now === 'changed') this.#options.observer.record({ reason: 'CredentialsReloaded', note });
    for (const worker of this.workers) worker.guardChanged();
    this.#kept.retryNow();
    this.#leaving.retryNow();
  }

  get purging(): boolean {
    return this.#kept.purging;
  }

  /** What became of the purge; undefined while it goes on. */
  get purgeOutcome(): PurgeOutcome | undefined {
    return together([this.#kept.purgeOutcome, ...this.#leaving.outcomes]);
  }

  /** What keeps the purge from being completed. */
  get obstacle(): string {
    return this.#kept.obstacle ?? 'the tables have not been looked at yet';
  }

  /** From here on the tables are not kept any more: what is ours is unregistered, once each message in flight has ended. */
  purge(): Promise<void> {
    return this.#kept.purge();
  }

  /** Reads every table anew. */
  resync(): void {
    for (const worker of this.workers) worker.resync();
  }

  /** Releases a held plan, in whichever table it is; false when there is none of this id. */
  approve(plan: string): boolean {
    const released = this.workers.map((worker) => worker.approve(plan)).includes(true);
    const note = `plan ${plan} was approved: what is left of it is removed now`;
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

  refersTo(secret: string): boolean {
    return this.#settings.secretName === secret || this.#settings.tls.caSecretName === secret;
  }

  note(change: AddressChange): void {
    for (const worker of this.workers) worker.note(change);
  }

  knowledgeChanged(): void {
    for (const worker of this.workers) worker.knowledgeChanged();
  }

  get workers(): readonly TableWorker[] {
    return this.#kept.workers;
  }

  view(finding?: Finding): FirewallView {
    const device = this.#devices.endpoint;
    return {
      finding,
      aside: asideOf(this.#stance()),
      device: device && { model: device.model, serial: device.serial, swVersion: device.swVersion },
      tables: this.#kept.views(),
      leaving: this.#leaving.views(),
    };
  }

  #wanted(): readonly TableRef[] {
    return this.#settings.tables ?? [ownTable];
  }

  #createFactory(): TableFactory {
    const { observer } = this.#options;
    return new TableFactory({
      ...this.#options,
      settings: () => this.#settings,
      stance: () => this.#stance(),
      forbidden: () => this.#forbidden(),
      precedence: (ref) => this.#claim.precedence(ref),
      connect: (ref, signal) => this.#devices.connect(ref, signal),
      observer: (ref) => ({ ...observer, failed: (failure) => this.#tableFailed(ref, failure) }),
    });
  }

  /** Why nothing may be purged. */
  #forbidden(): string | undefined {
    const { mode, deletionPolicy } = this.#settings;
    if (deletionPolicy === 'Retain') return 'spec.deletionPolicy is Retain';
    return mode === 'Observe' ? 'spec.mode is Observe' : undefined;
  }

  #stance(): Stance {
    return stanceOf({ ...this.#settings, ...this.#options.lifecycle() });
  }

  #tableFailed(ref: TableRef, failure: DeviceFailure): void {
    this.#devices.failed(ref, failure);
    this.#options.observer.failed(failure);
  }

  #met(device: MetDevice, before: MetDevice | undefined): void {
    const isOwn = ({ serial }: TableRef) => serial === undefined;
    if (before !== undefined) void this.#leaving.drop(this.#leaving.refs.filter(isOwn));
    this.#claim.make({ identity: identityOf(device) });
    this.#options.log.info({ ...device, before: before?.serial }, 'device met');
    // Firewalls behind a Panorama are the same, whichever Panorama forwards to them.
    if (before !== undefined) this.#kept.forget(isOwn);
    this.#reviewFormer(device);
  }
}

function sameTables(a: readonly TableRef[], b: readonly TableRef[]): boolean {
  return a.length === b.length && a.every((one, i) => sameName(one, b[i] ?? ownTable));
}
