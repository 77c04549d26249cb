// Chart conventions: names, labels, annotations and values that are passed on, as users of other charts expect them.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { panFirewallSpec } from '../../src/kubernetes/resources/pan-firewall.ts';
import { panTagPolicySpec } from '../../src/kubernetes/resources/tag-policy.ts';
import { chartDirectory, everything, objectsIn, only, openHelm, type Rendered, root } from './helm.ts';

const helm = await openHelm();
after(() => helm[Symbol.asyncDispose]());

type Pod = {
  readonly securityContext?: unknown;
  readonly containers: readonly {
    readonly image: string;
    readonly args: readonly string[];
    readonly env?: unknown;
    readonly envFrom?: unknown;
    readonly securityContext?: unknown;
  }[];
};
type Workload = {
  readonly revisionHistoryLimit?: number;
  readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly annotations?: unknown };
    readonly spec: Pod;
  };
};

const workload = (object: Rendered): Workload => object['spec'] as Workload;
const workloads = (objects: readonly Rendered[]): readonly Rendered[] =>
  objects.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
const operatorOf = (objects: readonly Rendered[]): Workload => workload(only(objects, 'Deployment'));
const firstContainer = ({ template }: Workload): Pod['containers'][number] =>
  template.spec.containers[0] ?? assert.fail('a Pod without a container');

/** The chart's objects for a release of this name, in this namespace. */
async function release(name: string, namespace: string, values: object = {}): Promise<readonly Rendered[]> {
  const file = await helm.valuesFile({ crds: { enabled: false }, ...values });
  return objectsIn(
    await helm.run('template', name, chartDirectory, '--namespace', namespace, '--values', file),
  );
}

test('names are the release, or the release and the chart; nameOverride is for the latter, fullnameOverride for both', async () => {
  for (const [name, values, expected] of [
    ['pan-tag-operator', {}, 'pan-tag-operator'],
    ['prod-pan-tag-operator', {}, 'prod-pan-tag-operator'],
    ['prod', {}, 'prod-pan-tag-operator'],
    ['prod', { nameOverride: 'tags' }, 'prod-tags'],
    ['tags', { nameOverride: 'tags' }, 'tags'],
    ['prod', { nameOverride: 'tags', fullnameOverride: 'firewall-tags' }, 'firewall-tags'],
  ] as const) {
    const objects = (await release(name, 'net', values)).filter(({ kind }) => kind !== 'Pod');
    const names = new Set(objects.map(({ metadata }) => metadata.name));
    const cluster = ['', '-view', '-firewall-view', '-edit'].map((suffix) => `net-${expected}${suffix}`);
    assert.deepEqual(names, new Set([expected, ...cluster]), JSON.stringify([name, values]));
    const label = 'nameOverride' in values ? values.nameOverride : 'pan-tag-operator';
    for (const { metadata } of objects)
      assert.equal(metadata.labels?.['app.kubernetes.io/name'], label, metadata.name);
  }
});

test('objects of cluster scope do not repeat the name in a namespace of the same name', async () => {
  const names = (await release('pan-tag-operator', 'pan-tag-operator')).map(({ metadata }) => metadata.name);
  assert.deepEqual(
    names.filter((name) => name.includes('pan-tag-operator-pan-tag-operator')),
    [],
  );
});

test('the longest names still fit into a label, suffixes and all', async () => {
  const long = 'x'.repeat(52);
  const objects = await helm.render({ ...everything, nameOverride: long, fullnameOverride: long });
  for (const { metadata } of objects) {
    if (metadata.namespace !== undefined) assert.ok(metadata.name.length <= 63, metadata.name);
    for (const value of Object.values(metadata.labels ?? {})) assert.ok(value.length <= 63, value);
  }
});

test('the selector of each Deployment is what it was at first: a change could not be upgraded', async () => {
  const instance = { 'app.kubernetes.io/instance': 'pan-tag-operator' };
  const objects = await helm.render({ ...everything, commonLabels: { team: 'net' }, podLabels: { a: 'b' } });
  const selectors = objects
    .filter(({ kind }) => kind === 'Deployment')
    .map((object) => [object.metadata.name, workload(object).selector?.matchLabels]);
  assert.deepEqual(Object.fromEntries(selectors), {
    'pan-tag-operator': { 'app.kubernetes.io/name': 'pan-tag-operator', ...instance },
    'pan-tag-operator-simulator': { 'app.kubernetes.io/name': 'pan-os-simulator', ...instance },
  });
});

