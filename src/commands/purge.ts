// The command purge: asks, sees that no operator runs, takes the Lease, has everything of ours unregistered, and gives the Lease back.

import type { PurgeRequest } from '../config/command-flags.ts';
import type { Settings } from '../config/config.ts';
import { createKubeHttp, type KubeHttp } from '../kubernetes/client/http.ts';
import { connectToCluster } from '../kubernetes/client/kube-connection.ts';
import { KubeApiError, KubeUnreachableError } from '../kubernetes/errors/kube-errors.ts';
import { createLeaseClient, leaseName } from '../kubernetes/leases/lease.ts';
import { allowLookups } from '../net/names.ts';
import { leaseIdentity } from './leadership.ts';
import { withLease } from '../operator/leadership/election.ts';
import { readOwnerId } from '../operator/cluster/installation.ts';
import { watchRenewal } from '../operator/leadership/lease-renewal.ts';
import { selectionLines, selectForPurge, unknownNames } from '../operator/lifecycle/purge-selection.ts';
import { systemClocks } from '../operator/leadership/term.ts';
import { purgeUnder, readFirewalls } from './purge-work.ts';
import { checkTiming } from './test-timing.ts';
import type { Logger } from '../runtime/logger.ts';
import { userAgent } from '../version.ts';

type PurgeOptions = {
  readonly settings: Settings;
  readonly request: PurgeRequest;
  readonly log: Logger;
  /** Takes what the command says, line by line. */
  readonly tell: (line: string) => void;
  /** Asks whoever sits at the terminal; undefined where there is none. */
  readonly ask: ((question: string, signal: AbortSignal) => Promise<boolean>) | undefined;
};

/** 0: nothing of ours is left where it was to be purged; 1: something may be left; 2: nothing was written. */
type PurgeCode = 0 | 1 | 2;

/** The API server and the Lease have so long together; purges have spec.purgeTimeoutSeconds each. */
const prepareMs = 60_000;

export async function purge(options: PurgeOptions, signal: AbortSignal): Promise<PurgeCode> {
  const { settings, request, log, tell, ask } = options;
  allowLookups(settings.lookupThreads);
  const cluster = connectToCluster(settings.kubeconfig);
  checkTiming(settings.timing, cluster.server, options.log);
  const http = createKubeHttp({ connection: cluster, userAgent });
  const namespace = settings.namespace ?? cluster.namespace ?? 'pan-tag-operator';
  try {
    return await inTime({ settings, request, log, tell, ask, http, namespace }, signal);
  } catch (error) {
    const why = explain(error);
    if (why === undefined) throw error;
    if (signal.aborted) tell('interrupted: tags may remain, run the purge again');
    else tell(why === inVain ? inVain : `NOT purged, tags may remain: ${why}`);
    return 1;
  } finally {
    await cluster.close();
  }
}

const inVain = `nothing was purged: the API server did not answer, or the Lease could not be taken, within ${prepareMs / 1000} s`;

/** What can go wrong between us and the API server; undefined for a bug. */
function explain(error: unknown): string | undefined {
  const isExpected =
    error instanceof KubeApiError ||
    error instanceof KubeUnreachableError ||
    (error instanceof Error && error.name === 'AbortError');
  if (isExpected) return error.message;
  return error instanceof Error && error.message === inVain ? inVain : undefined;
}

type Parts = PurgeOptions & { readonly http: KubeHttp; readonly namespace: string };

async function inTime(parts: Parts, signal: AbortSignal): Promise<PurgeCode> {
  const { http, request, tell } = parts;
  const tooLate = new AbortController();
  const stop = AbortSignal.any([signal, tooLate.signal]);
  let patience = setTimeout(() => tooLate.abort(new Error(inVain)), prepareMs);
  const rest = () => clearTimeout(patience);
  try {
    const firewalls = await readFirewalls(http, stop);
    const selected = selectForPurge(firewalls, request.names);
    const unknown = unknownNames(request.names, firewalls);
    for (const line of unknown) tell(line);
    if (unknown.length > 0) return 2;
    if (firewalls.length === 0) {
      tell('there are no PanFirewalls');
      return 0;
    }
    if (request.dryRun || !request.yes) for (const line of selectionLines(selected)) tell(line);
    if (request.dryRun) return 0;
    // Whoever is asked may take their time.
    rest();
    if (!request.yes && !(await isAgreed(parts, signal))) return 2;
    patience = setTimeout(() => tooLate.abort(new Error(inVain)), prepareMs);
    return await underLease(parts, rest, stop);
  } finally {
    rest();
  }
}

async function isAgreed({ ask, tell }: Parts, signal: AbortSignal): Promise<boolean> {
  if (ask === undefined) {
    tell('nothing was written: confirmation needs a terminal; add --yes');
    return false;
  }
  if (await ask('Unregister all of this? [y/N] ', signal)) return true;
  tell('nothing was written: not confirmed');
  return false;
}

async function underLease(parts: Parts, begins: () => void, signal: AbortSignal): Promise<PurgeCode> {
  const { http, namespace, settings, request, log, tell } = parts;
  const lease = {
    client: createLeaseClient(http, namespace),
    identity: leaseIdentity(),
    clocks: systemClocks,
    timing: settings.timing,
    log,
  };
  const waits = (holder: string, ms: number) =>
    tell(`waiting up to ${Math.ceil(ms / 1000)} s to see whether ${holder} still renews the Lease`);
  const renewal = request.takeOver ? undefined : await watchRenewal(lease, waits, signal);
  if (renewal?.isRenewed === true) return inUse(renewal.holder, parts);
  const ownerId = await readOwnerId({ http, namespace, log, blockedBy: () => {}, signal });
  return withLease<PurgeCode>(
    { ...lease, ...(renewal === undefined ? {} : { silent: renewal.holder }) },
    async (term, takenFrom) => {
      begins();
      // Somebody began to lead just now.
      if (renewal !== undefined && takenFrom !== undefined && takenFrom !== renewal.holder)
        return inUse(takenFrom, parts);
      if (request.takeOver && takenFrom !== undefined) tell(warning(takenFrom, namespace));
      return (await purgeUnder(term, ownerId, parts)) ? 0 : 1;
    },
    signal,
  );
}

function inUse(holder: string, { namespace, tell }: Parts): 2 {
  tell(
    `nothing was written: ${holder} renews the Lease ${leaseName}, and a running operator would register everything again; ` +
      `stop it with ${scaleDown(holder, namespace)} or add --take-over`,
  );
  return 2;
}

function warning(holder: string, namespace: string): string {
  return (
    `warning: ${holder} held the Lease; if that operator still runs, it registers everything again after the purge; ` +
    `stop it with ${scaleDown(holder, namespace)}`
  );
}

/** A holder is named after its Pod, and a Pod after its Deployment. */
function scaleDown(holder: string, namespace: string): string {
  const deployment = /^([a-z0-9.-]+)-[a-z0-9]{1,10}-[a-z0-9]{5}_/.exec(holder)?.[1] ?? 'pan-tag-operator';
  return `kubectl scale deployment ${deployment} --namespace ${namespace} --replicas=0`;
}
