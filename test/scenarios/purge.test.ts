// The command purge: every firewall that wants it is cleaned, the others are named, and the Lease is given back.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { KubernetesObject } from '../harness/api-client.ts';
import { waitFor } from '../harness/wait-for.ts';
import { startCommand } from './command.ts';
import { ask } from './firewall-requests.ts';
import { stageFleet } from './panorama.ts';
import { openStage, operatorNamespace, type StagedDevice } from './stage.ts';
import { departureLimitMs, type Status } from './statuses.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;

const expected = { '10.1.0.1': ['all'], '10.1.0.2': ['all'] };
await cluster.createNamespace('shop');
await cluster.createPods([1, 2].map((i) => ({ namespace: 'shop', name: `web-${i}`, ips: [`10.1.0.${i}`] })));

async function registered(name: string, spec: object = {}): Promise<StagedDevice> {
  const fw = await stage.firewall({
    name,
    foreignOn: ['10.1.0.1'],
    spec: { deletionPolicy: 'Purge', ...spec },
  });
  await stage.policy({ name }, { firewallNames: [name], namespaceSelector: {}, tags: [{ template: 'all' }] });
  await fw.holds(expected);
  await waitFor(() => fw.marks().length === 1, { what: 'the mark of ownership' });
  return fw;
}

/** The command, with its lines sorted: firewalls are purged side by side. */
async function startPurge(more: readonly string[] = ['--yes']) {
  const { ended, interrupt } = await startCommand(stage, ['purge', ...more]);
  return { ended: ended.then(({ code, lines }) => ({ code, lines: lines.toSorted() })), interrupt };
}

const purge = async (...more: string[]) => (await startPurge(more.length > 0 ? more : undefined)).ended;

