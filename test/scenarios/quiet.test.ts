// Quiet means quiet: nothing is sent and no status moves while nothing changes; and the metrics tell what happened.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../harness/wait-for.ts';
import { ask, metricNames, metricValue, waitUntilReady } from './probes.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
let operator = await stage.startOperator();

// Every test goes on with what the one before has left: one firewall, two policies, five Pods with two addresses each.
// The device spells its addresses its own way.
const fw = await stage.firewall({
  name: 'edge',
  foreignOn: ['10.1.0.1', 'fd00:1::1'],
  settings: { hostsAsCidr: true, emptyTable: 'count-zero' },
});
const numbers = [1, 2, 3, 4, 5];
const expected = Object.fromEntries(
  numbers.flatMap((i) =>
    [`10.1.0.${i}`, `fd00:1::${i}`].map((ip) => [ip, ['ns_shop.web', 'ns_shop.tier.gold', 'prod']] as const),
  ),
);
const pods = numbers.map((i) => ({ namespace: 'shop', name: `web-${i}` }));
await cluster.createNamespace('shop', { env: 'prod' });
await stage.policy(
  { namespace: 'shop', name: 'web' },
  { firewallNames: ['edge'], tags: [{ template: 'web' }, { labelKeys: ['tier'] }] },
);
await stage.policy(
  { name: 'prod' },
  { firewallSelector: {}, namespaceSelector: { matchLabels: { env: 'prod' } }, tags: [{ template: 'prod' }] },
);
await cluster.createPods(
  pods.map((pod, i) => ({
    ...pod,
    labels: { app: 'web', tier: 'gold' },
    ips: [`10.1.0.${i + 1}`, `fd00:1::${i + 1}`],
  })),
);

/** kind/name -> resourceVersion of all that has a status of ours. */
async function resourceVersions(): Promise<Readonly<Record<string, string | undefined>>> {
  const versions: Record<string, string | undefined> = {};
  for (const kind of ['PanFirewall', 'PanTagPolicy', 'ClusterPanTagPolicy'] as const) {
    for (const { metadata } of await cluster.list(kind)) {
      versions[`${kind}/${metadata.name}`] = metadata.resourceVersion;
    }
  }
  return versions;
}

/** Until all statuses are final: counts may follow by 10 s. */
async function settled(): Promise<void> {
  await fw.holds(expected);
  await stage.counts('PanFirewall', { name: 'edge' }, ({ owned, pending }) =>
    assert.deepEqual({ owned, pending }, { owned: 10, pending: 0 }),
  );
  for (const [kind, ref] of [
    ['PanTagPolicy', { namespace: 'shop', name: 'web' }],
    ['ClusterPanTagPolicy', { name: 'prod' }],
  ] as const) {
    await stage.counts(kind, ref, (status) => {
      assert.deepEqual({ pods: status.pods, addresses: status.addresses }, { pods: 5, addresses: 10 });
      assert.equal(status.firewalls?.[0]?.pending, 0);
    });
    await stage.says(kind, ref, 'InSync');
  }
}

test('Pods that change in everything but their tags send nothing, and no status moves', async () => {
  await settled();
  const before = { requests: fw.simulator.log().length, versions: await resourceVersions() };
  for (const pod of pods) {
    await cluster.patch('Pod', pod, { metadata: { annotations: { 'example.com/touched': 'yes' } } });
    await cluster.labelPod(pod, { 'pod-template-hash': 'abc' });
    const time = new Date().toISOString();
    const condition = { type: 'Ready', status: 'False', lastTransitionTime: time, reason: 'Probe' };
    const network = { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: time };
    await cluster.patchStatus('Pod', pod, { status: { conditions: [condition, network] } });
  }
  await cluster.patch('Namespace', { name: 'shop' }, { metadata: { labels: { owner: 'somebody' } } });
  await cluster.createNamespace('elsewhere');
  await cluster.createPod({ namespace: 'elsewhere', name: 'nobody', ips: ['10.9.0.1'] });
  // Nothing tells that nothing will happen: this is long enough for all of the above to have been worked off.
  await sleep(3_000);
  const changes = { requests: fw.simulator.log().length, versions: await resourceVersions() };
  assert.deepEqual(changes, before);
  assert.deepEqual(
    fw.owned(),
    Object.fromEntries(Object.entries(expected).map(([ip, t]) => [ip, t.toSorted()])),
  );
});

