// Runs what only the leader does: builds the election, and for each term all that writes to devices and to the API.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { newHoldersSince } from '../core/lifecycle/leader-lease.ts';
import type { Timing } from '../core/model/timing.ts';
import type { KubeHttp } from '../kubernetes/client/http.ts';
import { createLeaseClient } from '../kubernetes/leases/lease.ts';
import { watchLease } from '../kubernetes/leases/lease-watch.ts';
import { referenceTo } from '../kubernetes/events/events.ts';
import { panFirewalls } from '../kubernetes/resources/api.ts';
import type { Controller } from '../operator/cluster/controller.ts';
import type { DefinitionWatch } from '../operator/cluster/definition-watch.ts';
import { Election } from '../operator/leadership/election.ts';
import type { EventRecorder } from '../operator/status/event-recorder.ts';
import { StatusEvents } from '../operator/status/status-events.ts';
import { Farewells } from '../operator/lifecycle/farewells.ts';
import { Finalizers, type PatchObject } from '../operator/lifecycle/finalizers.ts';
import { LifecycleWorker } from '../operator/lifecycle/lifecycle-worker.ts';
import { PolicyMetrics } from '../operator/status/policy-metrics.ts';
import { StatusSource } from '../operator/status/status-source.ts';
import { StatusWorker } from '../operator/status/status-worker.ts';
import { patchObject, writeStatus } from '../operator/status/status-writer.ts';
import type { ChangeRelay } from '../operator/cluster/change-relay.ts';
import { type CurrentTerm, systemClocks, type Term } from '../operator/leadership/term.ts';
import type { Watch } from '../operator/cluster/watches.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Metrics } from '../runtime/metrics.ts';

type LeadershipParts = {
  readonly http: KubeHttp;
  /** The operator's own, where the Lease is. */
  readonly namespace: string;
  /** False: lead at once, whatever the Lease says. */
  readonly elect: boolean;
  readonly definitions: DefinitionWatch;
  readonly controller: Controller;
  readonly watches: readonly Watch[];
  readonly changes: ChangeRelay;
  readonly current: CurrentTerm;
  readonly events: EventRecorder;
  readonly timing: Timing;
  readonly metrics: Metrics;
  readonly log: Logger;
};

/** Leads whenever it can, until the signal; everything that it began has ended then. */
export async function runLeadership(parts: LeadershipParts, signal: AbortSignal): Promise<void> {
  const { http, namespace, log } = parts;
  const election = createElection(parts);
  const changed = (holder: string) => election.changed(holder);
  await Promise.all([
    election.run(signal, (term) => lead(parts, term)),
    watchLease({ http, namespace, changed, log }, signal),
  ]);
}

async function lead(parts: LeadershipParts, term: Term): Promise<void> {
  const { controller, changes, current, metrics } = parts;
  const policyMetrics = new PolicyMetrics(metrics);
  const status = createStatusWorker(parts, term, policyMetrics);
  const lifecycle = createLifecycleWorker(parts, term);
  current.term = term;
  changes.listen({
    changed: (key) => {
      status.changed(key);
      lifecycle.changed();
    },
    statusObserved: (key, value) => status.observed(key, value),
  });
  metrics.leader.set(1);
  controller.lead(term);
  try {
    await Promise.all([status.run(term.signal), lifecycle.run(term.signal)]);
  } finally {
    await controller.standBy();
    metrics.leader.set(0);
    policyMetrics.clear();
    current.term = undefined;
    changes.listen(undefined);
  }
}

function createElection(parts: LeadershipParts): Election {
  const { http, namespace, elect, controller, watches, timing, log } = parts;
  return new Election({
    client: createLeaseClient(http, namespace),
    identity: leaseIdentity(),
    mode: elect ? 'wait' : 'ignore',
    clocks: systemClocks,
    turnedBack: () => {
      log.warn('API server restored to an older state, relisting');
      // What was learnt of it may never have been.
      for (const watch of watches) watch.startAnew();
    },
    found: (lease, seenAt) => {
      if (lease?.renewedAt !== undefined) controller.nobodyLedSince(newHoldersSince(lease.renewedAt, seenAt));
    },
    timing,
    log,
  });
}

function createLifecycleWorker(parts: LeadershipParts, term: Term): LifecycleWorker {
  const { http, controller, definitions, events, metrics, log } = parts;
  const patch: PatchObject = async (path, change, stop) => {
    if (!term.mayBegin()) throw term.signal.reason;
    return patchObject(http, path, change, stop);
  };
  return new LifecycleWorker({
    firewalls: () => controller.firewalls.values(),
    finalizers: new Finalizers({ patch, log }),
    farewells: new Farewells({
      patch,
      askDefinition: definitions.ask,
      purge: (object) => controller.purge(object),
      record: (meta, event) => events.record(referenceTo(panFirewalls, meta), event),
      log,
      clock: systemClocks.wall,
    }),
    failed: (reason) => metrics.reconcileErrors.inc({ reason }),
    log,
  });
}

function createStatusWorker(parts: LeadershipParts, term: Term, policyMetrics: PolicyMetrics): StatusWorker {
  const { http, controller, events, metrics, log } = parts;
  const now = systemClocks.now;
  // What was told in an earlier term is in the statuses, or was another leader's to tell.
  const statusEvents = new StatusEvents((about, event) => events.record(about, event));
  return new StatusWorker({
    source: new StatusSource({ controller, events: statusEvents, policyMetrics, startedAt: now() }),
    write: async (subject, value, stop) => {
      if (!term.mayBegin()) throw term.signal.reason;
      return writeStatus(http, subject, value, stop);
    },
    gone: (uid) => statusEvents.forget(uid),
    failed: (reason) => metrics.reconcileErrors.inc({ reason }),
    log,
    now,
  });
}

/** As other operators do it: the Pod's name, which is its host's, and something that no restart repeats. */
export function leaseIdentity(): string {
  return `${hostname()}_${randomUUID()}`;
}
