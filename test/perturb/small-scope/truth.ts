// The cluster of the small scope: two Pods, two addresses, two policies with a tag each, and every change of them. Shares nothing with src/.
import type { TinyCluster, TinyPod, TinyPolicy } from '../oracle/tiny-cluster.ts';

export const addresses = ['10.0.0.1', '10.0.0.2'] as const;
export const tags = ['k.ns_n.red', 'k.ns_n.blue'] as const;
/** Somebody else's, on every address. */
export const foreign = 'x.red';

export const policies: readonly TinyPolicy[] = [
  { name: 'red', app: 'web', tag: tags[0] },
  { name: 'blue', app: 'db', tag: tags[1] },
];
/** Of each Pod: what it is when it appears. */
const apps = ['web', 'db'] as const;

/** A change as a watch tells it. */
export type Event =
  | { readonly kind: 'pod'; readonly uid: string; readonly pod: TinyPod | undefined }
  | { readonly kind: 'policy'; readonly name: string; readonly policy: TinyPolicy | undefined };

export const emptyCluster: TinyCluster = { pods: new Map(), policies: new Map() };

export function withEvent({ pods, policies }: TinyCluster, event: Event): TinyCluster {
  const put = <T>(map: ReadonlyMap<string, T>, key: string, value: T | undefined): Map<string, T> => {
    const copy = new Map(map);
    copy.delete(key);
    if (value !== undefined) copy.set(key, value);
    return copy;
  };
  if (event.kind === 'pod') return { pods: put(pods, event.uid, event.pod), policies };
  return { pods, policies: put(policies, event.name, event.policy) };
}

/** What may happen to this cluster next, by the name of the move. @param uid of a Pod that would appear. */
export function changesOf(
  cluster: TinyCluster,
  uid: (index: number) => string,
  since: number,
): Map<string, Event> {
  const changes = new Map<string, Event>();
  for (const [index, app] of apps.entries()) {
    const pod = [...cluster.pods.values()].find((one) => one.uid.startsWith(`pod${index}-`));
    if (pod === undefined) {
      for (const [place, address] of addresses.entries()) {
        const fresh = { uid: uid(index), address, app, since };
        changes.set(`pod${index}@${place}`, { kind: 'pod', uid: fresh.uid, pod: fresh });
      }
      continue;
    }
    changes.set(`pod${index} ends`, { kind: 'pod', uid: pod.uid, pod: undefined });
    const other = pod.app === 'web' ? 'db' : 'web';
    if (index === 0)
      changes.set('pod0 relabelled', { kind: 'pod', uid: pod.uid, pod: { ...pod, app: other } });
  }
  for (const policy of policies) {
    const gone = cluster.policies.has(policy.name);
    changes.set(`policy ${policy.name} ${gone ? 'goes' : 'comes'}`, {
      kind: 'policy',
      name: policy.name,
      policy: gone ? undefined : policy,
    });
  }
  return changes;
}
