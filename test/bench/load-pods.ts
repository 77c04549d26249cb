// Fills a cluster with thousands of bulky Pods.
import { mergePatch } from '../harness/api-client.ts';
import type { Cluster } from '../harness/cluster.ts';
import { inParallel } from '../harness/in-parallel.ts';
import type { Say } from './bench.ts';
import { bulkyPod, type BulkyPod, manifest, status } from './bulky-pod.ts';

const concurrency = 32;
const reportEveryMs = 5_000;

/** How many Pods there are, by a list of one. */
export async function countPods(cluster: Cluster): Promise<number> {
  const { items, metadata } = await cluster.request<{
    readonly items: readonly unknown[];
    readonly metadata: { readonly remainingItemCount?: number };
  }>('GET', '/api/v1/pods?limit=1');
  return items.length + (metadata.remainingItemCount ?? 0);
}

export type Loading = { readonly count: number; readonly progress: Say; readonly signal: AbortSignal };

/** Makes count running Pods, each by a create and a patch of its status, as controller and kubelet do. */
export async function loadPods(cluster: Cluster, { count, progress, signal }: Loading): Promise<void> {
  const pods = Array.from({ length: count }, (_, index) => bulkyPod(index));
  for (const name of new Set(pods.map(({ namespace }) => namespace))) {
    await cluster.createNamespace(name, { team: name });
  }
  const begun = performance.now();
  let reportAt = begun + reportEveryMs;
  let done = 0;
  const load = async (pod: BulkyPod): Promise<void> => {
    signal.throwIfAborted();
    const path = `/api/v1/namespaces/${pod.namespace}/pods`;
    await cluster.request('POST', path, manifest(pod));
    const change = { status: status(pod) };
    await cluster.request('PATCH', `${path}/${pod.name}/status`, change, { contentType: mergePatch });
    done += 1;
    const now = performance.now();
    if (now < reportAt) return;
    reportAt = now + reportEveryMs;
    const rate = (done * 1000) / (now - begun);
    const left = Math.round((count - done) / rate);
    progress(`loaded ${done} of ${count} Pods, ${rate.toFixed(0)} a second, about ${left} s left`);
  };
  await inParallel(pods, load, concurrency);
}
