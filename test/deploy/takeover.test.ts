// Takeover between kustomize and Helm before a real API server: the objects stay, the Deployment included.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { creationPath } from '../chart/discovery.ts';
import { chartDirectory, objectsIn, openHelm, type Rendered, root } from '../chart/helm.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { connect } from '../harness/cluster.ts';

const name = 'pan-tag-operator';
const plane = await startControlPlane();
const cluster = connect(plane);
const helm = await openHelm(plane.kubeconfig);
after(async () => {
  await helm[Symbol.asyncDispose]();
  await cluster.close();
  await plane.stop();
});

/** What "kubectl apply --server-side -k deploy/" applies. */
async function applyDeploy(): Promise<void> {
  const read = (file: string) => readFile(join(root, 'deploy', file), 'utf8');
  const { resources } = parse(await read('kustomization.yaml')) as { readonly resources: readonly string[] };
  for (const text of await Promise.all(resources.map(read)))
    for (const object of objectsIn(text)) await apply(object);
}

async function apply(object: Rendered): Promise<void> {
  const path = `${await creationPath(cluster, object)}/${object.metadata.name}`;
  const options = { contentType: 'application/apply-patch+yaml' };
  await cluster.request('PATCH', `${path}?fieldManager=kubectl&force=true`, object, options);
}

type Live = {
  readonly metadata: { readonly uid: string; readonly labels: Readonly<Record<string, string>> };
};

const deployment = (): Promise<Live> =>
  cluster.request('GET', `/apis/apps/v1/namespaces/${name}/deployments/${name}`);

test('Helm takes over what kustomize installed, and kustomize what Helm did; the Deployment stays', async () => {
  await cluster.applyCrds();
  await applyDeploy();
  const first = await deployment();
  const place = [name, chartDirectory, '--namespace', name, '--take-ownership', '--force-conflicts'];
  await helm.run('install', ...place);
  const second = await deployment();
  assert.equal(second.metadata.labels['app.kubernetes.io/managed-by'], 'Helm');
  await applyDeploy();
  const third = await deployment();
  assert.deepEqual([second.metadata.uid, third.metadata.uid], [first.metadata.uid, first.metadata.uid]);
  const roles = (await cluster.list('ClusterRole')).map(({ metadata }) => metadata.name);
  assert.deepEqual(roles.filter((role) => role.includes(name)).toSorted(), [
    name,
    `${name}-edit`,
    `${name}-firewall-view`,
    `${name}-view`,
  ]);
});