test('a restart over an exact table sends nothing, and no status moves', async () => {
  const before = { messages: fw.messages().length, versions: await resourceVersions() };
  const exit = await operator.stop();
  assert.deepEqual(exit, { code: 0, signal: null });
  operator = await stage.startOperator();
  await waitUntilReady(operator);
  const { owned, pending } = await operator.waitForLog(({ msg }) => msg === 'table read');
  assert.deepEqual({ owned, pending }, { owned: 10, pending: 0 });
  // Long enough for a message or a status that would follow from the read.
  await sleep(1_500);
  assert.deepEqual({ messages: fw.messages().length, versions: await resourceVersions() }, before);
});

test('the metrics are there under their names, and tell what happened', async () => {
  await cluster.labelPod(pods[0] ?? { namespace: '', name: '' }, { tier: 'silver' });
  await fw.holds({
    ...expected,
    ...Object.fromEntries(
      ['10.1.0.1', 'fd00:1::1'].map((ip) => [ip, ['ns_shop.web', 'ns_shop.tier.silver', 'prod']]),
    ),
  });
  const read = async (): Promise<string> => {
    const { text } = await ask(operator, '/metrics');
    const confirmed = metricValue(text, 'pantag_device_requests_total', { kind: 'update', outcome: 'ok' });
    assert.equal(confirmed, 1);
    return text;
  };
  const text = await waitFor(read, { what: 'the metrics to count one message' });
  const names = metricNames(text);
  for (const name of [
    'registration_latency_seconds',
    'pod_to_firewall_seconds',
    'addresses',
    'device_requests_total',
    'device_request_duration_seconds',
    'device_entries_total',
    'watch_missed_changes_total',
    'watch_restarts_total',
    'watch_last_activity_timestamp_seconds',
    'reconcile_errors_total',
    'event_loop_stall_seconds',
    'policy_ready',
    'policy_pods',
    'device_certificate_expiry_timestamp_seconds',
    'table_last_read_timestamp_seconds',
    'build_info',
  ]) {
    assert.ok(names.includes(`pantag_${name}`), `pantag_${name} is not among ${names.join(' ')}`);
  }
  assert.ok(names.includes('process_cpu_seconds_total'));

  const firewall = 'edge';
  for (const [state, value] of Object.entries({
    desired: 10,
    confirmed: 10,
    pending: 0,
    rejected: 0,
    held: 0,
  }))
    assert.equal(metricValue(text, 'pantag_addresses', { firewall, state }), value, state);
  const entries = (operation: string) =>
    metricValue(text, 'pantag_device_entries_total', { firewall, operation, outcome: 'confirmed' });
  assert.deepEqual([entries('register'), entries('unregister')], [2, 2]);
  assert.equal(
    metricValue(text, 'pantag_registration_latency_seconds_count', { firewall, operation: 'register' }),
    2,
  );
  const sinceThen = (name: string, labels: Readonly<Record<string, string>>): number =>
    Date.now() / 1000 - (metricValue(text, `pantag_${name}_timestamp_seconds`, labels) ?? Number.NaN);
  const idle = sinceThen('watch_last_activity', { resource: 'pods' });
  assert.ok(idle >= -0.1 && idle < 60, String(idle));
  const lastRead = sinceThen('table_last_read', { firewall, table: 'vsys1' });
  assert.ok(lastRead >= -0.1 && lastRead < 60, String(lastRead));
  assert.ok(sinceThen('device_certificate_expiry', { firewall, endpoint: fw.simulator.endpoint }) < -3600);
  const web = { kind: 'PanTagPolicy', namespace: 'shop', name: 'web' };
  assert.equal(metricValue(text, 'pantag_policy_ready', { ...web, reason: 'InSync' }), 1);
  assert.equal(metricValue(text, 'pantag_policy_pods', web), 5);
  assert.equal(metricValue(text, 'pantag_build_info', {}), 1);
});
