// The cluster client on a real API server: what it writes is what Kubernetes then holds.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stringify } from 'yaml';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { ApiFailure } from './api-client.ts';
import { connect } from './cluster.ts';
import type { PodRef } from './pods.ts';

const plane = await startControlPlane();
const cluster = connect(plane);
after(async () => {
  await cluster.close();
  await plane.stop();
});

type Status = {
  phase?: string;
  podIP?: string;
  podIPs?: { ip: string }[];
  startTime?: string;
  conditions?: { type: string; status: string; lastTransitionTime: string }[];
};

async function statusOf(pod: PodRef): Promise<Status> {
  return (await cluster.get<{ status: Status }>('Pod', pod)).status;
}

const isMissing = (error: unknown): boolean => error instanceof ApiFailure && error.code === 404;

test('a Pod with addresses runs, and its network came up when the test says', async () => {
  const networkReadyAt = new Date('2026-01-02T03:04:05Z');
  const ips = ['10.0.0.7', 'fd00::7'];
  const pod = await cluster.createPod({ name: 'web', labels: { app: 'web' }, ips, networkReadyAt });
  assert.deepEqual({ namespace: pod.namespace, name: pod.name }, { namespace: 'default', name: 'web' });
  assert.equal((await cluster.get('Pod', pod)).metadata.uid, pod.uid);
  const { phase, podIP, podIPs, startTime, conditions } = await statusOf(pod);
  assert.deepEqual(
    { phase, podIP, podIPs, startTime },
    { phase: 'Running', podIP: ips[0], podIPs: ips.map((ip) => ({ ip })), startTime: '2026-01-02T03:04:05Z' },
  );
  const network = conditions?.find(({ type }) => type === 'PodReadyToStartContainers');
  assert.equal(network?.status, 'True');
  assert.equal(network.lastTransitionTime, '2026-01-02T03:04:05Z');
});

test("a Pod's addresses, phase and labels change, and go", async () => {
  const pod = await cluster.createPod({
    name: 'changing',
    labels: { app: 'a', tier: 'x' },
    ips: ['10.0.0.8'],
  });
  await cluster.setPodIps(pod, ['10.0.0.9']);
  assert.equal((await statusOf(pod)).podIP, '10.0.0.9');
  await cluster.setPodIps(pod, []);
  assert.equal((await statusOf(pod)).podIPs, undefined);
  await cluster.setPodPhase(pod, 'Succeeded');
  assert.equal((await statusOf(pod)).phase, 'Succeeded');
  await cluster.labelPod(pod, { tier: null, app: 'b' });
  assert.deepEqual((await cluster.get('Pod', pod)).metadata.labels, { app: 'b' });
});

test('a terminating Pod stays until it is deleted', async () => {
  const pod = await cluster.createPod({ name: 'draining', ips: ['10.0.0.10'] });
  await cluster.terminatePod(pod);
  assert.ok((await cluster.get('Pod', pod)).metadata.deletionTimestamp);
  await cluster.deletePod(pod);
  await assert.rejects(cluster.get('Pod', pod), isMissing);
});

test('many Pods are made at once, and an API refusal is an error that names the call', async () => {
  await cluster.createNamespace('many', { team: 'a' });
  const pods = Array.from({ length: 100 }, (_, n) => ({
    name: `p-${n}`,
    namespace: 'many',
    ips: [`10.1.0.${n}`],
  }));
  const created = await cluster.createPods(pods);
  assert.deepEqual(
    created.map(({ name }) => name),
    pods.map(({ name }) => name),
  );
  assert.equal((await cluster.list('Pod', 'many')).length, 100);
  await assert.rejects(cluster.createPods(pods), /POST \/api\/v1\/namespaces\/many\/pods: 409 AlreadyExists/);
});

test('a Secret is stored as given and patched', async () => {
  await cluster.createSecret({ name: 'edge-a' }, { apiKey: 'one' });
  await cluster.patch('Secret', { name: 'edge-a' }, { stringData: { apiKey: 'two' } });
  const { data } = await cluster.get<{ data: Record<string, string> }>('Secret', { name: 'edge-a' });
  assert.equal(Buffer.from(data['apiKey'] ?? '', 'base64').toString(), 'two');
});

test('a client with a ServiceAccount token is that ServiceAccount', async () => {
  await cluster.create('ServiceAccount', { metadata: { name: 'tenant' } });
  await using tenant = connect(plane, await cluster.serviceAccountToken('default', 'tenant'));
  await assert.rejects(tenant.list('Pod'), /403 Forbidden.*system:serviceaccount:default:tenant/);
});

test('CRDs of a directory are served when applyCrds returns, and it can be repeated', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'pantag-crds-'));
  t.after(() => rm(directory, { recursive: true }));
  await assert.rejects(cluster.applyCrds(directory), /no \*\.yaml in/);
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const definition = (kind: string, plural: string, scope: string): string =>
    stringify({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.pantag.io` },
      spec: {
        group: 'pantag.io',
        scope,
        names: { kind, plural, singular: kind.toLowerCase() },
        versions: [{ name: 'v1alpha1', served: true, storage: true, schema, subresources: { status: {} } }],
      },
    });
  const texts = [
    definition('PanFirewall', 'panfirewalls', 'Cluster'),
    definition('PanTagPolicy', 'pantagpolicies', 'Namespaced'),
  ];
  await writeFile(join(directory, 'all.yaml'), texts.join('---\n'));
  await cluster.applyCrds(directory);
  await cluster.create('PanFirewall', { metadata: { name: 'edge-a' }, spec: { endpoint: 'https://fw' } });
  await cluster.patchStatus('PanFirewall', { name: 'edge-a' }, { status: { owned: 3 } });
  await cluster.applyCrds(directory);
  const firewall = await cluster.patch('PanFirewall', { name: 'edge-a' }, { spec: { mode: 'Enforce' } });
  assert.deepEqual(firewall.spec, { endpoint: 'https://fw', mode: 'Enforce' });
  assert.deepEqual(firewall.status, { owned: 3 });
  await cluster.apply('PanTagPolicy', {
    metadata: { name: 'web', namespace: 'default' },
    spec: { tags: ['a'] },
  });
  await cluster.apply('PanTagPolicy', {
    metadata: { name: 'web', namespace: 'default' },
    spec: { tags: ['b'] },
  });
  assert.deepEqual((await cluster.get('PanTagPolicy', { name: 'web' })).spec, { tags: ['b'] });
  await cluster.remove('PanFirewall', { name: 'edge-a' });
  assert.deepEqual(await cluster.list('PanFirewall'), []);
});
