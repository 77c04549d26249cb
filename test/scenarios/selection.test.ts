// Two hundred Pods of every kind under overlapping policies: table, status, columns and kubectl all tell the same.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { objectPath } from '../harness/objects.ts';
import { inParallel } from '../harness/in-parallel.ts';
import { kubectl, printedRow } from './columns.ts';
import { age, makeCrowd, namespaces, policies } from './crowd.ts';
import { expectedStatus, expectedTable } from './expectation.ts';
import { openStage } from './stage.ts';
import { readWorld, type Policy } from './world.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster, plane } = stage;

const foreignOn = ['10.1.0.1', '10.1.0.2', 'fd00:10::1', 'fd00:10::2'];
// The storm takes more away at once than the guard would let pass unasked.
const unguarded = { removalGuard: { percent: 100, minimum: 100_000 } };
const devices = {
  'edge-a': await stage.firewall({ name: 'edge-a', foreignOn, labels: { site: 'north' }, spec: unguarded }),
  'edge-b': await stage.firewall({
    name: 'edge-b',
    foreignOn,
    spec: { ...unguarded, addressCIDRs: ['10.1.0.0/24', '10.1.1.0/26', '10.1.8.0/21', 'fd00:10::/121'] },
    tagPrefix: 'other.cluster_2.',
    labels: { site: 'south' },
    namespaceSelector: { matchExpressions: [{ key: 'env', operator: 'In', values: ['prod'] }] },
  }),
};
for (const [name, labels] of Object.entries(namespaces)) await cluster.createNamespace(name, labels);
for (const [id, spec] of Object.entries(policies)) {
  const [namespace, name = ''] = id.split('/');
  await stage.policy(namespace ? { namespace, name } : { name }, spec);
}
const crowd = makeCrowd();
// A part of them is there at the start, the others come while the operator runs.
await cluster.createPods(crowd.slice(0, 80));
await stage.startOperator();

async function checkTables(): Promise<void> {
  const world = await readWorld(cluster);
  for (const [name, device] of Object.entries(devices)) {
    const expected = expectedTable(world, name);
    assert.ok(Object.keys(expected).length > 60, `${name} has ${Object.keys(expected).length} addresses`);
    await device.holds(expected);
  }
}

const kindOf = ({ metadata }: Policy) =>
  metadata.namespace === undefined ? ('ClusterPanTagPolicy' as const) : ('PanTagPolicy' as const);

async function checkStatuses(): Promise<void> {
  const world = await readWorld(cluster);
  await Promise.all(
    world.policies.map(async (policy) => {
      const { reason, ...expected } = expectedStatus(world, policy);
      await stage.counts(kindOf(policy), policy.metadata, (status) => {
        const { pods, addresses, skipped, tags, firewalls = [] } = status;
        const registered = Object.fromEntries(firewalls.map((one) => [one.name, one.registered]));
        assert.deepEqual(
          { pods, addresses, skipped, tags, registered },
          { ...expected, tags: expected.tags.slice(0, 64) },
          `${policy.metadata.name}: ${JSON.stringify({ pods, addresses, skipped, registered, expected })}`,
        );
        assert.ok(firewalls.every(({ pending, failed }) => pending + failed === 0));
      });
      await stage.says(kindOf(policy), policy.metadata, reason);
    }),
  );
  for (const [name, device] of Object.entries(devices)) {
    const owned = Object.keys(expectedTable(world, name)).length;
    // What strangers have planted on addresses of their own: 5 entries, and Pod addresses without a tag of ours.
    const foreign = 5 + foreignOn.filter((ip) => !(ip in device.owned())).length;
    await stage.counts('PanFirewall', { name }, (status) => {
      const { tables: [{ message, guardWindow: _passed, ...table } = {}] = [] } = status;
      assert.match(message ?? '', /learned from an agent/);
      const { endpoint } = device.simulator;
      const established = { establishedOn: status.device?.serial, establishedEndpoint: endpoint };
      assert.deepEqual(
        { owned: status.owned, pending: status.pending, table },
        { owned, pending: 0, table: { state: 'InSync', owned, foreign, pending: 0, ...established } },
      );
    });
  }
}

