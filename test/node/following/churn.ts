// Pods that come and go as fast as a node takes them: deleted in good order, by force, ended by themselves, and rolled out.
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiFailure, type Method } from '../../harness/api-client.ts';
import type { Installation } from '../installation.ts';
import type { KubeNode } from '../node.ts';
import { controller, pod } from '../workloads.ts';
import type { Pod } from './pod-watch.ts';

export type Churn = {
  readonly node: KubeNode;
  readonly operator: Installation;
  readonly namespace: string;
  /** Pods that are begun a minute, where the node takes so many. */
  readonly perMinute: number;
  /** Pods at a time. */
  readonly most: number;
};

const endings = ['delete', 'delete', 'delete', 'force', 'exit', 'fail'] as const;
const replicas = 4;
const restartEveryMs = 25_000;

/** Resolves with the number of bare Pods begun when the signal comes and all Pods are gone. */
export async function churn(
  { node, operator, namespace, perMinute, most }: Churn,
  signal: AbortSignal,
): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  await operator.apply([controller('Deployment', { name: 'rolled', namespace }, { replicas })]);
  const lives = new Set<Promise<void>>();
  const begin = performance.now();
  let begun = 0;
  let restartedAt = begin;
  while (!signal.aborted) {
    const now = performance.now();
    if (lives.size < most - replicas - 1 && begun <= ((now - begin) * perMinute) / 60_000) {
      begun += 1;
      const life = live(begun).finally(() => lives.delete(life));
      lives.add(life);
    }
    if (now - restartedAt > restartEveryMs) {
      restartedAt = now;
      await node.kubectl(['rollout', 'restart', 'deployment/rolled', '-n', namespace]);
    }
    await sleep(50);
  }
  await Promise.all(lives);
  await node.kubectl([
    'delete',
    'deployment/rolled',
    '-n',
    namespace,
    '--cascade=foreground',
    '--timeout=180s',
  ]);
  return begun;

  async function live(number: number): Promise<void> {
    const name = `p${number}`;
    const ending = endings[number % endings.length] ?? 'delete';
    const lifeMs = 2_000 + ((number * 7_919) % 6_000);
    const endsItself = ending === 'exit' || ending === 'fail';
    const args = endsItself ? [`--exit-after=${lifeMs}ms`, `--code=${ending === 'fail' ? 1 : 0}`] : [];
    await call('POST', path, pod({ name, namespace, args, pod: { restartPolicy: 'Never' } }));
    await inPhase(name, (phase) => phase !== 'Pending');
    if (endsItself) await inPhase(name, (phase) => phase !== 'Pending' && phase !== 'Running');
    else await sleep(lifeMs);
    await call('DELETE', `${path}/${name}`, ending === 'force' ? { gracePeriodSeconds: 0 } : undefined);
    while ((await call('GET', `${path}/${name}`)) !== undefined) await sleep(300);
  }

  /** Or in two minutes, whatever it is in. */
  async function inPhase(name: string, isSo: (phase: string) => boolean): Promise<void> {
    for (const end = performance.now() + 120_000; performance.now() < end; await sleep(300)) {
      const found = await call('GET', `${path}/${name}`);
      if (found === undefined || isSo(found.status.phase)) return;
    }
  }

  /** undefined where there is no such Pod, or is one already; tries again while the API server is too busy to answer. */
  async function call(method: Method, path: string, body?: object): Promise<Pod | undefined> {
    for (;;)
      try {
        return await operator.cluster.request<Pod>(method, path, body);
      } catch (error) {
        if (!(error instanceof ApiFailure)) continue;
        if (error.code === 404 || error.code === 409) return undefined;
        if (error.code !== 429 && error.code < 500) throw error;
        await sleep(500);
      }
  }
}
