// The work of the command purge, under the Lease: the parts of an operator that purge, and the statuses afterwards.

import { z } from 'zod';
import type { PurgeRequest } from '../config/command-flags.ts';
import type { Settings } from '../config/config.ts';
import { Desired } from '../core/desired/desired.ts';
import type { TableClaim } from '../core/rights/table-claims.ts';
import type { KubeHttp } from '../kubernetes/client/http.ts';
import { KubeApiError } from '../kubernetes/errors/kube-errors.ts';
import {
  clusterPanTagPolicies,
  collectionPath,
  isFinalized,
  objectPath,
  panFirewalls,
  panTagPolicies,
} from '../kubernetes/resources/api.ts';
import { type ParsedFirewall, parseFirewall, parsePolicy } from '../kubernetes/resources/parse.ts';
import { readSecret, type Secrets } from '../operator/device/credentials.ts';
import { openConnection } from '../operator/device/device-connection.ts';
import type { ClusterState, FirewallEnvironment } from '../operator/firewall/firewall-context.ts';
import { createFirewallWorker } from '../operator/firewall/firewall-worker.ts';
import { removal } from '../operator/lifecycle/finalizers.ts';
import { silentObserver } from '../operator/table/table-observer.ts';
import { policyPath } from '../operator/cluster/policy-objects.ts';
import { type AuditLog, openAuditLog } from '../operator/audit/audit-log.ts';
import { purgeAll } from '../operator/lifecycle/purge-all.ts';
import { selectForPurge } from '../operator/lifecycle/purge-selection.ts';
import {
  purgedFirewallStatus,
  purgedPolicyStatus,
  type PurgeResult,
  wayOn,
} from '../operator/lifecycle/purge-status.ts';
import { patchObject, writeStatus } from '../operator/status/status-writer.ts';
import { systemClocks, type Term } from '../operator/leadership/term.ts';
import { wholeSeconds } from '../operator/leadership/wall-clock.ts';
import type { Logger } from '../runtime/logger.ts';
import { userAgent } from '../version.ts';

type PurgeParts = {
  readonly log: Logger;
  /** Takes what the command says, line by line. */
  readonly tell: (line: string) => void;
  readonly http: KubeHttp;
  readonly namespace: string;
  readonly settings: Settings;
  readonly request: PurgeRequest;
};

const list = z.object({ items: z.array(z.unknown()) });

async function itemsOf(http: KubeHttp, path: string, signal: AbortSignal): Promise<readonly unknown[]> {
  return list.parse(await http.json({ path, signal })).items;
}

/** All there are; none where the CRD is gone. */
export async function readFirewalls(http: KubeHttp, signal: AbortSignal): Promise<ParsedFirewall[]> {
  const items = await itemsOf(http, collectionPath(panFirewalls), signal).catch(noneWithoutDefinition);
  return items.map(parseFirewall);
}

/** True when nothing of ours is left where it was to be purged. */
export async function purgeUnder(term: Term, ownerId: string, parts: PurgeParts): Promise<boolean> {
  // Standard output is the command's answer; the log and what belongs to it stand on standard error.
  const audit = parts.settings['audit-log'] ? openAuditLog(2, () => {}) : undefined;
  try {
    return await purgeAudited({ term, ownerId, parts, audit });
  } finally {
    await audit?.close();
  }
}

type Installation = {
  readonly term: Term;
  readonly ownerId: string;
  readonly parts: PurgeParts;
  readonly audit: AuditLog | undefined;
};