test('the tables and the statuses equal what the contract comes to, computed by other means', async () => {
  await cluster.createPods(crowd.slice(80));
  await age(cluster, crowd, 7);
  await checkTables();
  await checkStatuses();
});

test('every way to skip a Pod is among them, and a tag that was shortened', async () => {
  const world = await readWorld(cluster);
  const skipped = world.policies.flatMap((policy) => expectedStatus(world, policy).skipped);
  assert.deepEqual([...new Set(skipped.map(({ reason }) => reason))].sort(), [
    'AddressTaken',
    'HostNetwork',
    'IllegalTag',
    'MissingValue',
    'NoAddress',
    'OutsideCIDR',
  ]);
  const tags = Object.values(devices['edge-b'].owned()).flat();
  const full = tags.map((tag) => devices['edge-b'].tagPrefix + tag);
  assert.ok(full.some((tag) => tag.length === 127) && full.every((tag) => tag.length <= 127));
});

test('kubectl get prints the status in columns, and kubectl wait believes it', async () => {
  const world = await readWorld(cluster);
  for (const policy of world.policies) {
    const { pods, addresses, tags, registered, reason } = expectedStatus(world, policy);
    const { name, namespace } = policy.metadata;
    const firewalls = Object.keys(registered).sort().join(',');
    const ready = reason === 'NotAdmitted' ? 'False' : 'True';
    const cells = [name, ready, reason, String(pods), String(addresses)];
    const { Age, ...row } = await printedRow(plane, objectPath(kindOf(policy), policy.metadata));
    assert.match(Age ?? '', /^\d+[sm]/);
    assert.deepEqual(Object.values(row), [...cells, String(tags.length), firewalls]);
    const scope = namespace === undefined ? [] : ['-n', namespace];
    const short = namespace === undefined ? 'cptp' : 'ptp';
    const printed = await kubectl(plane.kubeconfig, 'get', short, name, ...scope, '--no-headers');
    if (printed !== undefined) assert.deepEqual(printed.split(/\s+/).slice(0, -1), cells);
  }
  const { endpoint } = devices['edge-a'].simulator;
  const { Age: _, ...row } = await printedRow(plane, objectPath('PanFirewall', { name: 'edge-a' }));
  const owned = String(Object.keys(expectedTable(world, 'edge-a')).length);
  assert.deepEqual(Object.values(row), [
    'edge-a',
    'True',
    'InSync',
    owned,
    '0',
    endpoint,
    'PA-VM',
    '10.2.11-h12',
    'k8s-prod.',
  ]);
  const wait = ['wait', '--for=condition=Ready', 'ptp/web', '-n', 'shop', '--timeout=10s'];
  const waited = await kubectl(plane.kubeconfig, ...wait);
  assert.ok(waited === undefined || waited.endsWith('condition met'), waited);
});

test('all equal again after a storm of changes', async () => {
  await inParallel(await cluster.list('Pod'), async ({ metadata: { namespace = '', name } }) => {
    const pod = { namespace, name };
    const i = Number(name.slice(-3));
    if (i % 6 === 1) await cluster.labelPod(pod, { app: 'web', tier: i % 12 === 1 ? null : 'gold' });
    if (i % 10 === 4) await cluster.deletePod(pod);
    else if (i % 14 === 9) await cluster.setPodIps(pod, [`10.1.9.${i}`, `fd00:10::9:${i}`]);
    if (i % 20 === 12) await cluster.createPod({ namespace, name: `new-${i}`, ips: [`10.1.8.${i}`] });
  });
  const labels = { zone: 'late', env: 'test' };
  await cluster.patch('Namespace', { name: 'stock' }, { metadata: { labels } });
  const web = { namespace: 'shop', name: 'web' };
  await cluster.patch('PanTagPolicy', web, { spec: { firewallNames: ['edge-b'] } });
  const everywhere = { matchLabels: null };
  await cluster.patch('ClusterPanTagPolicy', { name: 'groups' }, { spec: { namespaceSelector: everywhere } });
  await checkTables();
  await checkStatuses();
});
