// Takes the cluster's changes in, keeps Desired and the firewall workers up to date, and knows what is known.

import { Burst } from '../../core/removals/burst.ts';
import { Desired } from '../../core/desired/desired.ts';
import type { NamespaceRecord, PolicyId } from '../../core/model/model.ts';
import { goesAtOnce } from '../../core/removals/removal-causes.ts';
import type { TableClaim } from '../../core/rights/table-claims.ts';
import type { Scope } from '../../core/model/policy-scope.ts';
import type { RawObject } from '../../kubernetes/codec/decoders.ts';
import type { Change, Sink } from '../../kubernetes/reflector/reflector.ts';
import { parseFirewall, type ParsedFirewall, parsePolicy } from '../../kubernetes/resources/parse.ts';
import type { SecretData } from '../device/secret-binding.ts';
import { readSecret } from '../device/credentials.ts';
import type { AskDefinition } from './definition-watch.ts';
import { type FirewallObject, FirewallObjects, type FirewallObjectsOptions } from './firewall-objects.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { ClusterState, ReadableFirewall } from '../firewall/firewall-context.ts';
import type { FirewallWorker } from '../firewall/firewall-worker.ts';
import { type PolicyObject, PolicyObjects } from './policy-objects.ts';
import { type Source, sourceNames } from '../sources/source.ts';
import type { ClusterKnowledge } from '../table/table-observer.ts';
import type { Term } from '../leadership/term.ts';

/** The kinds that must have been listed in full before anything is sent. */
export const kinds = [
  ...sourceNames,
  'namespaces',
  'panfirewalls',
  'pantagpolicies',
  'clusterpantagpolicies',
  'secrets',
] as const;
export type WatchedKind = (typeof kinds)[number];

type ControllerOptions = Omit<FirewallObjectsOptions, 'desired' | 'createWorker'> & {
  readonly createWorker: (parsed: ReadableFirewall, cluster: ClusterState) => FirewallWorker;
  /** Monotonic ms, as the table workers' is. */
  readonly now?: () => number;
  /** Absent: nobody asked for one. */
  readonly audit?: Pick<AuditLog, 'changed' | 'holderLeaves'> | undefined;
};

