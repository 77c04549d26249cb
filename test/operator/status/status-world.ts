// A real Controller over made-up firewalls, and the statuses that a StatusSource and a StatusQueue write for it.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AddressChange } from '../../../src/core/model/address-change.ts';
import { LimitTally } from '../../../src/core/limits/limit-tally.ts';
import { Refusals } from '../../../src/core/message/refusals.ts';
import type { Finding } from '../../../src/core/model/finding.ts';
import type { NamespaceRecord } from '../../../src/core/model/model.ts';
import type { FirewallView } from '../../../src/core/status/firewall-view.ts';
import type { PodRecord } from '../../../src/kubernetes/codec/pod-record.ts';
import type { RawObject } from '../../../src/kubernetes/codec/decoders.ts';
import { Controller, kinds } from '../../../src/operator/cluster/controller.ts';
import { isPolicyKey, type StatusKey } from '../../../src/operator/cluster/status-key.ts';
import type { FirewallWorker } from '../../../src/operator/firewall/firewall-worker.ts';
import { openWork } from '../../../src/core/status/open-work.ts';
import { podSource } from '../../../src/operator/sources/pod-source.ts';
import { PolicyMetrics } from '../../../src/operator/status/policy-metrics.ts';
import { StatusEvents } from '../../../src/operator/status/status-events.ts';
import { type Status, StatusQueue } from '../../../src/operator/status/status-queue.ts';
import { StatusSource } from '../../../src/operator/status/status-source.ts';
import { createMetrics } from '../../../src/runtime/metrics.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { quietTable } from '../../core/status/quiet-table.ts';

type Spec = Readonly<Record<string, unknown>>;
type Stored = {
  readonly uid: string;
  readonly generation: number;
  spec: Spec;
  labels: object;
  status?: Status;
};

/** What a firewall answers, in place of a FirewallWorker and its device. */
export class PretendedFirewall {
  readonly pending = new Set<string>();
  readonly refusals = new Refusals();
  readonly tally = new LimitTally();
  failing: Finding | undefined;
  known = true;
  oldestPendingAt: number | undefined;
  lastConfirmedAt = 0;
  readonly #name: string;
  readonly #world: StatusWorld;

  constructor(name: string, world: StatusWorld) {
    this.#name = name;
    this.#world = world;
  }

  confirm(address: string): void {
    this.pending.delete(address);
    this.lastConfirmedAt = this.#world.now;
    if (this.pending.size === 0) this.oldestPendingAt = undefined;
  }

  worker(): FirewallWorker {
    const nothing = () => undefined;
    const worker = {
      note: ({ address }: AddressChange) => {
        this.pending.add(address);
        this.oldestPendingAt ??= this.#world.now;
      },
      view: (finding: Finding | undefined) => this.#view(finding),
      openWork: () =>
        openWork(this.#world.controller.desired, {
          name: this.#name,
          tables: [{ refusals: this.refusals, pendingAddresses: () => this.pending }],
          limits: {
            limitedPolicies: () => this.tally.policies(),
            sharesOf: (policy) => this.tally.sharesOf(policy),
            isOut: (policy, address) => this.tally.has(policy, address),
            limitedOf: (policy) =>
              this.tally.sharesOf(policy).map(({ addresses, examples }) => ({
                finding: { reason: 'CapacityExceeded', message: `full, without ${examples.join()}` },
                addresses,
                examples,
              })),
          },
        }),
      standBy: () => Promise.resolve(),
      configure: () => Promise.resolve(),
      refersTo: () => false,
      limits: { note: nothing },
      tables: { knowledgeChanged: nothing, tableClaimsChanged: nothing },
      statusChanged: nothing,
    };
    return worker as unknown as FirewallWorker;
  }

  #view(finding: Finding | undefined): FirewallView {
    const [refused] = this.refusals.addresses();
    const table = {
      ...quietTable,
      firewall: this.#name,
      failing: this.failing,
      known: this.known,
      pending: this.pending.size,
      refused: refused === undefined ? undefined : { count: this.refusals.size, example: refused },
      oldestPendingAt: this.oldestPendingAt,
      lastConfirmedAt: this.lastConfirmedAt,
    };
    return {
      finding,
      device: undefined,
      tables: [{ ref: { serial: undefined, vsys: undefined }, view: table }],
    };
  }
}

export class StatusWorld {
  readonly controller: Controller;
  readonly firewalls = new Map<string, PretendedFirewall>();
  readonly metrics = createMetrics({ version: '0', revision: '0' });
  now = 100_000;
  /** How many statuses were computed. */
  computed = 0;
  /** Of the API server, by key. */
  readonly #stored = new Map<StatusKey, Stored>();
  #source: StatusSource;
  #queue = new StatusQueue(() => undefined);
  #uids = 0;

  /** @param startedAt when the process started, for its grace. */
  constructor(startedAt: number) {
    this.controller = new Controller({
      createWorker: ({ meta }) => this.firewall(meta.name).worker(),
      changed: (key) => this.#source.changed(key),
      statusObserved: (key, status) => {
        this.#source.changed(key);
        this.#queue.observed(key, status, this.now);
      },
      dropAnnotation: () => undefined,
      askDefinition: () => undefined,
      log: createLogger({ level: 'silent', format: 'json' }),
      now: () => this.now,
    });
    this.#source = this.#createSource(startedAt);
    for (const kind of kinds) this.#sink(kind).synced();
  }

