// Manifests of the workloads that scenarios run; their program is workload/main.go.
import { images } from './images.ts';

export type WorkloadOptions = {
  readonly name: string;
  readonly namespace: string;
  /** Of the Pods; default { app: name }. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Flags of the program: '--port=8080', '--exit-after=2s', '--code=1', '--memory=64', '--linger=2s'. */
  readonly args?: readonly string[];
  /** Fields of the container; they win. */
  readonly container?: object;
  /** Fields of the Pod's spec; they win. */
  readonly pod?: object;
};

/** The template of a Deployment, StatefulSet, DaemonSet or Job, which Pod Security "restricted" admits. */
export function podTemplate({
  name,
  labels = { app: name },
  args = [],
  container = {},
  pod = {},
}: WorkloadOptions): object {
  return {
    metadata: { labels },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 5,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [workloadContainer('workload', args, container)],
      ...pod,
    },
  };
}

/** One container, for init containers and sidecars too. */
export function workloadContainer(name: string, args: readonly string[] = [], more: object = {}): object {
  return {
    name,
    image: images.workload,
    imagePullPolicy: 'Never',
    args,
    resources: { requests: { cpu: '1m', memory: '4Mi' }, limits: { memory: '32Mi' } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    ...more,
  };
}

export function pod(options: WorkloadOptions): object {
  const { metadata, spec } = podTemplate(options) as { readonly metadata: object; readonly spec: object };
  const { name, namespace } = options;
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name, namespace }, spec };
}

/** @param spec further fields of its spec: { replicas: 3 }. */
export function controller(
  kind: 'Deployment' | 'StatefulSet' | 'DaemonSet',
  options: WorkloadOptions,
  spec: object = {},
): object {
  const { name, namespace, labels: matchLabels = { app: name } } = options;
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace },
    spec: { selector: { matchLabels }, template: podTemplate(options), ...spec },
  };
}