async function purgeAudited(installation: Installation): Promise<boolean> {
  const { term, parts } = installation;
  const { http, namespace, request, log, tell } = parts;
  const firewalls = await readFirewalls(http, term.signal);
  const secrets = (await itemsOf(http, `/api/v1/namespaces/${namespace}/secrets`, term.signal)).map(
    readSecret,
  );
  const cluster = deletingCluster(firewalls, new Map(secrets.map(({ name, data }) => [name, data])));
  const results = new Map<string, PurgeResult>();
  const write = async (path: string, meta: ParsedFirewall['meta'], status: object): Promise<void> => {
    await writeStatus(http, { path, uid: meta.uid }, status, term.signal).catch((error: unknown) => {
      if (term.signal.aborted) throw error;
      log.warn({ path, err: error }, 'status not written');
    });
  };
  const clean = await purgeAll(
    {
      firewalls,
      selected: selectForPurge(firewalls, request.names),
      timeoutSeconds: request.timeoutSeconds,
      createWorker: (parsed, changed) =>
        createFirewallWorker(purgeEnvironment(installation, changed), cluster, parsed),
      release: (meta) => release(http, meta, term.signal),
      tell,
      done: async (parsed, result) => {
        results.set(parsed.meta.name, result);
        const status = purgedFirewallStatus(parsed, result, wholeSeconds(Date.now()));
        if (status !== undefined)
          await write(objectPath(panFirewalls, parsed.meta.name), parsed.meta, status);
      },
    },
    term,
  );
  for (const resource of [panTagPolicies, clusterPanTagPolicies]) {
    const found = await itemsOf(http, collectionPath(resource), term.signal).catch(noneWithoutDefinition);
    for (const parsed of found.map(parsePolicy)) {
      const status = purgedPolicyStatus(parsed, results, wholeSeconds(Date.now()));
      if (status !== undefined) await write(policyPath(parsed.meta), parsed.meta, status);
    }
  }
  // Last, as of a Job that failed only the end of its log is shown.
  for (const [name, result] of results) if (!result.clean) tell(`next step for ${name}: ${wayOn(name)}`);
  return clean;
}

/** Every PanFirewall counts as being deleted: nothing is registered, and what the spec lets go is purged. */
function deletingCluster(firewalls: readonly ParsedFirewall[], secrets: Secrets): ClusterState {
  const tableClaims = new Map<string, TableClaim>();
  const deletingSince = Date.now();
  const deleting = new Map(
    firewalls.map((parsed) => [parsed.meta.name, { ...parsed, meta: { ...parsed.meta, deletingSince } }]),
  );
  return {
    desired: new Desired({ addressChanged: () => {}, policyChanged: () => {} }),
    secrets,
    tableClaims,
    putTableClaim(firewall, claim) {
      if (claim === undefined) tableClaims.delete(firewall);
      else tableClaims.set(firewall, claim);
    },
    knowledge: () => ({ synced: false }),
    parsed: (firewall) => deleting.get(firewall),
  };
}

/** Reports nothing but the result of a purge. */
function purgeEnvironment(
  { term, ownerId, audit, parts }: Installation,
  changed: () => void,
): FirewallEnvironment {
  const { settings, log } = parts;
  const { proxy: environmentProxy, timing } = settings;
  return {
    ownerId,
    open: (_, connection) =>
      openConnection({
        settings: connection,
        environmentProxy,
        userAgent,
        mayCall: term.mayBegin,
        mayGoOn: term.mayGoOn,
        observe: () => {},
        timing,
      }),
    observe: () => ({ ...silentObserver, changed }),
    audit,
    log,
    now: systemClocks.now,
    timing,
  };
}

function noneWithoutDefinition(error: unknown): never[] {
  if (error instanceof KubeApiError && error.status === 404) return [];
  throw error;
}

const attempts = 5;

/** Takes the finalizer off, whatever else somebody edits meanwhile. */
async function release(
  http: KubeHttp,
  { uid, name }: ParsedFirewall['meta'],
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const found = (await readFirewalls(http, signal)).find(({ meta }) => meta.uid === uid);
    if (found === undefined || !isFinalized(found.meta)) return;
    if (await patchObject(http, objectPath(panFirewalls, name), removal(found.meta), signal)) return;
  }
  throw new Error(
    `the finalizer of ${name} could not be removed: the object kept changing; run the purge again`,
  );
}
