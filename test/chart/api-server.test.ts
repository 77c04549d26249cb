// The chart before a real API server: it takes every object, and a release comes, changes and goes as it should.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { ApiFailure, type KubernetesObject } from '../harness/api-client.ts';
import { connect } from '../harness/cluster.ts';
import { waitFor } from '../harness/wait-for.ts';
import { creationPath } from './discovery.ts';
import { chartDirectory, everything, objectsIn, only, openHelm, type Rendered, type Values } from './helm.ts';

const plane = await startControlPlane();
const cluster = connect(plane);
const helm = await openHelm(plane.kubeconfig);
const directory = await mkdtemp(join(tmpdir(), 'pantag-chart-'));
after(async () => {
  await rm(directory, { recursive: true, force: true });
  await helm[Symbol.asyncDispose]();
  await cluster.close();
  await plane.stop();
});
const namespace = 'pan-tag-operator';
// As strict as a namespace can be.
await cluster.createNamespace(namespace, { 'pod-security.kubernetes.io/enforce': 'restricted' });

/** What prometheus-operator brings, without its schemas. */
async function installMonitoringKinds(): Promise<void> {
  for (const [kind, plural] of [
    ['ServiceMonitor', 'servicemonitors'],
    ['PrometheusRule', 'prometheusrules'],
  ] as const) {
    const group = 'monitoring.coreos.com';
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await cluster.create('CustomResourceDefinition', {
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind, plural },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
  }
  const served = () =>
    cluster.request('GET', '/apis/monitoring.coreos.com/v1/prometheusrules').then(() => true);
  await waitFor(served, { what: 'the kinds of prometheus-operator to be served' });
}
await installMonitoringKinds();

async function dryRun(object: Rendered): Promise<void> {
  const path = await creationPath(cluster, object);
  await cluster.request('POST', `${path}?dryRun=All&fieldValidation=Strict`, object);
}

test('the API server takes every object, and knows every field', async () => {
  const small: Values = { replicaCount: 1, serviceAccount: { create: false, name: 'given' } };
  for (const values of [everything, small])
    for (const object of await helm.render(values)) await dryRun(object);
});

type PodTemplate = { readonly metadata: { readonly labels: object }; readonly spec: object };

function podsOf(objects: readonly Rendered[]): Rendered[] {
  return objects.flatMap(({ kind, metadata, ...rest }) => {
    if (kind !== 'Deployment' && kind !== 'Job') return [];
    const { template } = rest['spec'] as { template: PodTemplate };
    const of = { name: `of-${metadata.name}`, namespace, labels: {} };
    return [{ apiVersion: 'v1', kind: 'Pod', metadata: of, spec: template.spec }];
  });
}

test('a namespace that enforces Pod Security "restricted" accepts the Pods', async () => {
  const pods = podsOf(await helm.render(everything));
  assert.deepEqual(
    pods.map(({ metadata }) => metadata.name),
    ['of-pan-tag-operator', 'of-pan-tag-operator-simulator', 'of-pan-tag-operator-uninstall'],
  );
  for (const pod of pods) {
    await dryRun(pod);
    const { securityContext: _given, ...bare } = pod['spec'] as Record<string, unknown>;
    await assert.rejects(dryRun({ ...pod, spec: bare }), /violates PodSecurity "restricted/);
  }
});

test('the notes declare a firewall that the API server takes', async () => {
  await cluster.applyCrds();
  for (const simulator of [true, false]) {
    const file = await helm.valuesFile({ simulator: { enabled: simulator }, crds: { enabled: false } });
    const install = ['install', 'pan-tag-operator', chartDirectory, '--namespace', namespace];
    const notes = await helm.run(...install, '--dry-run=server', '--values', file);
    assert.match(notes, /addressCIDRs|simulated firewall/);
    const manifests = [...notes.matchAll(/<<'END'\n(.*?)^END$/gms)].map(([, text = '']) => text);
    assert.equal(manifests.length, 2);
    for (const text of manifests) for (const object of objectsIn(text)) await dryRun(object);
  }
  for (const plural of ['panfirewalls', 'pantagpolicies', 'clusterpantagpolicies']) {
    await cluster.remove('CustomResourceDefinition', { name: `${plural}.pantag.io` });
  }
  const gone = () =>
    cluster
      .list('CustomResourceDefinition')
      .then((all) => all.every(({ metadata }) => !metadata.name.endsWith('.pantag.io')));
  await waitFor(gone, { what: 'the CRDs to be gone' });
});

test('a release is installed, upgraded with its CRDs, and leaves them when it goes', async () => {
  const place = ['pan-tag-operator', chartDirectory, '--namespace', namespace];
  await helm.run('install', ...place);
  const name = 'panfirewalls.pantag.io';
  // An older release's schema: the upgrade brings the present one.
  const annotation = 'pantag.io/schema-revision';
  await cluster.patch(
    'CustomResourceDefinition',
    { name },
    { metadata: { annotations: { [annotation]: '0' } } },
  );
  await helm.run(
    'upgrade',
    ...place,
    '--values',
    await helm.valuesFile({ ...everything, replicaCount: 1 }),
    '--force-conflicts',
  );
  const { metadata } = await cluster.get('CustomResourceDefinition', { name });
  assert.notEqual(metadata.annotations?.[annotation], '0');
  await helm.run('rollback', 'pan-tag-operator', '1', '--namespace', namespace);
  await helm.run('uninstall', 'pan-tag-operator', '--namespace', namespace);
  const { metadata: kept } = await cluster.get('CustomResourceDefinition', { name });
  assert.equal(kept.deletionTimestamp, undefined);
  await assert.rejects(
    cluster.get('ServiceAccount', { name: 'pan-tag-operator', namespace }),
    (error: unknown) => error instanceof ApiFailure && error.code === 404,
  );
});

test('before a purge, the uninstall hook stops every operator', async () => {
  const objects = await helm.render({ uninstall: { purge: true } });
  for (const object of objects.filter(({ kind }) =>
    /^(Cluster)?Role|^ServiceAccount|^Deployment$/.test(kind),
  )) {
    await cluster.request('POST', await creationPath(cluster, object), object);
  }
  const labels = { 'app.kubernetes.io/name': namespace, 'app.kubernetes.io/instance': namespace };
  const pod = podsOf(objects)[0] ?? assert.fail();
  await cluster.request('POST', `/api/v1/namespaces/${namespace}/pods`, {
    ...pod,
    metadata: { ...pod.metadata, labels },
  });

  const job = only(objects, 'Job', 'pan-tag-operator-uninstall')['spec'] as {
    template: {
      spec: {
        initContainers: readonly {
          command: readonly string[];
          env: readonly { name: string; value: string }[];
        }[];
      };
    };
  };
  const { command, env } = job.template.spec.initContainers[0] ?? assert.fail();
  const given = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  const secrets = '/var/run/secrets/kubernetes.io/serviceaccount';
  const here = (text: string) => text.replaceAll(secrets, directory);
  await writeFile(join(directory, 'token'), await cluster.serviceAccountToken(namespace, namespace));
  await writeFile(join(directory, 'ca.crt'), await readFile(plane.caFile));
  const { hostname, port } = new URL(plane.url);
  const running = promisify(execFile)(process.execPath, command.slice(1).map(here), {
    env: {
      ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name, here(value)])),
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
    },
    timeout: 30_000,
  });
  const scaled = async (): Promise<boolean> => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${namespace}`;
    const { spec } = await cluster.request<KubernetesObject & { spec: { replicas: number } }>('GET', path);
    return spec.replicas === 0;
  };
  await waitFor(scaled, { what: 'the Deployment to be scaled to 0', timeoutMs: 20_000 });
  // Nobody ends Pods here but us.
  await cluster.request(
    'DELETE',
    `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}?gracePeriodSeconds=0`,
  );
  const { stdout } = await running;
  assert.match(stdout, /is scaled to 0\n(?:.*\n)*0 Pods of it are left\n$/);
});

test('the roles for tenants let them write the policies of their namespace, and nothing else', async () => {
  const roles = (await helm.render()).filter(({ metadata }) => /operator-(?:view|edit)$/.test(metadata.name));
  await cluster.createNamespace('tenant');
  for (const { metadata, ...role } of roles) {
    // No controller runs here that would add them to Kubernetes' own roles of these names.
    const name = `tenant-${metadata.name}`;
    await cluster.create('ClusterRole', { ...role, metadata: { name } });
    await cluster.create('RoleBinding', {
      metadata: { name, namespace: 'tenant' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: metadata.name.replace(/.*-/, '') },
      ],
    });
  }
  const may = async (user: string, verb: string, resource: string, space: string): Promise<boolean> => {
    const resourceAttributes = { verb, resource, namespace: space, group: 'pantag.io' };
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, resourceAttributes },
    };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    return (await cluster.request<{ status: { allowed: boolean } }>('POST', path, review)).status.allowed;
  };
  // PanFirewalls are of no namespace: the role for them is bound in the whole cluster.
  const name = 'tenant-firewall-view';
  const rendered = only(await helm.render(), 'ClusterRole', 'pan-tag-operator-firewall-view');
  const { metadata: _of, ...firewallView } = rendered;
  await cluster.create('ClusterRole', { ...firewallView, metadata: { name } });
  await cluster.create('ClusterRoleBinding', {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'view' }],
  });
  for (const verb of ['get', 'list', 'watch'])
    await waitFor(() => may('view', verb, 'panfirewalls', ''), { what: `the right to ${verb} PanFirewalls` });
  await waitFor(() => may('view', 'list', 'pantagpolicies', 'tenant'), { what: 'the roles to be known' });
  await waitFor(() => may('edit', 'create', 'pantagpolicies', 'tenant'), { what: 'the roles to be known' });
  for (const [user, verb, resource, space] of [
    ['view', 'create', 'pantagpolicies', 'tenant'],
    ['edit', 'create', 'pantagpolicies', namespace],
    ['edit', 'create', 'clusterpantagpolicies', ''],
    ['edit', 'create', 'panfirewalls', ''],
    ['view', 'patch', 'panfirewalls', ''],
    ['view', 'create', 'panfirewalls', ''],
    ['edit', 'list', 'panfirewalls', ''],
    ['edit', 'patch', 'panfirewalls', 'tenant'],
    ['edit', 'patch', 'pantagpolicies/status', 'tenant'],
  ] as const) {
    assert.equal(await may(user, verb, resource, space), false, `${user} may ${verb} ${resource}`);
  }
});
