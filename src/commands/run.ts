// Composition root: builds the operator from its parts, each from what was built before, and runs it until the signal.

import { hostname } from 'node:os';
import type { Settings } from '../config/config.ts';
import { referenceTo } from '../kubernetes/events/events.ts';
import type { Timing } from '../core/model/timing.ts';
import { createKubeHttp, type KubeHttp } from '../kubernetes/client/http.ts';
import { connectToCluster } from '../kubernetes/client/kube-connection.ts';
import { panFirewalls } from '../kubernetes/resources/api.ts';
import { allowLookups } from '../net/names.ts';
import { type AuditLog, openAuditLog } from '../operator/audit/audit-log.ts';
import { Controller } from '../operator/cluster/controller.ts';
import { DefinitionWatch } from '../operator/cluster/definition-watch.ts';
import { waitForDefinitions } from '../operator/cluster/definitions.ts';
import { EventRecorder } from '../operator/status/event-recorder.ts';
import { metricsObserver } from '../operator/status/metrics-observer.ts';
import type { FirewallEnvironment } from '../operator/firewall/firewall-context.ts';
import { createFirewallWorker } from '../operator/firewall/firewall-worker.ts';
import { collectGauges } from '../operator/status/gauges.ts';
import { readiness, type Watched } from '../operator/cluster/readiness.ts';
import { ChangeRelay } from '../operator/cluster/change-relay.ts';
import { CurrentTerm } from '../operator/leadership/term.ts';
import { readOwnerId } from '../operator/cluster/installation.ts';
import { observedKeyExchange, openObservedConnection } from '../operator/device/observed-connection.ts';
import { dropAnnotation } from '../operator/status/status-writer.ts';
import { createWatches } from '../operator/cluster/watches.ts';
import { runLeadership } from './leadership.ts';
import { checkTiming } from './test-timing.ts';
import { type Routes, startHttpServer } from '../runtime/http-server.ts';
import type { Logger } from '../runtime/logger.ts';
import { createMetrics, type Metrics } from '../runtime/metrics.ts';
import { observeStalls } from '../runtime/stalls.ts';
import { pause } from '../runtime/wake.ts';
import { revision, userAgent, version } from '../version.ts';

/** Monotonic ms, the only clock that durations are measured with. */
const now = () => performance.now();

/** What /readyz tells: what stands in the way of watching at all, and how the watches fare. */
type Health = { blocked: string | undefined; watched: readonly Watched[] };

