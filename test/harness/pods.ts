// Pods without a kubelet: what scheduler and kubelet would write is written here, by patching their status.
import { mergePatch, type ApiClient, type KubernetesObject } from './api-client.ts';
import { inParallel } from './in-parallel.ts';
import { collectionPath, objectPath } from './objects.ts';

export type PodRef = { readonly namespace: string; readonly name: string };

export type CreatedPod = PodRef & { readonly uid: string };

export type NewPod = {
  readonly name: string;
  /** Default 'default'. */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  /** Default 'node-1'; '' leaves the Pod unscheduled. No Node object is needed. */
  readonly node?: string;
  /** Default 'default'; need not exist. */
  readonly serviceAccount?: string;
  readonly hostNetwork?: boolean;
  /** Makes the Pod Running with these addresses, the first one as podIP. Absent: Pending, without a status. */
  readonly ips?: readonly string[];
  /** When its network came up; default now. Kubernetes keeps whole seconds. */
  readonly networkReadyAt?: Date;
};

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';

export type Pods = {
  readonly createPod: (pod: NewPod) => Promise<CreatedPod>;
  /** Many at once, 16 calls at a time; the results are in the order of pods. */
  readonly createPods: (pods: readonly NewPod[]) => Promise<readonly CreatedPod[]>;
  /** As a kubelet does when the network comes up: Running, with these addresses. No addresses: the network went. */
  readonly setPodIps: (pod: PodRef, ips: readonly string[], networkReadyAt?: Date) => Promise<void>;
  readonly setPodPhase: (pod: PodRef, phase: Phase) => Promise<void>;
  /** null removes a label. */
  readonly labelPod: (pod: PodRef, labels: Readonly<Record<string, string | null>>) => Promise<void>;
  /** Gone at once: grace period 0. */
  readonly deletePod: (pod: PodRef) => Promise<void>;
  /**
   * Sets the deletionTimestamp, and the Pod stays until deletePod, as while it drains. A Pod that is unscheduled or has
   * ended has no grace period in Kubernetes: that one is gone at once.
   */
  readonly terminatePod: (pod: PodRef, gracePeriodSeconds?: number) => Promise<void>;
};

export function makePods({ request }: ApiClient): Pods {
  const patch = async (path: string, change: object): Promise<void> => {
    await request('PATCH', path, change, { contentType: mergePatch });
  };
  const setPodIps: Pods['setPodIps'] = (pod, ips, networkReadyAt = new Date()) =>
    patch(statusPath(pod), { status: networkStatus(ips, networkReadyAt) });
  const createPod: Pods['createPod'] = async (pod) => {
    const { namespace = 'default', name } = pod;
    const { metadata } = await request<KubernetesObject>(
      'POST',
      collectionPath('Pod', namespace),
      manifest(pod),
    );
    if (pod.ips !== undefined) await setPodIps({ namespace, name }, pod.ips, pod.networkReadyAt);
    return { namespace, name, uid: metadata.uid ?? '' };
  };
  const remove = async (pod: PodRef, gracePeriodSeconds: number): Promise<void> => {
    await request('DELETE', `${objectPath('Pod', pod)}?gracePeriodSeconds=${gracePeriodSeconds}`);
  };
  return {
    createPod,
    createPods: (pods) => inParallel(pods, createPod),
    setPodIps,
    setPodPhase: (pod, phase) => patch(statusPath(pod), { status: { phase } }),
    labelPod: (pod, labels) => patch(objectPath('Pod', pod), { metadata: { labels } }),
    deletePod: (pod) => remove(pod, 0),
    terminatePod: (pod, gracePeriodSeconds = 3600) => remove(pod, gracePeriodSeconds),
  };
}

function statusPath(pod: PodRef): string {
  return `${objectPath('Pod', pod)}/status`;
}

function manifest(pod: NewPod): object {
  const { name, namespace, labels, annotations, finalizers, node = 'node-1', hostNetwork = false } = pod;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels, annotations, finalizers },
    spec: {
      ...(node === '' ? {} : { nodeName: node }),
      serviceAccountName: pod.serviceAccount ?? 'default',
      hostNetwork,
      containers: [{ name: 'main', image: 'example.test/none:1' }],
    },
  };
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-has-network */
function networkStatus(ips: readonly string[], at: Date): object {
  const status = ips.length > 0 ? 'True' : 'False';
  const time = at.toISOString();
  return {
    phase: 'Running',
    podIP: ips[0] ?? null,
    podIPs: ips.length > 0 ? ips.map((ip) => ({ ip })) : null,
    startTime: time,
    conditions: ['PodReadyToStartContainers', 'Ready'].map((type) => ({
      type,
      status,
      lastTransitionTime: time,
    })),
  };
}