test('each part has the recommended labels, its Pods the same, and no selector of one part finds another', async () => {
  const objects = await helm.render(everything);
  const own = objects.filter(({ kind }) => kind !== 'CustomResourceDefinition');
  for (const { kind, metadata } of own) {
    const [, component] = /-(simulator|uninstall|check)$/.exec(metadata.name) ?? ['', 'operator'];
    assert.equal(metadata.labels?.['app.kubernetes.io/component'], component, `${kind} ${metadata.name}`);
    assert.equal(metadata.labels?.['app.kubernetes.io/part-of'], 'pan-tag-operator');
    assert.equal(metadata.labels?.['app.kubernetes.io/managed-by'], 'Helm');
  }
  for (const object of workloads(objects))
    assert.deepEqual(workload(object).template.metadata.labels, object.metadata.labels, object.metadata.name);
  const names = workloads(objects).map(({ metadata }) => metadata.labels?.['app.kubernetes.io/name']);
  assert.equal(new Set(names).size, 3);
});

test("commonLabels are on all objects and Pods, and never in place of the chart's own", async () => {
  const stranger = { 'app.kubernetes.io/name': 'x', 'app.kubernetes.io/component': 'x' };
  const objects = await helm.render({
    ...everything,
    commonLabels: { team: 'net', cost: '007', ...stranger },
    podLabels: { 'app.kubernetes.io/instance': 'x', team: 'pods' },
  });
  const usual = await helm.render(everything);
  for (const { kind, metadata } of objects) {
    if (kind === 'CustomResourceDefinition') continue;
    const { team, cost, ...rest } = metadata.labels ?? {};
    assert.deepEqual([team, cost], ['net', '007'], `${kind} ${metadata.name}`);
    assert.deepEqual(rest, only(usual, kind, metadata.name).metadata.labels);
  }
  for (const object of workloads(objects)) {
    const { team, cost, ...rest } = workload(object).template.metadata.labels;
    const isOperator = object.metadata.name === 'pan-tag-operator';
    assert.deepEqual([team, cost], [isOperator ? 'pods' : 'net', '007'], object.metadata.name);
    assert.deepEqual(rest, only(usual, object.kind, object.metadata.name).metadata.labels);
  }
});

test('annotations are put where they are wanted', async () => {
  const at = (place: string) => ({ [`example.net/${place}`]: 'yes' });
  const objects = await helm.render({
    deploymentAnnotations: at('deployment'),
    podAnnotations: at('pod'),
    service: { annotations: at('service') },
    serviceAccount: { annotations: at('account') },
  });
  assert.deepEqual(only(objects, 'Deployment').metadata.annotations, at('deployment'));
  assert.deepEqual(operatorOf(objects).template.metadata.annotations, at('pod'));
  assert.deepEqual(only(objects, 'Service').metadata.annotations, at('service'));
  assert.deepEqual(only(objects, 'ServiceAccount').metadata.annotations, at('account'));
});

test('the audit log is asked for of the operator and of the purge of an uninstall, or of neither', async () => {
  for (const audit of [true, false]) {
    const objects = await helm.render({ log: { audit }, uninstall: { purge: true } });
    const purge = firstContainer(workload(only(objects, 'Job', 'pan-tag-operator-uninstall')));
    for (const { args } of [firstContainer(operatorOf(objects)), purge])
      assert.equal(args.includes('--audit-log'), audit);
  }
});

test('flags and variables are passed on; the purge of an uninstall reaches the firewalls by the same proxy', async () => {
  const extraEnv = [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }];
  const extraEnvFrom = [{ configMapRef: { name: 'proxy' } }];
  const objects = await helm.render({
    extraArgs: ['--log-level=debug'],
    extraEnv,
    extraEnvFrom,
    uninstall: { purge: true },
  });
  const operator = firstContainer(operatorOf(objects));
  assert.equal(operator.args.at(-1), '--log-level=debug');
  const purge = firstContainer(workload(only(objects, 'Job', 'pan-tag-operator-uninstall')));
  for (const { env, envFrom } of [operator, purge])
    assert.deepEqual([env, envFrom], [extraEnv, extraEnvFrom]);
});

