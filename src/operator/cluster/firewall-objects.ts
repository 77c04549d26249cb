// The PanFirewalls as they were last seen, each with the worker that keeps its tables.

import { isDeepStrictEqual } from 'node:util';
import { wasDeletedAlone } from '../../core/removals/crd-deletion.ts';
import type { Desired } from '../../core/desired/desired.ts';
import type { TableClaim } from '../../core/rights/table-claims.ts';
import { objectPath, panFirewalls } from '../../kubernetes/resources/api.ts';
import type { ParsedFirewall } from '../../kubernetes/resources/parse.ts';
import type { Logger } from '../../runtime/logger.ts';
import { AnnotationRequests } from './annotation-requests.ts';
import type { AskDefinition } from './definition-watch.ts';
import type { ReadableFirewall } from '../firewall/firewall-context.ts';
import type { FirewallWorker } from '../firewall/firewall-worker.ts';
import { KnownTableClaims } from './known-table-claims.ts';
import type { Term } from '../leadership/term.ts';
import type { StatusKey } from './status-key.ts';

export type FirewallObject = {
  parsed: ParsedFirewall;
  worker: FirewallWorker | undefined;
};

export type FirewallObjectsOptions = {
  readonly desired: Desired;
  readonly createWorker: (parsed: ReadableFirewall) => FirewallWorker;
  /** Something moved that the status of this object may show. */
  readonly changed: (key: StatusKey) => void;
  /** Takes an annotation that has been acted on off the object. */
  readonly dropAnnotation: (path: string, annotation: string, value: string) => void;
  readonly askDefinition: AskDefinition;
  /** The watch delivered this object's status. */
  readonly statusObserved: (key: StatusKey, status: unknown) => void;
  readonly log: Logger;
};

export class FirewallObjects {
  readonly all = new Map<string, FirewallObject>();
  readonly #options: FirewallObjectsOptions;
  readonly #requests = new AnnotationRequests();
  readonly #claims = new KnownTableClaims();
  /** Starts and stops of one firewall's worker happen one after the other: two would write to one table. */
  readonly #lifecycles = new Map<string, Promise<void>>();
  /** While we lead. */
  #term: Term | undefined;

  constructor(options: FirewallObjectsOptions) {
    this.#options = options;
  }

  /** Which tables each PanFirewall keeps, by its name. */
  get tableClaims(): ReadonlyMap<string, TableClaim> {
    return this.#claims.all;
  }

  get leads(): boolean {
    return this.#term !== undefined;
  }

  workers(): FirewallWorker[] {
    return [...this.all.values()].flatMap(({ worker }) => worker ?? []);
  }

  /** Lets the workers write. */
  lead(term: Term): void {
    this.#term = term;
    for (const worker of this.workers()) worker.lead(term);
  }

  /** Keeps the workers from writing; messages in flight end first. What they note goes on. */
  async standBy(): Promise<void> {
    this.#term = undefined;
    await Promise.all([...this.workers().map((worker) => worker.standBy()), ...this.#lifecycles.values()]);
  }

  /** Resolves when no worker is being created, changed or stopped any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#lifecycles.values());
  }

  /** Takes over which tables a PanFirewall keeps, as its worker knows; undefined: as its object and status tell. */
  putTableClaim(firewall: string, claim: TableClaim | undefined): void {
    this.#claims.put(firewall, claim, this.all.get(firewall)?.parsed);
    for (const [name, { worker }] of this.all) {
      worker?.tables.tableClaimsChanged();
      this.#options.changed(name);
    }
  }

  /** Has the worker of a PanFirewall that is being deleted purge its tables, after what is under way. */
  purge({ worker, parsed }: FirewallObject): void {
    this.#inTurn(parsed.meta.name, async () => worker?.purge());
  }

  /** Acts on what administrators asked for by annotation, as far as it can be by now. */
  reviewRequests(): void {
    const { dropAnnotation, log } = this.#options;
    this.#requests.review({
      workerOf: (name) => this.all.get(name)?.worker,
      drop: (name, annotation, value) => dropAnnotation(objectPath(panFirewalls, name), annotation, value),
      log,
    });
  }

