// The chart as text: what helm makes of it for many values, and that deploy/ says the same.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { customResourceDefinitions } from '../../scripts/custom-resource-definitions.ts';
import { chartValues } from '../../scripts/chart-values.ts';
import {
  chartDirectory,
  everything,
  objectsIn,
  only,
  openHelm,
  type Rendered,
  root,
  type Values,
} from './helm.ts';

const helm = await openHelm();
after(() => helm[Symbol.asyncDispose]());

/** Switches that change which objects there are, or how they are written. */
const matrix: readonly Values[] = [
  {},
  everything,
  { replicaCount: 1, crds: { enabled: false }, rbac: { create: false, aggregate: false } },
  { serviceAccount: { create: false, name: 'given' }, fullnameOverride: 'tags' },
  { image: { digest: `sha256:${'0'.repeat(64)}` }, imagePullSecrets: [{ name: 'registry' }] },
  {
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    priorityClassName: 'system-cluster-critical',
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' }],
    podLabels: { team: 'net' },
    podAnnotations: { note: 'x' },
    extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
  },
  {
    networkPolicy: {
      enabled: true,
      deviceCIDRs: ['192.168.1.0/24', '2001:db8::/64'],
      apiServerCIDRs: ['10.0.0.1/32'],
      metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
    },
    prometheusRule: { enabled: true, documentationUrl: 'https://git.example.net/docs' },
  },
];

test('helm lint --strict has nothing to say, whatever the values', async () => {
  for (const values of matrix) {
    await helm.run('lint', '--strict', chartDirectory, '--values', await helm.valuesFile(values));
  }
});

test('every object is of the release: named, labelled, and in its namespace when it has one', async () => {
  const clusterScope = new Set(['ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition']);
  for (const values of matrix) {
    const objects = await helm.render(values);
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    assert.equal(new Set(names).size, names.length, 'two objects of one name');
    for (const { kind, metadata } of objects) {
      if (kind === 'CustomResourceDefinition') continue;
      assert.equal(
        metadata.labels?.['app.kubernetes.io/instance'],
        'pan-tag-operator',
        `${kind} ${metadata.name}`,
      );
      const namespace = clusterScope.has(kind) ? undefined : 'pan-tag-operator';
      assert.equal(metadata.namespace, namespace, `${kind} ${metadata.name}`);
    }
  }
});

test('a value that does not exist, or cannot be, is refused', async () => {
  const refused: readonly (readonly [Values, RegExp])[] = [
    [{ replicas: 2 }, /additional properties 'replicas' not allowed/],
    [{ image: { name: 'x' } }, /additional properties 'name' not allowed/],
    [{ log: { level: 'loud' } }, /\/log\/level/],
    [{ replicaCount: 'two' }, /\/replicaCount/],
    [{ networkPolicy: { deviceCIDRs: ['10.0.0.1'] } }, /\/networkPolicy\/deviceCIDRs/],
    [{ image: { digest: 'latest' } }, /\/image\/digest/],
  ];
  for (const [values, says] of refused) await assert.rejects(helm.render(values), says);
});

test('values.yaml holds a default for every value, and the schema takes them', async () => {
  const values: unknown = parse(await readFile(join(chartDirectory, 'values.yaml'), 'utf8'));
  assert.deepEqual(chartValues.parse(values), values);
});

test("the chart's CRDs are those of crds/, and stay when it is uninstalled", async () => {
  const rendered = (await helm.render()).filter(({ kind }) => kind === 'CustomResourceDefinition');
  const expected = customResourceDefinitions().map(({ crd }) => ({
    ...crd,
    metadata: {
      ...crd.metadata,
      annotations: { ...crd.metadata.annotations, 'helm.sh/resource-policy': 'keep' },
    },
  }));
  const byName = (a: Pick<Rendered, 'metadata'>, b: Pick<Rendered, 'metadata'>) =>
    a.metadata.name.localeCompare(b.metadata.name);
  assert.deepEqual(rendered.toSorted(byName), JSON.parse(JSON.stringify(expected.toSorted(byName))));
});

const releaseLabels = new Set(['helm.sh/chart', 'app.kubernetes.io/version', 'app.kubernetes.io/managed-by']);

/** Without what only tells of the release that manages an object. */
function comparable(object: Rendered): unknown {
  const text = JSON.stringify(object, (key, value: unknown) => (releaseLabels.has(key) ? undefined : value));
  return JSON.parse(text);
}

type Kustomization = { readonly resources: readonly string[] };

async function kustomized(folder: string): Promise<readonly Rendered[]> {
  const read = (name: string) => readFile(join(root, folder, name), 'utf8');
  const { resources } = parse(await read('kustomization.yaml')) as Kustomization;
  return (await Promise.all(resources.map(read))).flatMap(objectsIn);
}

