// Stands in for scheduler, kubelet and network plugin: Pods that kubectl made get an address each, in order of their names.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../../harness/cluster.ts';

type PodList = {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly status?: { readonly podIP?: string };
  }[];
};

/** @param addresses are given out in this order. Runs until it is disposed; rejects there when it failed. */
export function startKubelet(
  cluster: Cluster,
  namespace: string,
  addresses: readonly string[],
): AsyncDisposable {
  const stop = new AbortController();
  const free = [...addresses];
  const give = async (): Promise<void> => {
    const { items } = await cluster.request<PodList>('GET', `/api/v1/namespaces/${namespace}/pods`);
    for (const { metadata, status } of items) {
      const address = status?.podIP === undefined ? free.shift() : undefined;
      if (address !== undefined) await cluster.setPodIps(metadata, [address]);
    }
  };
  const done = (async () => {
    while (!stop.signal.aborted) {
      await give();
      await sleep(100, undefined, { signal: stop.signal }).catch(() => {});
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
}
