// Checks at the end of every scenario, whatever it was about.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { KubernetesObject } from '../harness/api-client.ts';
import type { LogEntry } from '../../simulator/simulator.ts';
import type { Cluster } from '../harness/cluster.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { checkSecrecy, secretValues } from './secrecy.ts';
import type { Status } from './statuses.ts';

export type Told = {
  readonly cluster: Cluster;
  /** What readPages gave. */
  readonly pages: readonly string[];
  /** All output of each operator. */
  readonly logFiles: readonly string[];
  readonly secrets: ReadonlySet<string>;
};

/** No log, page or object tells a secret, those of the cluster's Secrets included; no log has an error or no log line. */
export async function checkSilence({ cluster, pages, logFiles, secrets }: Told): Promise<void> {
  const all = new Set([...secrets, ...(await readSecrets(cluster))]);
  for (const page of pages) checkSecrecy('a page that an operator serves', page, all);
  for (const kind of ['PanFirewall', 'PanTagPolicy', 'ClusterPanTagPolicy', 'Event', 'Lease'] as const) {
    checkSecrecy(`a ${kind}`, JSON.stringify(await cluster.list(kind)), all);
  }
  for (const file of logFiles) {
    const text = await readFile(file, 'utf8');
    checkSecrecy('the log', text, all);
    checkLines(text);
  }
}

/** The operator met no bug of its own: every line is JSON of a level below error. */
function checkLines(text: string): void {
  const ordinary = /^\{"level":"(?:debug|info|warn)"/;
  const lines = text.split('\n').filter((line) => line !== '' && !ordinary.test(line));
  assert.deepEqual(lines, [], 'errors, or lines that are no log lines');
}

/** Whatever the Secrets of the cluster hold is a secret. */
async function readSecrets(cluster: Cluster): Promise<readonly string[]> {
  type Secret = KubernetesObject & { readonly data?: Readonly<Record<string, string>> };
  const secrets = await cluster.list<Secret>('Secret');
  return secrets.flatMap(({ data = {} }) => {
    const decoded = Object.entries(data).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ]);
    return secretValues(Object.fromEntries(decoded) as Record<string, string>);
  });
}

const askLimitMs = 5_000;

/** What an operator tells over HTTP; '' from one that does not listen, has ended or is paused. */
export async function readPages(operator: OperatorProcess): Promise<string> {
  if ((await operator.waitForExit(0)) !== undefined) return '';
  const pages = ['/metrics', '/healthz', '/readyz'].map(async (path) => {
    const answer = await fetch(`${operator.httpUrl}${path}`, { signal: AbortSignal.timeout(askLimitMs) });
    return answer.text();
  });
  return Promise.all(pages).then(
    (texts) => texts.join('\n'),
    () => '',
  );
}

/** Nothing was ever in a URL. */
export function checkRequests(requests: readonly LogEntry[]): void {
  const told = requests.filter(({ method, queried }) => method !== 'POST' || queried.length > 0);
  const found = told.map(({ method, kind, queried }) => `${method} ${kind} ${queried.join()}`);
  assert.deepEqual(found, [], 'requests that are no POST, or say something in their URL');
}

/**
 * The rules of the Kubernetes API conventions and of kstatus, for every object of ours that has a status: Ready is
 * there, with either Reconciling or Stalled beside it when it is not True; no generation is from the future.
 */
export async function checkConventions(cluster: Cluster): Promise<void> {
  for (const kind of ['PanFirewall', 'PanTagPolicy', 'ClusterPanTagPolicy'] as const) {
    for (const { metadata, status } of await cluster.list<KubernetesObject & { status?: Status }>(kind)) {
      if (status === undefined) continue;
      const { observedGeneration = 0, conditions = [] } = status;
      const name = `${kind} ${metadata.name}: ${JSON.stringify(conditions)}`;
      const types = conditions.map(({ type }) => type).sort();
      const isReady = conditions.find(({ type }) => type === 'Ready')?.status === 'True';
      const allowed = isReady
        ? [['Ready']]
        : [
            ['Ready', 'Reconciling'],
            ['Ready', 'Stalled'],
          ];
      assert.ok(
        allowed.some((one) => one.join() === types.join()),
        name,
      );
      assert.ok(observedGeneration <= (metadata.generation ?? 0), name);
      for (const condition of conditions) {
        assert.ok(condition.type === 'Ready' || condition.status === 'True', name);
        assert.equal(condition.observedGeneration, observedGeneration, name);
        assert.notEqual(condition.message, '', name);
      }
    }
  }
}