test('deploy/ and the chart are the same objects, rights and all', async () => {
  const values = { networkPolicy: { enabled: true }, serviceMonitor: { enabled: true } };
  const rendered = await helm.render({
    ...values,
    prometheusRule: { enabled: true },
    crds: { enabled: false },
  });
  const folders = ['deploy', 'deploy/components/network-policy', 'deploy/components/monitoring'];
  const own = (await Promise.all(folders.map(kustomized))).flat().filter(({ kind }) => kind !== 'Namespace');
  const sorted = (objects: readonly Rendered[]) =>
    objects
      .map(comparable)
      .map((object) => [JSON.stringify(object, ['kind', 'metadata', 'name']), object] as const)
      .toSorted(([a], [b]) => a.localeCompare(b));
  // What helm test runs is Helm's alone.
  const installed = rendered.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== 'test');
  assert.deepEqual(sorted(installed), sorted(own));
});

test('helm test runs the command check as the operator runs: its account, image, environment and restrictions', async () => {
  const objects = await helm.render(everything);
  const pod = only(objects, 'Pod', 'pan-tag-operator-check');
  assert.equal(pod.metadata.annotations?.['helm.sh/hook'], 'test');
  type PodSpec = { readonly containers: readonly Record<string, unknown>[] } & Record<string, unknown>;
  const check = pod['spec'] as PodSpec;
  const operator = (
    only(objects, 'Deployment', 'pan-tag-operator')['spec'] as { template: { spec: PodSpec } }
  ).template.spec;
  for (const field of [
    'serviceAccountName',
    'securityContext',
    'imagePullSecrets',
    'nodeSelector',
    'volumes',
  ])
    assert.deepEqual(check[field], operator[field], field);
  for (const field of ['image', 'env', 'envFrom', 'volumeMounts', 'resources', 'securityContext'])
    assert.deepEqual(check.containers[0]?.[field], operator.containers[0]?.[field], field);
  const args = operator.containers.flatMap((container) => container['args'] as string[]);
  assert.deepEqual(check.containers[0]?.['args'], [
    'check',
    ...args.filter((arg) => /^--(namespace|log)/.test(arg)),
  ]);
});

test('nobody is granted to write PanFirewalls, and Secrets are read in one namespace only', async () => {
  type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] };
  const objects = await helm.render(everything);
  const rules = objects.flatMap((object) =>
    ((object['rules'] as Rule[] | undefined) ?? []).map((rule) => ({ ...rule, of: object })),
  );
  for (const { resources, verbs, of } of rules) {
    assert.ok(![...resources, ...verbs].includes('*'), `${of.kind} ${of.metadata.name} has a wildcard`);
    if (resources.includes('panfirewalls')) {
      const writing = verbs.filter((verb) => !['get', 'list', 'watch'].includes(verb));
      // patch: annotations that were acted on, and the finalizer; the operator's own role alone.
      const allowed = of.metadata.name === 'pan-tag-operator' ? ['patch'] : [];
      assert.deepEqual(
        writing.filter((verb) => !allowed.includes(verb)),
        [],
        of.metadata.name,
      );
    }
    if (resources.includes('secrets') || resources.includes('leases')) assert.equal(of.kind, 'Role');
  }
});

test('the containers run the image that the values name', async () => {
  const objects = await helm.render({ ...everything, image: { repository: 'r.example/op', tag: '1' } });
  const deployment = JSON.stringify(only(objects, 'Deployment'));
  assert.match(deployment, /"image":"r\.example\/op:1"/);
  const pinned = await helm.render({ image: { digest: `sha256:${'a'.repeat(64)}` } });
  assert.match(JSON.stringify(only(pinned, 'Deployment')), /"image":"pan-tag-operator@sha256:a{64}"/);
});

test("the chart, its image and deploy/ are of the program's version", async () => {
  const read = async (file: string): Promise<string> => readFile(join(root, file), 'utf8');
  const { version } = JSON.parse(await read('package.json')) as { version: string };
  const described = parse(await read('helm/pan-tag-operator/Chart.yaml')) as Record<string, string>;
  assert.deepEqual([described['version'], described['appVersion']], [version, version]);
  assert.ok((await read('deploy/deployment.yaml')).includes(`image: pan-tag-operator:${version}\n`));
});

test('the uninstall hook is tried once, within the time that Helm gives it, and its Job stays when it fails', async () => {
  const helmTimeoutSeconds = 300;
  const [job] = (await helm.render({ uninstall: { purge: true } })).filter(({ kind }) => kind === 'Job');
  const { spec, metadata } = job as unknown as {
    metadata: { annotations: Record<string, string> };
    spec: {
      backoffLimit: number;
      activeDeadlineSeconds: number;
      template: { spec: { containers: readonly { args: readonly string[] }[] } };
    };
  };
  const args = spec.template.spec.containers[0]?.args ?? [];
  const timeout = Number(args.find((arg) => arg.startsWith('--timeout='))?.slice('--timeout='.length));
  assert.equal(spec.backoffLimit, 0);
  assert.ok(spec.activeDeadlineSeconds < helmTimeoutSeconds);
  assert.ok(timeout > 0 && timeout < spec.activeDeadlineSeconds);
  assert.ok(args.includes('--yes'));
  assert.doesNotMatch(metadata.annotations['helm.sh/hook-delete-policy'] ?? '', /hook-failed/);
  assert.equal(metadata.annotations['helm.sh/hook-output-log-policy'], 'hook-succeeded,hook-failed');
});
