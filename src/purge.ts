// The command purge: takes the Lease, unregisters what is ours wherever that is wanted, and gives the Lease back.

import { z } from 'zod';
import type { Settings } from './config.ts';
import { Desired } from './core/desired.ts';
import type { Claim } from './core/table-claims.ts';
import { createKubeHttp, type KubeHttp } from './kubernetes/http.ts';
import { connectToCluster } from './kubernetes/kube-connection.ts';
import { KubeApiError, KubeUnreachableError } from './kubernetes/kube-errors.ts';
import { createLeaseClient } from './kubernetes/lease.ts';
import { collectionPath, objectPath, panFirewalls } from './kubernetes/resources/api.ts';
import { type ParsedFirewall, parseFirewall } from './kubernetes/resources/parse.ts';
import { leaseIdentity } from './leadership.ts';
import { readSecret } from './operator/credentials.ts';
import { openConnection } from './operator/device-connection.ts';
import { withLease } from './operator/election.ts';
import { isFinalized, removal } from './operator/finalizers.ts';
import { FirewallWorker } from './operator/firewall-worker.ts';
import { formerTables } from './operator/former-tables.ts';
import { readOwnerId } from './operator/installation.ts';
import { purgeAll } from './operator/purge-all.ts';
import { patchObject } from './operator/status-writer.ts';
import { systemClocks, type Term } from './operator/term.ts';
import type { Logger } from './runtime/logger.ts';
import { userAgent } from './version.ts';

export type PurgeOptions = {
  readonly settings: Settings;
  readonly log: Logger;
  /** Takes what the command says, line by line. */
  readonly tell: (line: string) => void;
};

/** The API server and the Lease have so long together; purges have spec.purgeTimeoutSeconds each. */
const prepareMs = 60_000;

/** True when nothing of ours is left where it was to be purged. */
export async function purge({ settings, log, tell }: PurgeOptions, signal: AbortSignal): Promise<boolean> {
  const cluster = connectToCluster(settings.kubeconfig);
  const http = createKubeHttp({ connection: cluster, userAgent });
  const namespace = settings.namespace ?? cluster.namespace ?? 'pan-tag-operator';
  const tooLate = new AbortController();
  const patience = setTimeout(() => tooLate.abort(new Error(inVain)), prepareMs);
  const stop = AbortSignal.any([signal, tooLate.signal]);
  try {
    const blockedBy = () => {};
    const ownerId = await readOwnerId({ http, namespace, log, blockedBy, signal: stop });
    const client = createLeaseClient(http, namespace);
    const lease = { client, identity: leaseIdentity(), clocks: systemClocks, log };
    return await withLease(
      lease,
      (term, takenFrom) => {
        clearTimeout(patience);
        if (takenFrom !== undefined) tell(warning(takenFrom));
        return purgeUnder(term, { http, namespace, ownerId, environmentProxy: settings.proxy, log, tell });
      },
      stop,
    );
  } catch (error) {
    const why = explain(error);
    if (why === undefined) throw error;
    if (signal.aborted) tell('interrupted: tags may be left');
    else tell(tooLate.signal.aborted ? inVain : `NOT purged, tags may be left: ${why}`);
    return false;
  } finally {
    clearTimeout(patience);
    await cluster.close();
  }
}

const inVain = `the API server did not answer, or the Lease could not be taken, within ${prepareMs / 1000} s: nothing was purged`;

/** What can go wrong between us and the API server; undefined for a bug. */
function explain(error: unknown): string | undefined {
  const isExpected =
    error instanceof KubeApiError ||
    error instanceof KubeUnreachableError ||
    (error instanceof Error && error.name === 'AbortError');
  if (isExpected) return error.message;
  return error instanceof Error && error.message === inVain ? inVain : undefined;
}

function warning(holder: string): string {
  return (
    `warning: ${holder} held the Lease; if that operator still runs, it registers everything again when this ends: ` +
    'scale it to 0 first'
  );
}

type Parts = Pick<PurgeOptions, 'log' | 'tell'> & {
  readonly http: KubeHttp;
  readonly namespace: string;
  readonly ownerId: string;
  readonly environmentProxy: Settings['proxy'];
};

const list = z.object({ items: z.array(z.unknown()) });

async function purgeUnder(term: Term, parts: Parts): Promise<boolean> {
  const { http, namespace, ownerId, environmentProxy, log, tell } = parts;
  const items = async (path: string) => list.parse(await http.json({ path, signal: term.signal })).items;
  const readFirewalls = async () => (await items(collectionPath(panFirewalls))).map(parseFirewall);
  const firewalls = await readFirewalls().catch(noneWithoutDefinition);
  const secrets = (await items(`/api/v1/namespaces/${namespace}/secrets`)).map(readSecret);
  const byName = new Map(secrets.map(({ name, data }) => [name, data]));
  const desired = new Desired({ addressChanged: () => {}, policyChanged: () => {} });
  const claims = new Map<string, Claim>();
  const clean = await purgeAll(
    {
      firewalls,
      createWorker: ({ firewall, meta, connection, status }, changed) => {
        const { name } = firewall;
        return new FirewallWorker(
          {
            firewall,
            meta,
            lifecycle: () => ({ finalized: isFinalized(meta), deleting: true }),
            former: () => formerTables(status),
            ownerId,
            claims,
            claim: (claim) => (claim === undefined ? claims.delete(name) : claims.set(name, claim)),
            desired,
            secrets: byName,
            open: (to) =>
              openConnection({
                settings: to,
                environmentProxy,
                userAgent,
                mayCall: term.mayBegin,
                observe: () => {},
              }),
            knowledge: () => ({ synced: false }),
            observer: { ...silent, changed },
            log: log.child({ firewall: name }),
            now: systemClocks.now,
          },
          connection,
        );
      },
      release: (meta) => release(http, meta, readFirewalls, term.signal),
      tell,
    },
    term,
  );
  if (firewalls.length === 0) tell('there are no PanFirewalls');
  return clean;
}

/** Nothing is to be told but what a purge comes to. */
const silent = {
  confirmed: () => {},
  unanswered: () => {},
  refused: () => {},
  failed: () => {},
  record: () => {},
  lost: () => {},
};

function noneWithoutDefinition(error: unknown): ParsedFirewall[] {
  if (error instanceof KubeApiError && error.status === 404) return [];
  throw error;
}

const attempts = 5;

/** Takes the finalizer off, whatever else somebody edits meanwhile. */
async function release(
  http: KubeHttp,
  { uid, name }: ParsedFirewall['meta'],
  read: () => Promise<ParsedFirewall[]>,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const found = (await read().catch(noneWithoutDefinition)).find(({ meta }) => meta.uid === uid);
    if (found === undefined || !isFinalized(found.meta)) return;
    if (await patchObject(http, objectPath(panFirewalls, name), removal(found.meta), signal)) return;
  }
  throw new Error(`the finalizer of ${name} changes all the time and could not be taken off`);
}
