// Faults that a watch which goes on does not show: the operator finds them within two minutes, and names them.
import { after, describe, test } from 'node:test';
import type { KubernetesObject } from '../harness/api-client.ts';
import { startOperator, type OperatorProcess } from '../harness/operator-process.ts';
import { waitFor } from '../harness/wait-for.ts';
import { ask, waitUntilReady } from './probes.ts';
import { openStage, operatorNamespace } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster, plane } = stage;

const asOperator = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'pan-tag-operator' };
const secretsAsOperator = { ...asOperator, kind: 'Role' };

/** An operator under a ServiceAccount of its own, with the rights of the operator's. */
async function startAs(name: string): Promise<OperatorProcess> {
  const subjects = [{ kind: 'ServiceAccount', name, namespace: operatorNamespace }];
  await cluster.create('ServiceAccount', { metadata: { name, namespace: operatorNamespace } });
  await cluster.create('ClusterRoleBinding', { metadata: { name }, roleRef: asOperator, subjects });
  const metadata = { name, namespace: operatorNamespace };
  await cluster.create('RoleBinding', { metadata, roleRef: secretsAsOperator, subjects });
  const token = await cluster.serviceAccountToken(operatorNamespace, name);
  const kubeconfig = await plane.kubeconfigFor({ token });
  const operator = await stage.enlist(token, (logFile) =>
    startOperator({ kubeconfig, namespace: operatorNamespace, logFile }),
  );
  await waitUntilReady(operator, 30_000);
  return operator;
}

/** Resolves when /readyz says this and is not ready; that may take two minutes. */
async function isToldBy(operator: OperatorProcess, says: RegExp): Promise<void> {
  const look = async (): Promise<boolean> => {
    const { ok, text } = await ask(operator, '/readyz');
    return !ok && says.test(text);
  };
  await waitFor(look, { what: `/readyz to say ${says}`, timeoutMs: 120_000, intervalMs: 500 });
}

describe('while its watches go on', { concurrency: 2 }, () => {
  test('rights that are taken away are missed by name, and given back they suffice', async () => {
    const operator = await startAs('robbed');
    const given = await cluster.get<KubernetesObject & { roleRef: object; subjects: object[] }>(
      'ClusterRoleBinding',
      { name: 'robbed' },
    );
    await cluster.remove('ClusterRoleBinding', { name: 'robbed' });
    await isToldBy(operator, /^pods: Forbidden: grant the verbs list and watch on pods/m);
    const { roleRef, subjects } = given;
    await cluster.create('ClusterRoleBinding', { metadata: { name: 'robbed' }, roleRef, subjects });
    await waitUntilReady(operator, 60_000);
  });

  test('a token that is accepted no more is told as that', async () => {
    const operator = await startAs('expelled');
    await cluster.remove('ServiceAccount', { name: 'expelled', namespace: operatorNamespace });
    await isToldBy(operator, /^pods: Unauthorized: the API server does not accept our credentials/m);
  });
});