  set(parsed: ParsedFirewall): void {
    const { statusObserved, changed } = this.#options;
    const { name } = parsed.meta;
    const known = this.all.get(name);
    const before = known?.parsed;
    const object = known ?? { parsed, worker: undefined };
    object.parsed = parsed;
    this.all.set(name, object);
    this.#see(name);
    this.#requests.note(name, parsed.meta.annotations);
    if (before !== undefined && !sameLifecycle(before, parsed)) {
      object.worker?.tables.knowledgeChanged();
      changed(name);
    }
    if (before !== undefined && sameForUs(before, parsed)) {
      object.worker?.statusChanged();
      return statusObserved(name, parsed.status);
    }
    if (before !== undefined && before.meta.uid !== parsed.meta.uid) this.#retire(object);
    this.#takeUp(object);
    this.#inTurn(name, () => this.#settle(object));
    changed(name);
  }

  gone({ meta }: ParsedFirewall): void {
    const { askDefinition, changed, log } = this.#options;
    const object = this.all.get(meta.name);
    if (object?.parsed.meta.uid !== meta.uid) return;
    log.info({ firewall: meta.name }, 'PanFirewall deleted');
    askDefinition(panFirewalls, (look) => {
      if (wasDeletedAlone(look, meta.createdAt)) return;
      const told = 'PanFirewall deleted with its CRD, tables kept until it is created again';
      log.warn({ firewall: meta.name }, told);
    });
    this.all.delete(meta.name);
    this.#see(meta.name);
    this.#requests.forget(meta.name);
    this.#retire(object);
    changed(meta.name);
  }

  #see(name: string): void {
    if (this.#claims.see(name, this.all.get(name)?.parsed)) this.putTableClaim(name, undefined);
  }

  #takeUp(object: FirewallObject): void {
    const { desired, log } = this.#options;
    const { parsed } = object;
    const { name: firewall, generation } = parsed.meta;
    if (parsed.ok) {
      const { endpoint } = parsed.settings;
      log.info({ firewall, generation, endpoint }, 'PanFirewall accepted');
      desired.setFirewall(parsed.firewall);
    } else {
      log.warn({ firewall, generation, problems: parsed.problems }, 'PanFirewall invalid');
      this.#retire(object);
    }
  }

  /** The worker sends nothing from here on; only then may Desired forget what it should hold. */
  #retire(object: FirewallObject): void {
    const { name } = object.parsed.meta;
    const stopped = stopWorker(object);
    this.#inTurn(name, () => stopped);
    this.#options.desired.deleteFirewall(name);
  }

  /** Brings the worker in line with the object as it is by now. */
  async #settle(object: FirewallObject): Promise<void> {
    const { parsed } = object;
    if (!parsed.ok || this.all.get(parsed.meta.name) !== object) return;
    if (object.worker === undefined) {
      object.worker = this.#options.createWorker(parsed);
      if (this.#term !== undefined) object.worker.lead(this.#term);
    } else await object.worker.configure(parsed.settings);
    this.#options.changed(parsed.meta.name);
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

function sameLifecycle({ meta: a }: ParsedFirewall, { meta: b }: ParsedFirewall): boolean {
  return a.deletingSince === b.deletingSince && a.finalizers.join() === b.finalizers.join();
}

/**
 * Only the status moved, or metadata that decides nothing. The generation alone does not tell: a restored etcd gives it a
 * second time.
 */
function sameForUs(a: ParsedFirewall, b: ParsedFirewall): boolean {
  const { uid, generation } = a.meta;
  return uid === b.meta.uid && generation === b.meta.generation && isDeepStrictEqual(saidBy(a), saidBy(b));
}

/** The labels of an invalid one select nothing. */
function saidBy(parsed: ParsedFirewall): readonly unknown[] {
  const { ending } = parsed;
  return parsed.ok ? [ending, parsed.firewall, parsed.settings] : [ending, parsed.problems];
}
