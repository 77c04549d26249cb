// Every change of the Pods of a namespace, with the time at which the API server told it: a watch that goes on where it ended.
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { ClusterAccess } from '../../control-plane/access.ts';

export type PodEvent = {
  /** When it was heard: ms since the epoch, on the clock of simulators in this process. */
  readonly at: number;
  readonly uid: string;
  readonly name: string;
  /** It is gone, has succeeded or has failed. */
  readonly isOver: boolean;
  /** None while it uses its host's network. */
  readonly ips: readonly string[];
  /** When the kubelet says that its network came up: ms since the epoch, in whole seconds. */
  readonly networkReadyAt: number | undefined;
};

export type Pod = {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly hostNetwork?: boolean };
  readonly status: {
    readonly phase: string;
    readonly reason?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime: string;
    }[];
  };
};

export type PodWatch = {
  /** What was heard since the last call, oldest first. */
  readonly take: () => readonly PodEvent[];
} & AsyncDisposable;

type Frame = { readonly type: string; readonly object: Pod & { readonly code?: number } };

/** Begins with the Pods that there are. Once the API server has forgotten where it was, what it hears next is an error. */
export async function watchPods(access: ClusterAccess, namespace: string): Promise<PodWatch> {
  const dispatcher = new Agent({ connect: { ca: access.caData }, bodyTimeout: 0 });
  const end = new AbortController();
  let heard: PodEvent[] = [];
  let lost: Error | undefined;
  const open = (query: string) =>
    request(`${access.url}/api/v1/namespaces/${namespace}/pods${query}`, {
      dispatcher,
      headers: { authorization: `Bearer ${access.adminToken}` },
      signal: end.signal,
    });
  const first = (await (await open('')).body.json()) as {
    readonly metadata: { readonly resourceVersion: string };
    readonly items: readonly Pod[];
  };
  heard.push(...first.items.map((pod) => eventOf('ADDED', pod)));
  let from = first.metadata.resourceVersion;
  const readOn = async (): Promise<void> => {
    const { body } = await open(`?watch=1&allowWatchBookmarks=true&resourceVersion=${from}`);
    let rest = '';
    for await (const chunk of body) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as Frame;
        if (type === 'ERROR') {
          lost = new Error(`the watch of Pods has missed changes: ${line}`);
          return end.abort();
        }
        from = object.metadata.resourceVersion;
        if (type !== 'BOOKMARK') heard.push(eventOf(type, object));
      }
    }
  };
  const reading = (async () => {
    while (!end.signal.aborted) {
      await readOn().catch(() => undefined);
      await sleep(100);
    }
  })();
  return {
    take() {
      if (lost !== undefined) throw lost;
      const taken = heard;
      heard = [];
      return taken;
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await reading;
      await dispatcher.destroy();
    },
  };
}

/** Whether it has ended, though its object may still be there. */
export function hasEnded({ status: { phase } }: Pod): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** The addresses that are its own. */
export function ownAddresses({ spec, status }: Pod): readonly string[] {
  return spec.hostNetwork === true ? [] : (status.podIPs ?? []).map(({ ip }) => ip);
}

function eventOf(type: string, pod: Pod): PodEvent {
  const { metadata, status } = pod;
  const network = status.conditions?.find((condition) => condition.type === 'PodReadyToStartContainers');
  return {
    at: performance.timeOrigin + performance.now(),
    uid: metadata.uid,
    name: metadata.name,
    isOver: type === 'DELETED' || hasEnded(pod),
    ips: ownAddresses(pod),
    networkReadyAt: network?.status === 'True' ? Date.parse(network.lastTransitionTime) : undefined,
  };
}