export class Controller implements ClusterState {
  readonly desired: Desired;
  readonly secrets = new Map<string, SecretData>();
  readonly #options: ControllerOptions;
  readonly #policies: PolicyObjects;
  readonly #firewalls: FirewallObjects;
  readonly #unsynced = new Set<WatchedKind>(kinds);
  /** Kinds that decide tags and whose list is being read again, or applied. */
  readonly #relisting = new Set<WatchedKind>();
  readonly #burst = new Burst();
  readonly #now: () => number;
  #newSince: number | undefined;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.desired = new Desired({
      addressChanged: (firewall, change) => {
        if (!goesAtOnce(change.cause)) this.#burst.moved(this.#now());
        options.audit?.changed(firewall, change, this.desired.holderOf(change.address));
        this.firewalls.get(firewall)?.worker?.note(change);
        options.changed(firewall);
      },
      holderLeaves: (address, holder) => options.audit?.holderLeaves(address, holder),
      addressReviewed: (firewall, address) => {
        this.firewalls.get(firewall)?.worker?.limits.note(address);
        options.changed(firewall);
      },
      policyChanged: options.changed,
    });
    const { desired } = this;
    const { changed, statusObserved, dropAnnotation, log } = options;
    this.#policies = new PolicyObjects({
      desired,
      changed,
      knowledgeChanged: (scope) => this.#knowledgeChanged(scope),
      askDefinition: this.#askDefinition,
      statusObserved,
      log,
    });
    this.#firewalls = new FirewallObjects({
      desired,
      createWorker: (parsed) => options.createWorker(parsed, this),
      changed,
      dropAnnotation,
      askDefinition: options.askDefinition,
      statusObserved,
      log,
    });
  }

  get policies(): ReadonlyMap<PolicyId, PolicyObject> {
    return this.#policies.all;
  }

  get firewalls(): ReadonlyMap<string, FirewallObject> {
    return this.#firewalls.all;
  }

  parsed(firewall: string): ParsedFirewall | undefined {
    return this.firewalls.get(firewall)?.parsed;
  }

  /** Which tables each PanFirewall keeps, by its name. */
  get tableClaims(): ReadonlyMap<string, TableClaim> {
    return this.#firewalls.tableClaims;
  }

  get synced(): boolean {
    return this.#unsynced.size === 0;
  }

  get leads(): boolean {
    return this.#firewalls.leads;
  }

  knowledge(): ClusterKnowledge {
    const [relisting] = this.#relisting;
    const { over: judgeFrom, number: burst } = this.#burst;
    const unreadableOwner = (scope: Scope) => this.#policies.unreadableOwner(scope);
    return { synced: this.synced, relisting, judgeFrom, burst, unreadableOwner };
  }

  claimants<R>({ name, toClaimants }: Pick<Source<R>, 'name' | 'toClaimants'>): Sink<R> {
    return this.#sink<R>(name, (change) => {
      for (const { type, record, origin } of toClaimants(change))
        if (type === 'set') this.desired.setClaimant(record);
        else this.desired.deleteClaimant(record.uid, origin);
    });
  }

  namespaces(): Sink<NamespaceRecord> {
    return this.#sink('namespaces', ({ type, record, origin }) => {
      if (type === 'set') this.desired.setNamespace(record, origin);
      else this.desired.deleteNamespace(record.name, origin);
    });
  }

  policiesOf(kind: 'pantagpolicies' | 'clusterpantagpolicies'): Sink<RawObject> {
    const sink = this.#sink<RawObject>(kind, ({ type, record, origin }) =>
      this.#policies[type](parsePolicy(record.object), origin),
    );
    // Thousands of policies may select one Pod, and come together: it is evaluated once for all of them.
    const apply: typeof sink.apply = (changes) => {
      this.desired.defer();
      sink.apply(changes);
      if (!this.#unsynced.has(kind)) this.desired.settle();
    };
    return { ...sink, apply };
  }

  panFirewalls(): Sink<RawObject> {
    return this.#sink('panfirewalls', ({ type, record }) =>
      this.#firewalls[type](parseFirewall(record.object)),
    );
  }

  secretsOf(): Sink<RawObject> {
    return this.#sink('secrets', ({ type, record }) => {
      const { name, data } = readSecret(record.object);
      if (type === 'set') this.secrets.set(name, data);
      else this.secrets.delete(name);
      for (const worker of this.#firewalls.workers()) if (worker.refersTo(name)) worker.settingsChanged();
    });
  }

  /** Takes up which tables a PanFirewall keeps; undefined: none any more. */
  putTableClaim(firewall: string, claim: TableClaim | undefined): void {
    this.#firewalls.putTableClaim(firewall, claim);
  }

  /** Acts on what administrators asked for by annotation, as far as it can be by now. */
  reviewRequests(): void {
    this.#firewalls.reviewRequests();
  }

  /** Has the worker of a PanFirewall that is being deleted purge its tables, after what is under way. */
  purge(firewall: FirewallObject): void {
    this.#firewalls.purge(firewall);
  }

  /** Lets the workers write. */
  lead(term: Term): void {
    this.#firewalls.lead(term);
  }

  /** Keeps the workers from writing; messages in flight end first. What they note goes on. */
  standBy(): Promise<void> {
    return this.#firewalls.standBy();
  }

  /** Holders whose network came up after this moment (ms since the epoch) are new, as nobody led since then. */
  nobodyLedSince(time: number): void {
    this.#newSince = time;
    if (this.synced) this.#noteNewHolders();
  }

  /** Workers that are being created shall hear of it, too: they have read nothing yet. */
  #noteNewHolders(): void {
    const since = this.#newSince;
    this.#newSince = undefined;
    if (since === undefined) return;
    void this.#firewalls.settled().then(() => this.desired.holdersNewSince(since));
  }

  #sink<R>(kind: WatchedKind, take: (change: Change<R>) => void): Sink<R> {
    return {
      apply: (changes) => {
        for (const change of changes) take(change);
      },
      synced: () => this.#markSynced(kind),
      relisting: (isRelisting) => this.#markRelisting(kind, isRelisting),
    };
  }

  /** What several policies that went together mean is answered one by one, and judged as one. */
  readonly #askDefinition: AskDefinition = (resource, answer) => {
    const answered = this.#burst.asked(this.#now());
    this.#options.askDefinition(resource, (look) => {
      answered(this.#now());
      answer(look);
      // Also where the answer opens no gate: a worker may have gone to sleep until the latest moment for it.
      for (const worker of this.#firewalls.workers()) worker.tables.judgeSooner();
    });
  };

  /** The gate closes before anything of a list is applied, and opens when all of it has been. */
  #markRelisting(kind: WatchedKind, isRelisting: boolean): void {
    if (kind === 'secrets') return;
    if (isRelisting) this.#relisting.add(kind);
    else this.#relisting.delete(kind);
    this.#knowledgeChanged();
  }

  #markSynced(kind: WatchedKind): void {
    if (!this.#unsynced.delete(kind)) return;
    const { log } = this.#options;
    log.info({ resource: kind }, 'listed');
    if (sourceNames.every((name) => !this.#unsynced.has(name))) this.desired.claimantsSynced();
    this.desired.settle();
    if (!this.synced) return;
    this.#noteNewHolders();
    log.info({ firewalls: this.firewalls.size, policies: this.policies.size }, 'cluster state complete');
    this.#knowledgeChanged();
  }

  /** @param scope whose tags alone may be concerned; absent: all. */
  #knowledgeChanged(scope?: Scope): void {
    for (const [name, { worker }] of this.firewalls) {
      worker?.tables.knowledgeChanged(scope);
      this.#options.changed(name);
    }
  }
}