type Lease = KubernetesObject & { readonly spec: { readonly holderIdentity?: string } };
const leaseHolder = async (): Promise<string> => {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/pan-tag-operator`;
  return (await cluster.request<Lease>('GET', path)).spec.holderIdentity ?? '';
};
const finalizers = async (): Promise<readonly string[]> =>
  (await cluster.list('PanFirewall')).flatMap(({ metadata }) => metadata.finalizers ?? []);
const letGoOf = async (name: string): Promise<void> => {
  await cluster.remove('PanFirewall', { name });
  await cluster.remove('ClusterPanTagPolicy', { name });
};

test('each firewall has its line: purged, retained, observed or out of reach; what is left makes it fail', async () => {
  const operator = await stage.startOperator();
  await using clean = await registered('clean');
  await using kept = await registered('kept', { deletionPolicy: 'Retain' });
  await using observed = await registered('observed');
  await using dead = await registered('dead', { purgeTimeoutSeconds: 2 });
  await cluster.patch('PanFirewall', { name: 'observed' }, { spec: { mode: 'Observe' } });
  for (const name of ['clean', 'dead']) await stage.says('PanFirewall', { name }, 'InSync');
  await operator.stop();
  dead.simulator.inject({ fault: 'reset' });

  const first = await purge();
  assert.equal(first.code, 1);
  assert.equal(first.lines[0], 'clean: purged, 2 addresses unregistered');
  assert.match(first.lines[1] ?? '', /^dead: NOT purged, tags may remain: not completed within 2 s/);
  assert.deepEqual(
    [first.lines[2], first.lines[4]],
    ['kept: skipped, spec.deletionPolicy is Retain', 'observed: skipped, spec.mode is Observe'],
  );
  assert.match(first.lines[3] ?? '', /^next step for dead: .*: kubectl delete panfw dead$/);
  assert.equal(first.lines.length, 5);
  assert.deepEqual([clean.owned(), clean.marks()], [{}, []]);
  for (const fw of [kept, observed, dead]) assert.deepEqual([fw.owned(), fw.marks().length], [expected, 1]);
  assert.deepEqual(await finalizers(), []);
  assert.equal(await leaseHolder(), '');
  const emptied = await stage.says('PanFirewall', { name: 'clean' }, 'Purging');
  assert.match(
    emptied.conditions?.[0]?.message ?? '',
    /^the command purge removed all of our tags from its tables; /,
  );
  await stage.counts('PanFirewall', { name: 'clean' }, ({ owned, pending, tables }) =>
    assert.deepEqual([owned, pending, tables?.[0]?.owned], [0, 0, 0]),
  );
  await stage.says('ClusterPanTagPolicy', { name: 'clean' }, 'Purging');
  await stage.says('PanFirewall', { name: 'dead' }, 'Purging');
  await stage.counts('PanFirewall', { name: 'dead' }, ({ owned }) => assert.equal(owned, 2));

  dead.simulator.clearFaults();
  await cluster.patch('PanFirewall', { name: 'dead' }, { spec: { purgeTimeoutSeconds: 60 } });
  await cluster.patch('PanFirewall', { name: 'observed' }, { spec: { mode: 'Enforce' } });
  const second = await purge();
  assert.deepEqual(second, {
    code: 0,
    lines: [
      'clean: purged, 0 addresses unregistered',
      'dead: purged, 2 addresses unregistered',
      'kept: skipped, spec.deletionPolicy is Retain',
      'observed: purged, 2 addresses unregistered',
    ],
  });
  for (const fw of [observed, dead]) assert.deepEqual([fw.owned(), fw.marks()], [{}, []]);
  assert.deepEqual(kept.owned(), expected);
  for (const name of ['clean', 'kept', 'observed', 'dead']) await letGoOf(name);
});

test('while an operator renews the Lease nothing is written, and the command that stops it is named', async () => {
  const operator = await stage.startOperator();
  await using fw = await registered('led');
  await using other = await registered('other');
  const messages = fw.messages().length;
  const refused = await purge('--yes');
  assert.equal(refused.code, 2);
  assert.match(refused.lines[0] ?? '', /^nothing was written: \S+ renews the Lease pan-tag-operator, /);
  assert.match(
    refused.lines[0] ?? '',
    /stop it with kubectl scale deployment [a-z-]+ --namespace \S+ --replicas=0 or add --take-over$/,
  );
  assert.match(refused.lines[1] ?? '', /^waiting up to \d+ s to see whether \S+ still renews the Lease$/);
  assert.equal(fw.messages().length, messages);
  assert.deepEqual([fw.owned(), await finalizers()], [expected, ['pantag.io/purge', 'pantag.io/purge']]);

  const forced = await purge('led', '--yes', '--take-over');
  assert.equal(forced.code, 0);
  assert.equal(forced.lines[0], 'led: purged, 2 addresses unregistered');
  assert.match(
    forced.lines[1] ?? '',
    /^warning: .* held the Lease; if that operator still runs, it registers everything again/,
  );
  await fw.holds(expected, { timeoutMs: 30_000 });
  await stage.says('PanFirewall', { name: 'led' }, 'InSync', 20_000);
  assert.deepEqual(other.owned(), expected);
  await operator.stop();
});

test('it takes names, lists what it would do, and does nothing unasked', async () => {
  const untouched = async () => {
    assert.equal((await finalizers()).length, 2);
    assert.equal(await leaseHolder(), '');
  };
  assert.deepEqual(await purge('othr', '--yes'), {
    code: 2,
    lines: ['there is no PanFirewall "othr": did you mean "other"?'],
  });
  await untouched();
  const listed = await purge('--dry-run');
  assert.equal(listed.code, 0);
  assert.equal(listed.lines.length, 2);
  assert.match(
    listed.lines[0] ?? '',
    /^led: would be purged at https:\S+: 2 addresses according to its status, within 300 s$/,
  );
  await untouched();
  const unasked = await purge('other', '--log-level', 'warn');
  assert.equal(unasked.code, 2);
  assert.equal(unasked.lines[0], 'nothing was written: confirmation needs a terminal; add --yes');
  await untouched();
  const removed = await purge('--yes', 'other', '--timeout', '2');
  assert.equal(removed.code, 1, 'its device is gone');
  assert.match(removed.lines[1] ?? '', /^other: NOT purged, tags may remain: not completed within 2 s: /);
  // Both were being deleted since the devices of the test before went.
  await cluster.patch('PanFirewall', { name: 'led' }, { metadata: { finalizers: null } });
  await waitFor(async () => (await cluster.list('PanFirewall')).length === 0, { what: 'both to go' });
  for (const name of ['led', 'other']) await cluster.remove('ClusterPanTagPolicy', { name });
});

test('the members of a device group are looked up and purged; one that had left is named', async () => {
  // The last scenario of device-groups keeps the real distance of two looks.
  const operator = await stage.startOperator({ timing: { groupLookMs: 2_000 } });
  const name = 'fleet';
  await using fleet = await stageFleet(stage, {
    name,
    firewalls: ['0001', '0002', '0003'].map((serial) => ({ serial, deviceGroup: 'edge' })),
    foreignOn: ['10.1.0.1'],
    spec: { tables: [{ deviceGroup: 'edge' }], deletionPolicy: 'Purge' },
  });
  await stage.policy({ name }, { firewallNames: [name], namespaceSelector: {}, tags: [{ template: 'all' }] });
  for (const serial of ['0001', '0002', '0003']) await fleet.at(serial).holds(expected);
  await stage.says('PanFirewall', { name }, 'InSync');
  fleet.panorama.fleet.change('0003', { deviceGroup: null });
  await ask(cluster, name, 'resync', 'now');
  const departed = ({ tables }: Status) => assert.equal(tables?.[2]?.state, 'Departed');
  await stage.counts('PanFirewall', { name }, departed, departureLimitMs);
  await operator.stop();
  const { code, lines } = await purge();
  assert.equal(code, 1);
  assert.match(
    lines.join(),
    /^fleet: NOT purged, tags may remain: the firewall of 0003 had left the device group/,
  );
  for (const serial of ['0001', '0002']) {
    assert.deepEqual([fleet.at(serial).owned(), fleet.at(serial).marks()], [{}, []]);
  }
  assert.deepEqual(fleet.at('0003').owned(), expected);
  await letGoOf(name);
});

test('it can be interrupted, says so, gives the Lease back, and a later one goes on', async () => {
  const operator = await stage.startOperator();
  await using fw = await registered('stuck');
  await operator.stop();
  fw.simulator.inject({ fault: 'hang' });
  const running = await startPurge();
  await waitFor(() => fw.simulator.faults()[0]?.effects === 1, {
    what: 'the device to be asked',
    timeoutMs: 30_000,
  });
  running.interrupt();
  assert.deepEqual(await running.ended, {
    code: 1,
    lines: ['interrupted: tags may remain, run the purge again'],
  });
  assert.equal(await leaseHolder(), '');
  assert.deepEqual(await finalizers(), ['pantag.io/purge']);
  assert.deepEqual(fw.owned(), expected);

  fw.simulator.clearFaults();
  assert.deepEqual(await purge('--yes'), { code: 0, lines: ['stuck: purged, 2 addresses unregistered'] });
  assert.deepEqual(fw.owned(), {});
  await letGoOf('stuck');
  assert.deepEqual(await purge(), { code: 0, lines: ['there are no PanFirewalls'] });
});
