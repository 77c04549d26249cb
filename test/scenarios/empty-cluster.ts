// Removes what earlier scenarios left in a control plane that is lent to one test after the other.
import assert from 'node:assert/strict';
import type { KubernetesObject } from '../harness/api-client.ts';
import type { Cluster } from '../harness/cluster.ts';
import { inParallel } from '../harness/in-parallel.ts';
import { collectionPath, type Kind, objectPath } from '../harness/objects.ts';

const ownKinds = ['PanFirewall', 'PanTagPolicy', 'ClusterPanTagPolicy'] as const;
const namespacedKinds = [
  'Pod',
  'Secret',
  'ServiceAccount',
  'Event',
  'Lease',
  'Role',
  'RoleBinding',
] as const satisfies readonly Kind[];
const clusterKinds = ['ClusterRole', 'ClusterRoleBinding'] as const;

/** Leaves the definitions, and what every control plane has. No controller runs: nothing goes by itself. */
export async function emptyCluster(cluster: Cluster): Promise<void> {
  await Promise.all(ownKinds.map((kind) => removeAll(cluster, kind)));
  await Promise.all(clusterKinds.map((kind) => removeAll(cluster, kind)));
  const namespaces = (await cluster.list('Namespace')).map(({ metadata }) => metadata.name);
  const left = namespaces.filter((name) => !name.startsWith('kube-'));
  await inParallel(left, (name) => emptyNamespace(cluster, name), 4);
  await inParallel(
    left.filter((name) => name !== 'default'),
    (name) => removeNamespace(cluster, name),
    4,
  );
  for (const kind of ['Pod', 'Secret', 'Lease', ...ownKinds] as const) {
    const stayed = (await cluster.list(kind)).filter(
      ({ metadata }) => metadata.namespace?.startsWith('kube-') !== true,
    );
    assert.deepEqual(stayed, [], `${kind}s that cannot be removed`);
  }
}

async function removeAll(
  cluster: Cluster,
  kind: (typeof ownKinds | typeof clusterKinds)[number],
): Promise<void> {
  const found = (await cluster.list(kind)).filter(({ metadata }) => !isBuiltIn(metadata));
  await inParallel(
    found,
    async ({ metadata }) => {
      if (metadata.finalizers !== undefined)
        await cluster.patch(kind, metadata, { metadata: { finalizers: null } });
      if (metadata.deletionTimestamp === undefined) await cluster.remove(kind, metadata);
    },
    8,
  );
}

function isBuiltIn({ labels }: KubernetesObject['metadata']): boolean {
  return labels?.['kubernetes.io/bootstrapping'] !== undefined;
}

async function emptyNamespace(cluster: Cluster, namespace: string): Promise<void> {
  for (const kind of namespacedKinds)
    await cluster.request('DELETE', collectionPath(kind, namespace), { gracePeriodSeconds: 0 });
}

async function removeNamespace(cluster: Cluster, name: string): Promise<void> {
  const { metadata } = await cluster.get('Namespace', { name });
  if (metadata.deletionTimestamp === undefined) await cluster.remove('Namespace', { name });
  const ending = await cluster.get('Namespace', { name });
  await cluster.request('PUT', `${objectPath('Namespace', { name })}/finalize`, {
    ...ending,
    spec: { finalizers: [] },
  });
}
