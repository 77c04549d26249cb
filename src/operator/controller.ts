// Takes the cluster's changes in, keeps Desired and the firewall workers up to date, and knows what is known.

import { type AddressChange, Desired } from '../core/desired.ts';
import { type DefinitionLook, wasDeletedAlone } from '../core/definition.ts';
import type { Labels, NamespaceRecord, PodRecord, PolicyId } from '../core/model.ts';
import type { Claim } from '../core/table-claims.ts';
import { UnreadablePolicies } from '../core/unreadable-policies.ts';
import type { RawObject } from '../kubernetes/decoders.ts';
import type { Change, Sink } from '../kubernetes/reflector.ts';
import {
  clusterPanTagPolicies,
  objectPath,
  panFirewalls,
  panTagPolicies,
  type ResourceNames,
} from '../kubernetes/resources/api.ts';
import {
  type ParsedFirewall,
  type ParsedPolicy,
  parseFirewall,
  parsePolicy,
} from '../kubernetes/resources/parse.ts';
import type { Logger } from '../runtime/logger.ts';
import { AnnotationRequests } from './annotation-requests.ts';
import { readSecret, type SecretData } from './credentials.ts';
import type { FirewallWorker } from './firewall-worker.ts';
import type { ClusterKnowledge } from './table-worker.ts';
import type { Term } from './term.ts';

/** The kinds that must have been listed in full before anything is sent. */
export const kinds = [
  'pods',
  'namespaces',
  'panfirewalls',
  'pantagpolicies',
  'clusterpantagpolicies',
  'secrets',
] as const;
export type WatchedKind = (typeof kinds)[number];

export type PolicyObject = { readonly parsed: ParsedPolicy };
export type FirewallObject = {
  parsed: ParsedFirewall;
  worker: FirewallWorker | undefined;
};

export type ControllerOptions = {
  readonly createWorker: (
    parsed: Extract<ParsedFirewall, { ok: true }>,
    controller: Controller,
  ) => FirewallWorker;
  /** Something moved that a status shows. */
  readonly changed: () => void;
  /** Takes an annotation that has been acted on off the object. */
  readonly dropAnnotation: (path: string, annotation: string, value: string) => void;
  /** Answers by a look at the CRD of this kind that is made after the call. */
  readonly askDefinition: (resource: ResourceNames, answer: (look: DefinitionLook) => void) => void;
  /** The watch delivered this object's status. */
  readonly statusObserved: (path: string, status: unknown) => void;
  readonly log: Logger;
};

