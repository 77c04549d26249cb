// Signals to what runs in a Pod, as the kernel would send them: past the kubelet.
import assert from 'node:assert/strict';
import type { PodRef } from '../harness/pods.ts';
import type { KubeNode } from './node.ts';

export type ContainerRef = PodRef & {
  /** Default: the Pod's first one. */
  readonly container?: string;
};

type Pod = {
  readonly status: {
    readonly containerStatuses?: readonly Container[];
    readonly initContainerStatuses?: readonly Container[];
  };
};

type Container = { readonly name: string; readonly containerID?: string };

/** Signals the first process of a container; the kubelet restarts it by the Pod's restartPolicy. */
export async function signalContainer(
  node: KubeNode,
  { namespace, name, container }: ContainerRef,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<void> {
  const pod = JSON.parse(await node.kubectl(['get', 'pod', name, '-n', namespace, '-o', 'json'])) as Pod;
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status;
  const statuses = [...containerStatuses, ...initContainerStatuses];
  const status = statuses.find((one) => container === undefined || one.name === container);
  await signalTask(node, status?.containerID?.replace('containerd://', '') ?? '', signal);
}

/** Kills a Pod's sandbox: the Pod keeps its uid, and gets another address. */
export async function killSandbox(node: KubeNode, { namespace, name }: PodRef): Promise<void> {
  const filter = [
    'labels."io.cri-containerd.kind"==sandbox',
    `labels."io.kubernetes.pod.namespace"==${namespace}`,
    `labels."io.kubernetes.pod.name"==${name}`,
  ].join(',');
  const ids = await node.exec(['ctr', '--namespace', 'k8s.io', 'containers', 'list', '--quiet', filter]);
  for (const id of ids.split('\n').filter(Boolean))
    await signalTask(node, id, 'SIGKILL').catch(() => undefined);
}

async function signalTask(node: KubeNode, id: string, signal: NodeJS.Signals): Promise<void> {
  const tasks = await node.exec(['ctr', '--namespace', 'k8s.io', 'tasks', 'list']);
  const line = tasks.split('\n').find((text) => id !== '' && text.startsWith(id));
  const [, processId, state] = line?.split(/\s+/) ?? [];
  assert.equal(state, 'RUNNING', `container ${id}: ${line}`);
  await node.exec(['kill', '-s', signal.slice(3), processId ?? '']);
}