test('security contexts can be changed field by field, and null takes one away', async () => {
  const usual = operatorOf(await helm.render());
  const changed = await helm.render({
    ...everything,
    podSecurityContext: { runAsUser: null, runAsGroup: null, fsGroup: 7 },
    securityContext: { capabilities: { add: ['X'] } },
  });
  const pod = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
  assert.deepEqual(usual.template.spec.securityContext, { ...pod, runAsUser: 65532, runAsGroup: 65532 });
  for (const object of workloads(changed)) {
    const { spec } = workload(object).template;
    assert.deepEqual(spec.securityContext, { ...pod, fsGroup: 7 }, object.metadata.name);
    for (const { securityContext } of spec.containers)
      assert.deepEqual(securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'], add: ['X'] },
      });
  }
});

test('images come from the registry that is named for one, or for all', async () => {
  const images = async (values: object): Promise<readonly string[]> =>
    workloads(await helm.render({ ...everything, ...values })).map(
      (object) => firstContainer(workload(object)).image,
    );
  const named = { image: { registry: 'r.example.net' }, simulator: { enabled: true } };
  assert.deepEqual((await images(named)).toSorted(), [
    'pan-os-simulator:0.1.0',
    'r.example.net/pan-tag-operator:0.1.0',
    'r.example.net/pan-tag-operator:0.1.0',
  ]);
  for (const image of await images({ ...named, global: { imageRegistry: 'all.example.net/x', other: 1 } }))
    assert.match(image, /^all\.example\.net\/x\/pan-(?:tag-operator|os-simulator):0\.1\.0$/);
});

test('the ServiceMonitor says what is asked for, and nothing else', async () => {
  const endpoint = async (serviceMonitor: object): Promise<unknown> => {
    const objects = await helm.render({ serviceMonitor: { enabled: true, ...serviceMonitor } });
    return (only(objects, 'ServiceMonitor')['spec'] as { endpoints: unknown }).endpoints;
  };
  assert.deepEqual(await endpoint({}), [{ port: 'http', interval: '30s' }]);
  const relabelings = [{ action: 'labeldrop', regex: 'pod' }];
  const metricRelabelings = [{ action: 'drop', sourceLabels: ['__name__'], regex: 'nodejs_.*' }];
  const wanted = { interval: '1m', scrapeTimeout: '20s', relabelings, metricRelabelings };
  assert.deepEqual(await endpoint(wanted), [{ port: 'http', ...wanted }]);
});

test('as many former ReplicaSets are kept as is asked for', async () => {
  assert.equal(operatorOf(await helm.render({ revisionHistoryLimit: 2 })).revisionHistoryLimit, 2);
});

test('a rendering is the same each time, so that Argo CD and Flux see no change where there is none', async () => {
  assert.deepEqual(await helm.render(everything), await helm.render(everything));
});

test("Artifact Hub's examples are valid, and its list of CRDs is whole", async () => {
  const { annotations, icon } = parse(await readFile(join(chartDirectory, 'Chart.yaml'), 'utf8')) as {
    annotations: Record<string, string>;
    icon: string;
  };
  const read = (name: string): unknown => parse(annotations[`artifacthub.io/${name}`] ?? '');
  const specs = { PanFirewall: panFirewallSpec, PanTagPolicy: panTagPolicySpec };
  const examples = read('crdsExamples') as readonly { kind: keyof typeof specs; spec: unknown }[];
  assert.equal(examples.length, 2);
  for (const { kind, spec } of examples) specs[kind].parse(spec);
  const installed = (await helm.render()).filter(({ kind }) => kind === 'CustomResourceDefinition');
  assert.deepEqual(
    (read('crds') as readonly { name: string }[]).map(({ name }) => name).toSorted(),
    installed.map(({ metadata }) => metadata.name).toSorted(),
  );
  await readFile(join(root, icon.slice(icon.indexOf('/helm/'))));
});