export class Controller {
  readonly desired: Desired;
  readonly policies = new Map<PolicyId, PolicyObject>();
  readonly firewalls = new Map<string, FirewallObject>();
  readonly secrets = new Map<string, SecretData>();
  /** Which tables each PanFirewall keeps, by its name. */
  readonly claims = new Map<string, Claim>();
  readonly #options: ControllerOptions;
  readonly #unsynced = new Set<WatchedKind>(kinds);
  /** Invalid ones, and those that are gone and may not have been deleted for their own sake. */
  readonly #unreadable = new UnreadablePolicies();
  readonly #requests = new AnnotationRequests();
  /** Starts and stops of one firewall's worker happen one after the other: two would write to one table. */
  readonly #lifecycles = new Map<string, Promise<void>>();
  /** While we lead. */
  #term: Term | undefined;
  #newSince: number | undefined;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.desired = new Desired({
      addressChanged: (firewall, change) => this.#addressChanged(firewall, change),
      policyChanged: () => options.changed(),
    });
  }

  get synced(): boolean {
    return this.#unsynced.size === 0;
  }

  knowledge(): ClusterKnowledge {
    return { synced: this.synced, invalidPolicies: this.#unreadable.representatives() };
  }

  pods(): Sink<PodRecord> {
    return this.#sink('pods', (change) => {
      if (change.type === 'set') this.desired.setPod(change.record);
      else this.desired.deletePod(change.record.uid, change.origin);
    });
  }

  namespaces(): Sink<NamespaceRecord> {
    return this.#sink('namespaces', ({ type, record }) => {
      if (type === 'set') this.desired.setNamespace(record);
      else this.desired.deleteNamespace(record.name);
    });
  }

  policiesOf(kind: 'pantagpolicies' | 'clusterpantagpolicies'): Sink<RawObject> {
    return this.#sink(kind, ({ type, record }) => {
      const parsed = parsePolicy(record.object);
      if (type === 'set') this.#setPolicy(parsed);
      else this.#deletePolicy(parsed);
    });
  }

  panFirewalls(): Sink<RawObject> {
    return this.#sink('panfirewalls', ({ type, record }) => {
      const parsed = parseFirewall(record.object);
      if (type === 'set') this.#setFirewall(parsed);
      else this.#deleteFirewall(parsed);
    });
  }

  secretsOf(): Sink<RawObject> {
    return this.#sink('secrets', ({ type, record }) => {
      const { name, data } = readSecret(record.object);
      if (type === 'set') this.secrets.set(name, data);
      else this.secrets.delete(name);
      for (const { worker } of this.firewalls.values()) if (worker?.refersTo(name)) worker.settingsChanged();
    });
  }

  /** Takes up which tables a PanFirewall keeps; undefined: none any more. */
  claim(firewall: string, claim: Claim | undefined): void {
    if (claim === undefined) this.claims.delete(firewall);
    else this.claims.set(firewall, claim);
    for (const { worker } of this.firewalls.values()) worker?.claimsChanged();
    this.#options.changed();
  }

  /** Acts on what administrators asked for by annotation, as far as it can be by now. */
  reviewRequests(): void {
    this.#requests.review({
      workerOf: (name) => this.firewalls.get(name)?.worker,
      drop: (name, annotation, value) =>
        this.#options.dropAnnotation(objectPath(panFirewalls, name), annotation, value),
      log: this.#options.log,
    });
  }

  /** Lets the workers write. */
  lead(term: Term): void {
    this.#term = term;
    for (const worker of this.#workers()) worker.lead(term);
  }

  /** Keeps the workers from writing; messages in flight end first. What they note goes on. */
  async standBy(): Promise<void> {
    this.#term = undefined;
    await Promise.all([...this.#workers().map((worker) => worker.standBy()), ...this.#lifecycles.values()]);
  }

  /** Holders whose network came up after this moment (ms since the epoch) are new, as nobody led since then. */
  nobodyLedSince(time: number): void {
    this.#newSince = time;
    if (this.synced) this.#noteNewHolders();
  }

  get leads(): boolean {
    return this.#term !== undefined;
  }

  #workers(): FirewallWorker[] {
    return [...this.firewalls.values()].flatMap(({ worker }) => worker ?? []);
  }

  /** Workers that are being created shall hear of it, too: they have read nothing yet. */
  #noteNewHolders(): void {
    const since = this.#newSince;
    this.#newSince = undefined;
    if (since === undefined) return;
    void Promise.all(this.#lifecycles.values()).then(() => this.desired.holdersNewSince(since));
  }

  /** Has the worker of a PanFirewall that is being deleted purge its tables, after what is under way. */
  purge({ worker, parsed }: FirewallObject): void {
    this.#inTurn(parsed.meta.name, async () => worker?.purge());
  }

  #sink<R>(kind: WatchedKind, take: (change: Change<R>) => void): Sink<R> {
    return {
      apply: (changes) => {
        for (const change of changes) take(change);
      },
      synced: () => this.#markSynced(kind),
    };
  }

  #markSynced(kind: WatchedKind): void {
    if (!this.#unsynced.delete(kind)) return;
    this.#options.log.info({ resource: kind }, 'listed');
    if (kind === 'pods') this.desired.podsSynced();
    if (!this.synced) return;
    this.#noteNewHolders();
    this.#options.log.info({ firewalls: this.firewalls.size, policies: this.policies.size }, 'cluster known');
    this.#knowledgeChanged();
  }

  #knowledgeChanged(): void {
    for (const { worker } of this.firewalls.values()) worker?.knowledgeChanged();
    this.#options.changed();
  }

  #addressChanged(firewall: string, change: AddressChange): void {
    this.firewalls.get(firewall)?.worker?.note(change);
    this.#options.changed();
  }

  #setPolicy(parsed: ParsedPolicy): void {
    const { meta } = parsed;
    const id = policyId(meta);
    const before = this.policies.get(id)?.parsed;
    this.policies.set(id, { parsed });
    if (sameSpec(before, parsed)) return this.#options.statusObserved(policyPath(meta), parsed.status);
    const log = this.#options.log.child({ policy: id });
    if (parsed.ok) {
      log.info({ generation: meta.generation }, 'policy taken up');
      this.desired.setPolicy(parsed.policy);
      if (this.#unreadable.delete(id)) this.#knowledgeChanged();
    } else {
      log.warn({ generation: meta.generation, problems: parsed.problems }, 'policy is invalid');
      // The gate closes first: an invalid policy must not act like a deletion.
      this.#hold(id, meta.uid);
      this.desired.deletePolicy(id);
    }
    this.#options.changed();
  }

  #deletePolicy({ meta }: ParsedPolicy): void {
    const id = policyId(meta);
    // A successor of the same name may have arrived before the end of its predecessor.
    if (this.policies.get(id)?.parsed.meta.uid !== meta.uid) return;
    this.#options.log.info({ policy: id }, 'policy gone');
    this.policies.delete(id);
    // The gate closes first: who deletes a CRD has said nothing about the policies that go with it.
    this.#hold(id, meta.uid);
    this.desired.deletePolicy(id);
    const resource = meta.namespace === undefined ? clusterPanTagPolicies : panTagPolicies;
    this.#options.askDefinition(resource, (look) => this.#policyGone(meta, look));
    this.#options.changed();
  }

  #policyGone(meta: ParsedPolicy['meta'], look: DefinitionLook): void {
    const id = policyId(meta);
    if (wasDeletedAlone(look, meta.createdAt)) {
      if (this.#unreadable.delete(id, meta.uid)) this.#knowledgeChanged();
    } else if (this.#unreadable.has(id, meta.uid)) {
      const told = 'policy went with its CRD: what it had registered stays until it is created again';
      this.#options.log.warn({ policy: id }, told);
    }
  }

  /** Guarded removals of tags that could be this policy's wait. */
  #hold(id: PolicyId, uid: string): void {
    if (this.#unreadable.add(id, uid)) this.#knowledgeChanged();
  }

  #setFirewall(parsed: ParsedFirewall): void {
    const { name } = parsed.meta;
    const known = this.firewalls.get(name);
    const before = known?.parsed;
    const object = known ?? { parsed, worker: undefined };
    object.parsed = parsed;
    this.firewalls.set(name, object);
    this.#requests.note(name, parsed.meta.annotations);
    if (before !== undefined && !sameLifecycle(before.meta, parsed.meta)) {
      object.worker?.knowledgeChanged();
      this.#options.changed();
    }
    if (sameSpec(before, parsed) && sameLabels(before?.meta.labels, parsed.meta.labels)) {
      return this.#options.statusObserved(objectPath(panFirewalls, name), parsed.status);
    }
    const log = this.#options.log.child({ firewall: name });
    const restart = before !== undefined && before.meta.uid !== parsed.meta.uid;
    if (restart) this.#retire(object);
    if (parsed.ok) {
      log.info(
        { generation: parsed.meta.generation, endpoint: parsed.connection.endpoint },
        'firewall taken up',
      );
      this.desired.setFirewall(parsed.firewall);
    } else {
      log.warn({ generation: parsed.meta.generation, problems: parsed.problems }, 'firewall is invalid');
      this.#retire(object);
    }
    this.#inTurn(name, () => this.#settle(object));
    this.#options.changed();
  }

  #deleteFirewall({ meta }: ParsedFirewall): void {
    const object = this.firewalls.get(meta.name);
    if (object?.parsed.meta.uid !== meta.uid) return;
    this.#options.log.info({ firewall: meta.name }, 'firewall gone');
    this.#options.askDefinition(panFirewalls, (look) => {
      if (wasDeletedAlone(look, meta.createdAt)) return;
      const told = 'firewall went with its CRD: its tables stay as they are until it is created again';
      this.#options.log.warn({ firewall: meta.name }, told);
    });
    this.firewalls.delete(meta.name);
    this.#requests.forget(meta.name);
    this.#retire(object);
    this.#options.changed();
  }

  /** The worker sends nothing from here on; only then may Desired forget what it should hold. */
  #retire(object: FirewallObject): void {
    const { name } = object.parsed.meta;
    const stopped = stopWorker(object);
    this.#inTurn(name, () => stopped);
    this.desired.deleteFirewall(name);
  }

  /** Brings the worker in line with the object as it is by now. */
  async #settle(object: FirewallObject): Promise<void> {
    const { parsed } = object;
    if (!parsed.ok || this.firewalls.get(parsed.meta.name) !== object) return;
    if (object.worker === undefined) this.#createWorker(object, parsed);
    else await object.worker.configure(parsed.connection);
    this.#options.changed();
  }

  #createWorker(object: FirewallObject, parsed: Extract<ParsedFirewall, { ok: true }>): void {
    object.worker = this.#options.createWorker(parsed, this);
    if (this.#term !== undefined) object.worker.lead(this.#term);
  }

  #inTurn(name: string, step: () => Promise<void>): void {
    const before = this.#lifecycles.get(name) ?? Promise.resolve();
    const turn = before.then(step);
    this.#lifecycles.set(name, turn);
    void turn.finally(() => {
      if (this.#lifecycles.get(name) === turn) this.#lifecycles.delete(name);
    });
  }
}

async function stopWorker(object: FirewallObject): Promise<void> {
  const { worker } = object;
  object.worker = undefined;
  await worker?.standBy();
}

export function policyId({
  namespace,
  name,
}: {
  readonly namespace: string | undefined;
  readonly name: string;
}): PolicyId {
  return `${namespace ?? ''}/${name}`;
}

export function policyPath({ namespace, name }: ParsedPolicy['meta']): string {
  return objectPath(namespace === undefined ? clusterPanTagPolicies : panTagPolicies, name, namespace);
}

/** Only the status moved. */
function sameSpec(a: ParsedFirewall | ParsedPolicy | undefined, b: ParsedFirewall | ParsedPolicy): boolean {
  return a !== undefined && a.meta.uid === b.meta.uid && a.meta.generation === b.meta.generation;
}

function sameLifecycle(a: ParsedFirewall['meta'], b: ParsedFirewall['meta']): boolean {
  return a.deletingSince === b.deletingSince && a.finalizers.join() === b.finalizers.join();
}

function sameLabels(a: Labels | undefined, b: Labels): boolean {
  return a !== undefined && a.size === b.size && [...b].every(([key, value]) => a.get(key) === value);
}
