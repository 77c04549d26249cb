// Pods of the operator as the kubelet runs them: the leader, their processes, and their answers.
import { operatorNamespace } from '../installation.ts';
import type { ExecOptions, KubeNode } from '../node.ts';

export type OperatorPod = {
  readonly name: string;
  readonly address: string;
  readonly isReady: boolean;
  readonly restarts: number;
  /** Of its container in containerd; '' while none has started. */
  readonly containerId: string;
};

type PodObject = {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly containerID?: string; readonly restartCount: number }[];
  };
};

const label = 'app.kubernetes.io/name=pan-tag-operator';

/** Those that are not about to end. */
export async function operatorPods({ kubectl }: KubeNode): Promise<readonly OperatorPod[]> {
  const text = await kubectl(['get', 'pods', '-n', operatorNamespace, '-l', label, '-o', 'json']);
  const { items } = JSON.parse(text) as { readonly items: readonly PodObject[] };
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata: { name }, status }) => {
      const [container] = status.containerStatuses ?? [];
      return {
        name,
        address: status.podIP ?? '',
        isReady: status.conditions?.some((it) => it.type === 'Ready' && it.status === 'True') ?? false,
        restarts: container?.restartCount ?? 0,
        containerId: container?.containerID?.replace('containerd://', '') ?? '',
      };
    });
}

/** Resolves when the Deployment has all of its replicas available, and no others. */
export async function allAvailable({ kubectl }: KubeNode, timeoutSeconds = 90): Promise<void> {
  const deployment = ['deployment/pan-tag-operator', '-n', operatorNamespace];
  await kubectl(['rollout', 'status', ...deployment, `--timeout=${timeoutSeconds}s`]);
}

/** Who holds the Lease, as it says; '' when it was given back. */
export async function leaseHolder({ kubectl }: KubeNode): Promise<string> {
  const lease = ['lease', 'pan-tag-operator', '-n', operatorNamespace, '--ignore-not-found'];
  return kubectl(['get', ...lease, '-o', 'jsonpath={.spec.holderIdentity}']);
}

/** undefined while none of the Pods holds the Lease. */
export async function leaderPod(node: KubeNode): Promise<OperatorPod | undefined> {
  const [holder, pods] = await Promise.all([leaseHolder(node), operatorPods(node)]);
  return pods.find(({ name }) => holder.startsWith(name));
}

/** Of the first process of its container, in the node. */
export async function processId({ exec }: KubeNode, { containerId }: OperatorPod): Promise<string> {
  const tasks = await exec(['ctr', '-n', 'k8s.io', 'tasks', 'ls']);
  const row = tasks.split('\n').find((line) => line.startsWith(containerId));
  const [, id] = row?.split(/\s+/) ?? [];
  if (id === undefined) throw new Error(`no task of ${containerId} in:\n${tasks}`);
  return id;
}

/** Runs the image's Node in the container; @param flags of Node; @param script is evaluated, and what it prints returned. */
export async function evaluateIn(
  { kubectl }: KubeNode,
  { name }: OperatorPod,
  flags: readonly string[],
  script: string,
  options?: ExecOptions,
): Promise<string> {
  const program = ['/nodejs/bin/node', ...flags, '--input-type=commonjs', '--eval', script];
  return kubectl(['exec', '-n', operatorNamespace, name, '--', ...program], options);
}

export type Answer = { readonly ok: boolean; readonly text: string };

/** @param path '/readyz', '/healthz' or '/metrics'. */
export async function ask({ address }: OperatorPod, path: string): Promise<Answer> {
  const answer = await fetch(`http://${address}:8080${path}`, { signal: AbortSignal.timeout(5_000) });
  return { ok: answer.ok, text: await answer.text() };
}