  firewall(name: string): PretendedFirewall {
    const found = this.firewalls.get(name) ?? new PretendedFirewall(name, this);
    this.firewalls.set(name, found);
    return found;
  }

  /** Another process takes over, and knows what the API server has. */
  restart(): void {
    this.#source = this.#createSource(this.now);
    this.#queue = new StatusQueue(() => undefined);
  }

  /** As a worker's observer reports it. */
  report(firewall: string): void {
    this.#source.changed(firewall);
  }

  pod(record: PodRecord | undefined, before?: PodRecord): void {
    const pods = this.controller.claimants(podSource());
    if (record !== undefined) pods.apply([{ type: 'set', record, origin: 'watch' }]);
    else if (before !== undefined) pods.apply([{ type: 'gone', record: before, origin: 'watch' }]);
  }

  namespace(record: NamespaceRecord, type: 'set' | 'gone' = 'set'): void {
    this.controller.namespaces().apply([{ type, record, origin: 'watch' }]);
  }

  /** Creates, edits or deletes a policy or PanFirewall. */
  async put(key: StatusKey, spec: Spec | undefined, labels: object = {}): Promise<void> {
    const before = this.#stored.get(key);
    if (spec !== undefined) {
      const uid = before?.uid ?? `u${(this.#uids += 1)}`;
      const generation = (before?.generation ?? 0) + 1;
      this.#stored.set(key, { ...before, uid, generation, spec, labels });
      this.#deliver(key, 'set');
    } else if (before !== undefined) {
      this.#deliver(key, 'gone');
      this.#stored.delete(key);
    }
    await nextTurn();
  }

  /** What a worker does at one time: judges what may have moved, and writes what is due. */
  pass(): void {
    for (const key of this.#queue.again(this.now)) this.#source.changed(key);
    for (const [key, subject] of this.#source.take(this.now)) {
      this.computed += 1;
      this.#queue.judge(key, subject, this.now);
    }
    for (const due of this.#queue.due()) {
      this.#queue.sending(due, this.now);
      const { key } = due.subject;
      const object = this.#stored.get(key);
      if (object !== undefined) object.status = due.computed.status;
      this.#queue.written(due, this.now);
      if (object !== undefined) this.#deliver(key, 'set');
    }
  }

  /** Passes until what is reported has been written. */
  settle(ms = 5000): void {
    for (const end = this.now + ms; this.now < end; this.now += 50) this.pass();
  }

  /** The statuses that the API server has. */
  written(): ReadonlyMap<StatusKey, Status | undefined> {
    return new Map([...this.#stored].map(([key, { status }]) => [key, status]));
  }

  /** Every status computed anew, by a process that has remembered nothing. */
  recomputed(): ReadonlyMap<StatusKey, Status | undefined> {
    const time = '2026-01-01T00:00:00Z';
    const statuses = new Map<StatusKey, Status | undefined>();
    const apart = createMetrics({ version: '0', revision: '0' });
    for (const [key, subject] of this.#createSource(Number.NEGATIVE_INFINITY, apart).take(this.now)) {
      const previous = subject?.current?.conditions ?? [];
      const { generation = 0 } = subject ?? {};
      statuses.set(key, subject?.compute({ generation, previous, now: this.now, time }).status);
    }
    return statuses;
  }

  #createSource(startedAt: number, metrics = this.metrics): StatusSource {
    const events = new StatusEvents(() => undefined);
    const policyMetrics = new PolicyMetrics(metrics);
    return new StatusSource({ controller: this.controller, events, policyMetrics, startedAt });
  }

  #sink(kind: (typeof kinds)[number]) {
    const { controller } = this;
    if (kind === 'pods') return controller.claimants(podSource());
    if (kind === 'namespaces') return controller.namespaces();
    if (kind === 'secrets') return controller.secretsOf();
    return kind === 'panfirewalls' ? controller.panFirewalls() : controller.policiesOf(kind);
  }

  #deliver(key: StatusKey, type: 'set' | 'gone'): void {
    const stored = this.#stored.get(key);
    if (stored === undefined) return;
    const { uid, generation, spec, labels, status } = stored;
    const [home = '', name = ''] = isPolicyKey(key) ? key.split('/') : ['', key];
    const kind = !isPolicyKey(key) ? 'PanFirewall' : home === '' ? 'ClusterPanTagPolicy' : 'PanTagPolicy';
    const metadata = {
      name,
      ...(home === '' ? {} : { namespace: home }),
      uid,
      generation,
      labels,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    };
    const object = JSON.parse(JSON.stringify({ kind, metadata, spec, status })) as RawObject['object'];
    const record: RawObject = { uid, resourceVersion: '1', object };
    const sinks = {
      PanFirewall: this.#sink('panfirewalls'),
      PanTagPolicy: this.#sink('pantagpolicies'),
      ClusterPanTagPolicy: this.#sink('clusterpantagpolicies'),
    };
    (sinks[kind] as ReturnType<Controller['panFirewalls']>).apply([{ type, record, origin: 'watch' }]);
  }
}
