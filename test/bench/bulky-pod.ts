// A Pod as large clusters have them: some 10 KB in protobuf, with the labels of one of many workloads.
import { completed, container, containerStatus, running } from './bulky-container.ts';

/** Which Pod of how many; everything else follows from it. */
export type BulkyPod = {
  readonly index: number;
  readonly workload: string;
  readonly namespace: string;
  readonly name: string;
  /** Some text that no other Pod has. */
  readonly mark: string;
};

/** Each workload has label values of its own, which its Pods share: 20,000 Pods have 2,858 label sets. */
const podsAWorkload = 7;
const workloadsANamespace = 60;
const nodes = 120;

export function bulkyPod(index: number): BulkyPod {
  const number = numberOf(index);
  const workload = `service-${number}`;
  const digits = (length: number, factor: number): string =>
    ((index + 1) * factor).toString(36).padStart(length, '7').slice(-length);
  return {
    index,
    workload,
    namespace: `team-${Math.floor(number / workloadsANamespace)}`,
    name: `${workload}-${hashOf(number)}-${digits(5, 7_919)}`,
    mark: `${digits(8, 104_729)}-${digits(4, 15_485_863)}`,
  };
}

function numberOf(index: number): number {
  return Math.floor(index / podsAWorkload);
}

/** Looks like the pod-template-hash of a ReplicaSet. */
function hashOf(number: number): string {
  return ((number + 1) * 2_654_435_761).toString(36).slice(-9);
}

/** What creates it. */
export function manifest(pod: BulkyPod): object {
  const { namespace, name } = pod;
  const metadata = {
    name,
    namespace,
    labels: labelsOf(pod),
    annotations: annotationsOf(pod),
    ownerReferences: ownersOf(pod),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: specOf(pod) };
}

function labelsOf({ index, workload }: BulkyPod): object {
  const number = numberOf(index);
  return {
    'app.kubernetes.io/name': workload,
    'app.kubernetes.io/instance': `${workload}-production`,
    'app.kubernetes.io/version': `1.${number % 40}.${number % 9}`,
    'app.kubernetes.io/component': ['api', 'worker', 'cache', 'gateway'][number % 4],
    'app.kubernetes.io/part-of': `product-${number % 37}`,
    'app.kubernetes.io/managed-by': 'Helm',
    'topology.kubernetes.io/zone': `zone-${number % 3}`,
    'pod-template-hash': hashOf(number),
    tier: ['gold', 'silver', 'bronze'][number % 3],
  };
}

function annotationsOf({ index, mark }: BulkyPod): object {
  const hash = hashOf(numberOf(index));
  return {
    'checksum/config': `${mark}${hash}`.repeat(3).slice(0, 64),
    'checksum/secrets': `${hash}${mark}`.repeat(3).slice(0, 64),
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '9090',
    'kubectl.kubernetes.io/restartedAt': '2026-11-20T08:15:30Z',
    'k8s.v1.cni.cncf.io/network-status': JSON.stringify([
      {
        name: 'default',
        interface: 'eth0',
        ips: [addressOf(index)],
        mac: '0a:58:0a:14:00:07',
        default: true,
        dns: {},
      },
    ]),
    'sidecar.istio.io/status': JSON.stringify({
      initContainers: ['istio-init'],
      containers: ['istio-proxy'],
      volumes: [
        'workload-socket',
        'istio-envoy',
        'istio-data',
        'istio-podinfo',
        'istio-token',
        'istiod-ca-cert',
      ],
      revision: 'default',
    }),
  };
}

function ownersOf({ index, workload }: BulkyPod): readonly object[] {
  const number = numberOf(index);
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: `${workload}-${hashOf(number)}`,
      uid: `7f6e2d10-58a4-4c1b-9d3e-${String(number).padStart(12, '0')}`,
      controller: true,
      blockOwnerDeletion: true,
    },
  ];
}

function specOf({ index, workload }: BulkyPod): object {
  return {
    nodeName: `ip-10-0-${index % nodes}-17.eu-central-1.compute.internal`,
    serviceAccountName: workload,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 60,
    securityContext: { runAsNonRoot: true, runAsUser: 10_001, fsGroup: 10_001 },
    tolerations: [
      {
        key: 'node.kubernetes.io/not-ready',
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      },
      {
        key: 'node.kubernetes.io/unreachable',
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      },
    ],
    initContainers: [container('migrate', workload, 0)],
    containers: [container('main', workload, 4), container('istio-proxy', workload, 2)],
    volumes: volumesOf(workload),
  };
}

function volumesOf(workload: string): readonly object[] {
  return [
    { name: 'config', configMap: { name: `${workload}-config` } },
    { name: 'secrets', secret: { secretName: `${workload}-secrets` } },
    {
      name: 'token',
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token', expirationSeconds: 3607, audience: 'vault' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        ],
      },
    },
  ];
}

/** What a kubelet makes of it. */
export function status({ index, workload, mark }: BulkyPod): object {
  const at = '2026-11-20T08:15:42Z';
  const conditions = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];
  return {
    phase: 'Running',
    hostIP: `10.0.${index % nodes}.17`,
    hostIPs: [{ ip: `10.0.${index % nodes}.17` }],
    podIP: addressOf(index),
    podIPs: [{ ip: addressOf(index) }],
    startTime: at,
    qosClass: 'Burstable',
    conditions: conditions.map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: at,
      lastProbeTime: null,
    })),
    initContainerStatuses: [containerStatus('migrate', { workload, mark, state: completed(at) })],
    containerStatuses: ['main', 'istio-proxy'].map((name) =>
      containerStatus(name, { workload, mark, state: running(at) }),
    ),
  };
}

function addressOf(index: number): string {
  return `10.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}
