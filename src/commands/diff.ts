// The command diff: compares what the policies want with what the firewalls have, pair by pair, and writes nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import type { DiffRequest } from '../config/command-flags.ts';
import type { Settings } from '../config/config.ts';
import { createKubeHttp } from '../kubernetes/client/http.ts';
import { connectToCluster } from '../kubernetes/client/kube-connection.ts';
import { allowLookups } from '../net/names.ts';
import { explained } from '../operator/check/cluster-check.ts';
import { diffLines, type FirewallDiff, firewallDiff } from '../operator/check/diff-report.ts';
import { Controller } from '../operator/cluster/controller.ts';
import { askOwnerId } from '../operator/cluster/installation.ts';
import { createWatches } from '../operator/cluster/watches.ts';
import type { FirewallEnvironment } from '../operator/firewall/firewall-context.ts';
import { createFirewallWorker } from '../operator/firewall/firewall-worker.ts';
import { systemClocks, type Term } from '../operator/leadership/term.ts';
import { unknownNames } from '../operator/lifecycle/purge-selection.ts';
import { openReadOnly } from './read-only.ts';
import { silentObserver } from '../operator/table/table-observer.ts';
import type { Logger } from '../runtime/logger.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { revision, userAgent, version } from '../version.ts';

type DiffOptions = {
  readonly settings: Settings;
  readonly request: DiffRequest;
  readonly log: Logger;
  /** Takes what the command says, line by line. */
  readonly tell: (line: string) => void;
};

const pollMs = 50;

/** 0: equal; 1: something differs; 2: something could not be compared, or it was interrupted. Rejects for a bug. */
export async function diff(options: DiffOptions, signal: AbortSignal): Promise<0 | 1 | 2> {
  const { settings, request, log, tell } = options;
  allowLookups(settings.lookupThreads);
  const cluster = connectToCluster(settings.kubeconfig);
  const http = createKubeHttp({ connection: cluster, userAgent });
  const namespace = settings.namespace ?? cluster.namespace ?? 'pan-tag-operator';
  const ending = new AbortController();
  const stop = AbortSignal.any([signal, ending.signal]);
  let running: readonly Promise<void>[] = [];
  try {
    const ownerId = await askOwnerId(http, namespace, stop);
    const controller = observingController({ settings, ownerId, log });
    const metrics = createMetrics({ version, revision: revision() });
    running = createWatches({ http, namespace, controller, metrics, log }).map((watch) => watch.run(stop));
    controller.lead(readingTerm(stop));
    const unknown = await untilComplete(controller, request, stop);
    for (const line of unknown) tell(line);
    return unknown.length > 0 ? 2 : report(chosen(controller, request), tell);
  } catch (error) {
    tell(signal.aborted ? 'interrupted: not compared' : `not compared: ${explained(error)}`);
    return 2;
  } finally {
    ending.abort();
    await Promise.allSettled(running);
    await cluster.close();
  }
}

/** Resolves with what is wrong with the names, once all that was chosen is known or the time is over. */
async function untilComplete(
  controller: Controller,
  { names, timeoutSeconds }: DiffRequest,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const until = performance.now() + timeoutSeconds * 1000;
  for (; performance.now() < until; await sleep(pollMs, undefined, { signal })) {
    if (!controller.synced) continue;
    const unknown = unknownNames(
      names,
      [...controller.firewalls.values()].map(({ parsed }) => parsed),
    );
    if (unknown.length > 0) return unknown;
    if (chosen(controller, { names }).every(({ isComplete }) => isComplete)) return [];
  }
  return controller.synced
    ? []
    : ['the cluster was not read in time: raise --timeout, or run the command check'];
}

function chosen({ firewalls }: Controller, { names }: Pick<DiffRequest, 'names'>): readonly FirewallDiff[] {
  return [...firewalls.values()]
    .filter(({ parsed }) => names.length === 0 || names.includes(parsed.meta.name))
    .map(firewallDiff)
    .sort((a, b) => (a.firewall < b.firewall ? -1 : 1));
}

function report(diffs: readonly FirewallDiff[], tell: (line: string) => void): 0 | 1 | 2 {
  if (diffs.length === 0) tell('there are no PanFirewalls');
  for (const { firewall, tables } of diffs)
    for (const table of tables) for (const line of diffLines(table, firewall)) tell(line);
  const tables = diffs.flatMap((one) => one.tables);
  if (tables.some(({ isRead }) => !isRead)) return 2;
  return tables.some(({ changes = [] }) => changes.length > 0) ? 1 : 0;
}

type Observing = Pick<DiffOptions, 'settings' | 'log'> & { readonly ownerId: string };

/** The operator's own parts, of which every PanFirewall is in Observe. */
function observingController({ settings, log, ownerId }: Observing): Controller {
  const environment: FirewallEnvironment = {
    ownerId,
    observeOnly: true,
    observe: () => silentObserver,
    log,
    now: systemClocks.now,
    timing: settings.timing,
    // A second lock: Observe sends nothing.
    open: (_, connection) => openReadOnly(settings, connection),
  };
  return new Controller({
    createWorker: (parsed, state) => createFirewallWorker(environment, state, parsed),
    changed: () => {},
    dropAnnotation: () => {},
    askDefinition: () => {},
    statusObserved: () => {},
    log,
  });
}

/** It reads, which needs no Lease. */
function readingTerm(signal: AbortSignal): Term {
  return { signal, lost: signal, mayBegin: () => true, mayGoOn: () => true };
}