export async function run(settings: Settings, log: Logger, signal: AbortSignal): Promise<void> {
  log.info({ version, revision: revision(), node: process.version }, 'pan-tag-operator starting');
  const metrics = createMetrics({ version, revision: revision() });
  allowLookups(settings.lookupThreads);
  const cluster = connectToCluster(settings.kubeconfig);
  checkTiming(settings.timing, cluster.server, log);
  const http = createKubeHttp({ connection: cluster, userAgent });
  const namespace = settings.namespace ?? cluster.namespace ?? 'pan-tag-operator';
  log.info({ server: cluster.server.origin, namespace }, 'cluster');

  const audit = settings['audit-log']
    ? openAuditLog(1, (lines) => metrics.auditLinesLost.inc(lines))
    : undefined;
  const health: Health = { blocked: 'the CRDs have not been checked yet', watched: [] };
  const server = await startHttpServer(settings['http-address'], routes(metrics, health));
  log.info({ address: server.address }, 'http server listening');
  try {
    const blockedBy = (problem: string | undefined) => {
      health.blocked = problem;
    };
    await waitForDefinitions({ http, log, blockedBy, signal });
    const definitions = new DefinitionWatch({ http, log, blockedBy });
    await definitions.begin(signal);
    const ownerId = await readOwnerId({ http, namespace, log, blockedBy, signal });
    log.info({ ownerId }, 'installation');
    await operate({
      http,
      namespace,
      ownerId,
      elect: settings['leader-elect'],
      environmentProxy: settings.proxy,
      timing: settings.timing,
      metrics,
      audit,
      log,
      health,
      definitions,
      signal,
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await audit?.close();
    await server.close();
    await cluster.close();
  }
}

type OperatorParts = {
  readonly http: KubeHttp;
  /** The operator's own. */
  readonly namespace: string;
  /** False: lead at once, whatever the Lease says. */
  readonly elect: boolean;
  readonly environmentProxy: Settings['proxy'];
  readonly timing: Timing;
  readonly ownerId: string;
  readonly metrics: Metrics;
  readonly audit: AuditLog | undefined;
  readonly log: Logger;
  readonly health: Health;
  readonly definitions: DefinitionWatch;
  readonly signal: AbortSignal;
};

async function operate(parts: OperatorParts): Promise<void> {
  const { http, namespace, elect, timing, metrics, log, health, definitions, signal } = parts;
  const events = new EventRecorder({
    http,
    instance: hostname(),
    failed: (reason) => metrics.reconcileErrors.inc({ reason }),
    log,
    clock: () => Date.now(),
  });
  const changes = new ChangeRelay();
  const current = new CurrentTerm();
  const environment = firewallEnvironment(parts, { events, changes, current });
  const controller = new Controller({
    createWorker: (parsed, cluster) => createFirewallWorker(environment, cluster, parsed),
    changed: changes.changed,
    dropAnnotation: (path, annotation, value) => {
      const drop = () => dropAnnotation(http, path, { annotation, value }, signal);
      const failed = (error: unknown) => log.warn({ path, annotation, err: error }, 'annotation not removed');
      untilDone(drop, failed, signal).catch(() => undefined);
    },
    askDefinition: definitions.ask,
    statusObserved: changes.statusObserved,
    audit: parts.audit,
    log,
  });
  const watches = createWatches({ http, namespace, controller, metrics, log });
  health.watched = watches;
  collectGauges(metrics, controller, watches);
  observeStalls(metrics);
  const leading = {
    http,
    namespace,
    elect,
    controller,
    watches,
    changes,
    current,
    definitions,
    events,
    timing,
    metrics,
    log,
  };
  // A bug in one part ends all of them: the next start begins from what the firewalls and the cluster say.
  const ending = new AbortController();
  const stop = AbortSignal.any([signal, ending.signal]);
  const running = [
    ...watches.map((watch) => watch.run(stop)),
    definitions.run(stop),
    runLeadership(leading, stop),
  ];
  // The last to end: the others have something to tell to their end.
  const silence = new AbortController();
  const telling = events.run(silence.signal);
  try {
    await Promise.all(running.map((part) => part.finally(() => ending.abort())));
  } finally {
    await Promise.allSettled(running);
    silence.abort();
    await telling;
  }
}

const retryMs = 5_000;

/** Tries again until it is done, and tells of the first failure. Rejects when the signal aborts. */
async function untilDone(act: () => Promise<void>, failed: (error: unknown) => void, signal: AbortSignal) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (tries === 1 && !signal.aborted) failed(error);
      await pause(retryMs, signal);
    }
  }
}

type Told = {
  readonly events: EventRecorder;
  readonly changes: ChangeRelay;
  readonly current: CurrentTerm;
};

function firewallEnvironment(
  { ownerId, environmentProxy, timing, metrics, audit, log }: OperatorParts,
  { events, changes, current }: Told,
): FirewallEnvironment {
  const keyExchange = observedKeyExchange(log);
  return {
    ownerId,
    open: (firewall, settings) =>
      openObservedConnection({
        settings,
        environmentProxy,
        keyExchange,
        userAgent,
        mayCall: current.mayBegin,
        mayGoOn: current.mayGoOn,
        firewall,
        metrics,
        log,
        timing,
      }),
    observe: (meta, desired) =>
      metricsObserver({
        firewall: meta.name,
        metrics,
        desired,
        changed: () => changes.changed(meta.name),
        record: (event) => events.record(referenceTo(panFirewalls, meta), event),
      }),
    audit,
    log,
    now,
    timing,
  };
}

function routes(metrics: Metrics, health: Health): Routes {
  return {
    '/healthz': () => ({ status: 200, body: 'ok\n' }),
    '/readyz': () => {
      const { ready, lines } = readiness(health.watched, health.blocked, now());
      return { status: ready ? 200 : 503, body: `${lines.join('\n')}\n` };
    },
    '/metrics': async () => ({
      status: 200,
      body: await metrics.text(),
      contentType: metrics.registry.contentType,
    }),
  };
}
