// The command check: what an installation needs, looked at one after the other, without writing anything.

import { z } from 'zod';
import type { CheckRequest } from '../config/command-flags.ts';
import type { Settings } from '../config/config.ts';
import { createKubeHttp, type KubeHttp } from '../kubernetes/client/http.ts';
import { connectToCluster } from '../kubernetes/client/kube-connection.ts';
import { KubeApiError, KubeUnreachableError } from '../kubernetes/errors/kube-errors.ts';
import { collectionPath, panFirewalls } from '../kubernetes/resources/api.ts';
import { type ParsedFirewall, parseFirewall } from '../kubernetes/resources/parse.ts';
import { allowLookups } from '../net/names.ts';
import { checksJson, hasFailed, type Outcome, type Section, sectionLines } from '../operator/check/checks.ts';
import { checkCluster, explained } from '../operator/check/cluster-check.ts';
import { checkFirewall, type FirewallCheckOptions } from '../operator/check/firewall-check.ts';
import { askOwnerId } from '../operator/cluster/installation.ts';
import { readSecret, type Secrets } from '../operator/device/credentials.ts';
import { unknownNames } from '../operator/lifecycle/purge-selection.ts';
import { openReadOnly } from './read-only.ts';
import type { Logger } from '../runtime/logger.ts';
import { userAgent } from '../version.ts';

type CheckOptions = {
  readonly settings: Settings;
  readonly request: CheckRequest;
  readonly log: Logger;
  /** Takes what the command says, line by line. */
  readonly tell: (line: string) => void;
};

/** PanFirewalls that are looked at together: a dead one takes tens of seconds. */
const atOnce = 8;

/** 0: nothing failed; 1: something did, and its line says what. Rejects with the signal's reason. */
export async function check(options: CheckOptions, signal: AbortSignal): Promise<0 | 1> {
  const { settings, request, log, tell } = options;
  allowLookups(settings.lookupThreads);
  const cluster = connectToCluster(settings.kubeconfig);
  const http = createKubeHttp({ connection: cluster, userAgent });
  const namespace = settings.namespace ?? cluster.namespace ?? 'pan-tag-operator';
  const asText = request.output === 'text';
  const tellSection = (section: Section) => {
    if (asText) for (const line of sectionLines(section)) tell(line);
  };
  const sections: Section[] = [];
  try {
    const first = await checkCluster({ http, server: cluster.server.origin, namespace }, signal);
    tellSection(first);
    sections.push(first);
    for await (const section of firewallSections({ settings, request, log, tell, http, namespace }, signal)) {
      tellSection(section);
      sections.push(section);
    }
  } finally {
    await cluster.close();
  }
  if (!asText) tell(checksJson(sections));
  return sections.some(hasFailed) ? 1 : 0;
}

type Parts = CheckOptions & { readonly http: KubeHttp; readonly namespace: string };

const list = z.object({ items: z.array(z.unknown()) });

/** One section for each PanFirewall, by name; or one that says why they cannot be looked at. */
async function* firewallSections(parts: Parts, signal: AbortSignal): AsyncGenerator<Section> {
  try {
    yield* sectionsOf(parts, await readFirewalls(parts.http, signal), signal);
  } catch (error) {
    if (signal.aborted) throw error;
    yield objects('failed', explained(error));
  }
}

async function* sectionsOf(
  parts: Parts,
  all: readonly ParsedFirewall[],
  signal: AbortSignal,
): AsyncGenerator<Section> {
  const { request } = parts;
  const unknown = unknownNames(request.names, all);
  const chosen = all.filter(({ meta }) => request.names.length === 0 || request.names.includes(meta.name));
  if (unknown.length > 0) yield objects('failed', unknown.join('; '));
  if (chosen.length > 0) yield* ofFirewalls(parts, chosen, signal);
  else if (unknown.length === 0) yield objects('warning', 'there are none yet');
}

async function* ofFirewalls(
  parts: Parts,
  chosen: readonly ParsedFirewall[],
  signal: AbortSignal,
): AsyncGenerator<Section> {
  const { http, namespace, settings, log } = parts;
  const secrets = await readSecrets(http, namespace, signal);
  const ownerId = await ownerIdOf(parts, signal);
  const open: FirewallCheckOptions['open'] = (one, presented) => openReadOnly(settings, one, presented);
  yield* inOrder(chosen, { secrets, ownerId, open, log, timing: settings.timing }, signal);
}

function objects(outcome: Outcome, message: string): Section {
  return { subject: 'PanFirewalls', checks: [{ name: 'objects', outcome, message }] };
}

async function readFirewalls(http: KubeHttp, signal: AbortSignal): Promise<readonly ParsedFirewall[]> {
  const { items } = list.parse(await http.json({ path: collectionPath(panFirewalls), signal }));
  return items.map(parseFirewall).sort((a, b) => (a.meta.name < b.meta.name ? -1 : 1));
}

async function* inOrder(
  chosen: readonly ParsedFirewall[],
  options: FirewallCheckOptions,
  signal: AbortSignal,
): AsyncGenerator<Section> {
  const running: Promise<Section>[] = [];
  const begin = (parsed: ParsedFirewall) => {
    const section = checkFirewall(parsed, options, signal);
    section.catch(() => undefined);
    running.push(section);
  };
  for (const [index, parsed] of chosen.entries()) {
    begin(parsed);
    const oldest = running[index + 1 - atOnce];
    if (oldest !== undefined) yield await oldest;
  }
  for (const section of running.slice(Math.max(0, running.length + 1 - atOnce))) yield await section;
}

async function readSecrets(http: KubeHttp, namespace: string, signal: AbortSignal): Promise<Secrets> {
  const { items } = list.parse(await http.json({ path: `/api/v1/namespaces/${namespace}/secrets`, signal }));
  return new Map(items.map(readSecret).map(({ name, data }) => [name, data]));
}

/** Undefined where the cluster does not tell: the check of the rights says so. */
async function ownerIdOf({ http, namespace }: Parts, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await askOwnerId(http, namespace, signal);
  } catch (error) {
    if (error instanceof KubeApiError || error instanceof KubeUnreachableError) return undefined;
    throw error;
  }
}
