// Ownership of tables: marks, first contact, lost tables, rivals, and two PanFirewalls on one device.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { KubernetesObject } from '../harness/api-client.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { waitFor } from '../harness/wait-for.ts';
import { type Device, newSerial } from './device.ts';
import { ask, heldPlan, waitUntilAnswered } from './firewall-requests.ts';
import { ask as probe, metricValue } from './probes.ts';
import { openStage, operatorNamespace, ownerIdOf } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
let operator = await stage.startOperator();

const ours = await ownerIdOf(cluster);
const rival = 'bbbbbbbbbbbb';
const markerAddress = '192.0.2.1';
const mark = (id: string, prefix = 'k8s-prod.') => `${prefix}_owner.${id}`;
const resync = { fullIntervalSeconds: 900, markerIntervalSeconds: 5 };

/** Two Pods of a new namespace, tagged web, on the firewall of the same name. */
async function twoPods(name: string, subnet: string): Promise<void> {
  await cluster.createNamespace(name);
  await cluster.createPods(
    [1, 2].map((i) => ({ namespace: name, name: `web-${i}`, ips: [`${subnet}.${i}`] })),
  );
  await stage.policy(
    { namespace: name, name: 'web' },
    { firewallNames: [name], tags: [{ template: 'web' }] },
  );
}
const exact = (name: string, subnet: string) => ({
  [`${subnet}.1`]: [`ns_${name}.web`],
  [`${subnet}.2`]: [`ns_${name}.web`],
});

const isMarkedBy = (device: Device, ...tags: readonly string[]) =>
  waitFor(
    () => {
      assert.deepEqual(device.marks(), [...tags].sort());
      return true;
    },
    { what: 'the marks', timeoutMs: 20_000 },
  );

/** The messages that did anything but mark the table. */
const writes = (device: Device, prefix = 'k8s-prod.') =>
  device
    .messages()
    .filter(({ register, unregister }) =>
      [...register, ...unregister].some(({ ip, tag }) => ip !== markerAddress && tag.startsWith(prefix)),
    );

test('a table that nobody has used is marked before anything is registered', async () => {
  const name = 'fresh';
  await using fw = await stage.firewall({ name, foreignOn: [], spec: { resync } });
  await twoPods(name, '10.1.0');
  await fw.holds(exact(name, '10.1.0'));
  const [first] = fw.messages();
  assert.deepEqual(
    first?.register.map(({ ip, tag }) => [ip, tag]),
    [[markerAddress, mark(ours)]],
  );
  assert.equal(fw.simulator.tables()['vsys1']?.[markerAddress]?.persistent, true);
  await stage.counts('PanFirewall', { name }, ({ owned }) => assert.equal(owned, 2));
});

test('first contact with a prefix that somebody used: nothing is removed unasked, and the mark follows the release', async () => {
  const name = 'used';
  await twoPods(name, '10.2.0');
  // Known before there is a firewall: they are nobody's new holders there, for whom an address is rewritten at once.
  await stage.counts('PanTagPolicy', { namespace: name, name: 'web' }, ({ pods }) => assert.equal(pods, 2));
  await using fw = await stage.firewall({
    name,
    foreignOn: ['10.2.0.1'],
    leftOver: { '10.2.0.1': ['ns_used.old'], '10.2.0.9': ['ns_gone.web'] },
    markedBy: [],
    spec: { resync, removalGuard: { percent: 100, minimum: 1000 } },
  });
  const merged = {
    '10.2.0.1': ['ns_used.old', 'ns_used.web'],
    '10.2.0.2': ['ns_used.web'],
    '10.2.0.9': ['ns_gone.web'],
  };
  await fw.holds(merged);
  const held = await heldPlan(cluster, name, (found) => found?.addresses === 2);
  await stage.says('PanFirewall', { name }, 'RemovalsHeld');
  assert.deepEqual(fw.marks(), []);
  await ask(cluster, name, 'resync', 'now');
  await waitUntilAnswered(cluster, name, 'resync');
  await fw.holds(merged);

  await ask(cluster, name, 'approve-removals', held?.plan ?? '');
  await fw.holds(exact(name, '10.2.0'));
  await isMarkedBy(fw, mark(ours));
  await stage.says('PanFirewall', { name }, 'InSync');
});

test('a table that lost everything of ours is restored within the interval of the marker, and that is told', async () => {
  const name = 'wiped';
  await using fw = await stage.firewall({ name, foreignOn: ['10.3.0.1'], spec: { resync } });
  await twoPods(name, '10.3.0');
  await fw.holds(exact(name, '10.3.0'));
  await isMarkedBy(fw, mark(ours));
  await stage.says('PanFirewall', { name }, 'InSync');

  const gone = Object.entries(exact(name, '10.3.0')).map(([ip, tags]) => ({
    ip,
    tags: tags.map((tag) => `k8s-prod.${tag}`),
  }));
  fw.simulator.plant({ remove: [...gone, { ip: markerAddress, tags: [mark(ours)] }] });
  await fw.holds(exact(name, '10.3.0'), { timeoutMs: 20_000 });
  await isMarkedBy(fw, mark(ours));
  const { text } = await probe(operator, '/metrics');
  assert.equal(metricValue(text, 'pantag_table_lost_total', { firewall: name }), 1);
  await stage.says('PanFirewall', { name }, 'InSync');
});

test('a mark that somebody took away comes back, and nothing else is sent', async () => {
  const name = 'unmarked';
  await using fw = await stage.firewall({ name, foreignOn: [], spec: { resync } });
  await twoPods(name, '10.4.0');
  await fw.holds(exact(name, '10.4.0'));
  const before = writes(fw).length;
  fw.simulator.plant({ remove: [{ ip: markerAddress, tags: [mark(ours)] }] });
  await isMarkedBy(fw, mark(ours));
  assert.equal(writes(fw).length, before);
  await fw.holds(exact(name, '10.4.0'));
});

test('a reboot keeps what is ours, the mark included, and nothing is sent again', async () => {
  const name = 'rebooted';
  await using fw = await stage.firewall({ name, foreignOn: [], spec: { resync } });
  await twoPods(name, '10.5.0');
  await fw.holds(exact(name, '10.5.0'));
  await stage.says('PanFirewall', { name }, 'InSync');
  const before = fw.messages().length;
  fw.simulator.reboot({ downMs: 8_000 });
  await stage.says('PanFirewall', { name }, 'DeviceUnavailable', 20_000);
  await stage.says('PanFirewall', { name }, 'InSync', 20_000);
  assert.equal(fw.messages().length, before);
  await fw.holds(exact(name, '10.5.0'));
});

test('a rival that comes later: registrations and what goes at once go on, other removals wait until it has left', async () => {
  const name = 'contested';
  await using fw = await stage.firewall({ name, foreignOn: [], spec: { resync } });
  await twoPods(name, '10.6.0');
  await fw.holds(exact(name, '10.6.0'));
  await isMarkedBy(fw, mark(ours));
  // Its prefix is nested in ours.
  const other = mark(rival, 'k8s-prod.eu.');
  fw.simulator.plant({ add: [{ ip: markerAddress, tags: [other] }] });
  const { conditions = [] } = await stage.says('PanFirewall', { name }, 'OwnershipConflict', 20_000);
  assert.ok(conditions.some(({ type }) => type === 'Stalled'));
  assert.ok(conditions.some(({ message }) => message.includes(`pantag.io/adopt=${rival}`)));
  await stage.says('PanTagPolicy', { namespace: name, name: 'web' }, 'InSync');

  await cluster.deletePod({ namespace: name, name: 'web-1' });
  await cluster.createPod({ namespace: name, name: 'web-3', ips: ['10.6.0.3'] });
  await fw.holds({ '10.6.0.2': [`ns_${name}.web`], '10.6.0.3': [`ns_${name}.web`] });
  await cluster.patch(
    'PanTagPolicy',
    { namespace: name, name: 'web' },
    { spec: { tags: [{ template: 'app' }] } },
  );
  const both = [`ns_${name}.app`, `ns_${name}.web`];
  await fw.holds({ '10.6.0.2': both, '10.6.0.3': both });
  await stage.counts('PanFirewall', { name }, ({ tables }) =>
    assert.match(tables?.[0]?.message ?? '', /removals wait, such as 10\.6\.0\.2 /),
  );

  fw.simulator.plant({ remove: [{ ip: markerAddress, tags: [other] }] });
  await fw.holds({ '10.6.0.2': [`ns_${name}.app`], '10.6.0.3': [`ns_${name}.app`] }, { timeoutMs: 20_000 });
  await stage.says('PanFirewall', { name }, 'InSync');
});

test('a rival that was there first: nothing at all is written until its place is taken, in one message', async () => {
  const name = 'second';
  await using fw = await stage.firewall({
    name,
    foreignOn: [],
    leftOver: { '10.7.0.9': ['ns_other.web'] },
    markedBy: [rival],
    spec: { resync },
  });
  await twoPods(name, '10.7.0');
  const { tables } = await stage.says('PanFirewall', { name }, 'OwnershipConflict', 20_000);
  assert.equal(tables?.[0]?.state, 'OwnershipConflict');
  await stage.says('PanTagPolicy', { namespace: name, name: 'web' }, 'OwnershipConflict');
  await ask(cluster, name, 'adopt', 'cccccccccccc');
  await waitUntilAnswered(cluster, name, 'adopt');
  assert.deepEqual(fw.messages(), []);

  await ask(cluster, name, 'adopt', rival);
  const kept = { ...exact(name, '10.7.0'), '10.7.0.9': ['ns_other.web'] };
  await fw.holds(kept, { timeoutMs: 20_000 });
  await isMarkedBy(fw, mark(ours));
  const [swap] = fw.messages();
  assert.deepEqual(
    swap?.unregister.map(({ tag }) => tag),
    [mark(rival)],
  );
  assert.deepEqual(
    swap?.register.map(({ tag }) => tag),
    [mark(ours)],
  );
  // What the former owner left and nobody claims is held, however little it is, and after a restart, too.
  const first = await heldPlan(cluster, name, (found) => found?.addresses === 1);
  await operator.stop();
  operator = await stage.startOperator();
  await isMarkedBy(fw, mark(ours));
  const messages = fw.messages().length;
  await ask(cluster, name, 'resync', 'now');
  await waitUntilAnswered(cluster, name, 'resync');
  const held = await heldPlan(cluster, name, (found) => found?.addresses === 1);
  assert.equal(held?.plan, first?.plan);
  await fw.holds(kept);
  assert.ok(
    fw
      .messages()
      .slice(messages)
      .every(({ unregister }) => unregister.length === 0),
  );

  await ask(cluster, name, 'approve-removals', held?.plan ?? '');
  await fw.holds(exact(name, '10.7.0'));
  await waitUntilAnswered(cluster, name, 'adopt');
  await stage.says('PanFirewall', { name }, 'InSync');
});

test('whose place was taken stands back', async () => {
  const name = 'ousted';
  await using fw = await stage.firewall({ name, foreignOn: [], spec: { resync } });
  await twoPods(name, '10.8.0');
  await fw.holds(exact(name, '10.8.0'));
  await isMarkedBy(fw, mark(ours));
  fw.simulator.plant({
    remove: [{ ip: markerAddress, tags: [mark(ours)] }],
    add: [{ ip: markerAddress, tags: [mark(rival)] }],
  });
  await stage.says('PanFirewall', { name }, 'OwnershipConflict', 20_000);
  const before = fw.messages().length;
  await cluster.createPod({ namespace: name, name: 'web-3', ips: ['10.8.0.3'] });
  await cluster.deletePod({ namespace: name, name: 'web-1' });
  await stage.says('PanTagPolicy', { namespace: name, name: 'web' }, 'OwnershipConflict');
  await fw.holds(exact(name, '10.8.0'));
  assert.equal(fw.messages().length, before);
});

test('two PanFirewalls on one table: the younger is silent until the elder is gone', async () => {
  const name = 'elder';
  await using fw = await stage.firewall({ name, foreignOn: [], spec: { resync } });
  await twoPods(name, '10.9.0');
  await fw.holds(exact(name, '10.9.0'));
  const elder = await cluster.get<KubernetesObject & { spec: object }>('PanFirewall', { name });
  // Their ages are told in whole seconds.
  const sameSecond = Date.parse(elder.metadata.creationTimestamp ?? '') + 1_000;
  await waitFor(() => Date.now() > sameSecond, { what: 'another second' });
  await cluster.create('PanFirewall', {
    metadata: { name: 'younger' },
    spec: { ...elder.spec, tagPrefix: 'k8s-prod.eu.' },
  });
  await stage.policy(
    { namespace: name, name: 'eu' },
    { firewallNames: ['younger'], tags: [{ template: 'eu' }] },
  );
  const { conditions = [] } = await stage.says(
    'PanFirewall',
    { name: 'younger' },
    'OwnershipConflict',
    20_000,
  );
  assert.ok(conditions.some(({ message }) => message.includes('PanFirewall elder, which is older')));
  await stage.says('PanFirewall', { name }, 'InSync');
  assert.deepEqual(writes(fw, 'k8s-prod.eu.'), []);
  assert.deepEqual(fw.marks(), [mark(ours)]);

  await cluster.remove('PanFirewall', { name });
  await stage.says('PanFirewall', { name: 'younger' }, 'InSync', 20_000);
  assert.equal(writes(fw, 'k8s-prod.eu.').length, 1);
  await cluster.remove('PanFirewall', { name: 'younger' });
});

test('a device that says the serial of another one silences nobody, also after a restart', async () => {
  const name = 'victim';
  const serial = newSerial();
  await using former = await stage.device({ foreignOn: [] });
  await using impostor = await stage.device({ foreignOn: [], identity: { serial } });
  await using proxy = await startTcpProxy({ port: Number(new URL(former.simulator.endpoint).port) });
  const endpoint = `https://127.0.0.1:${proxy.port}`;
  const { tagPrefix } = former;
  await stage.reach(former, { name: 'liar', tagPrefix, spec: { endpoint, resync } });
  await stage.says('PanFirewall', { name: 'liar' }, 'InSync');
  const { metadata } = await cluster.get<KubernetesObject>('PanFirewall', { name: 'liar' });
  // Their ages are told in whole seconds.
  const sameSecond = Date.parse(metadata.creationTimestamp ?? '') + 1_000;
  await waitFor(() => Date.now() > sameSecond, { what: 'another second' });
  await using fw = await stage.firewall({ name, foreignOn: [], identity: { serial }, spec: { resync } });
  await twoPods(name, '10.11.0');
  await fw.holds(exact(name, '10.11.0'));
  await stage.counts('PanFirewall', { name }, ({ tables }) =>
    assert.equal(tables?.[0]?.establishedOn, serial),
  );

  proxy.retarget(Number(new URL(impostor.simulator.endpoint).port));
  const stringData = { ...impostor.secret, 'ca.crt': impostor.simulator.caPem };
  await cluster.patch('Secret', { namespace: operatorNamespace, name: 'liar' }, { stringData });
  const both = (message: string) => message.includes(endpoint) && message.includes(fw.simulator.endpoint);
  const isTold = async () => {
    const { conditions = [] } = await stage.says(
      'PanFirewall',
      { name: 'liar' },
      'OwnershipConflict',
      30_000,
    );
    assert.ok(conditions.some(({ message }) => message.includes('kept it before') && both(message)));
    await stage.counts('PanFirewall', { name }, ({ tables }) => assert.ok(both(tables?.[0]?.message ?? '')));
    await stage.says('PanFirewall', { name }, 'InSync');
  };
  await isTold();
  await cluster.deletePod({ namespace: name, name: 'web-2' });
  const { [`10.11.0.1`]: tags = [] } = exact(name, '10.11.0');
  await fw.holds({ '10.11.0.1': tags });

  await operator.stop();
  operator = await stage.startOperator();
  await cluster.createPod({ namespace: name, name: 'web-3', ips: ['10.11.0.3'] });
  await fw.holds({ '10.11.0.1': tags, '10.11.0.3': tags }, { timeoutMs: 30_000 });
  await isTold();
  assert.deepEqual(impostor.messages(), []);
  await cluster.remove('PanFirewall', { name: 'liar' });
});

test('after a restart nobody takes the table of a PanFirewall whose device gives no answer, until that one is deleted', async () => {
  const name = 'keeper';
  await using former = await stage.device({ foreignOn: [] });
  await using fw = await stage.device({ foreignOn: [], identity: { serial: newSerial() } });
  const { tagPrefix } = former;
  await using elders = await startTcpProxy({ port: Number(new URL(former.simulator.endpoint).port) });
  await using keepers = await startTcpProxy({ port: Number(new URL(fw.simulator.endpoint).port) });
  const at = ({ port }: { readonly port: number }) => `https://127.0.0.1:${port}`;
  await stage.reach(former, { name: 'senior', tagPrefix, spec: { endpoint: at(elders), resync } });
  await stage.says('PanFirewall', { name: 'senior' }, 'InSync');
  const { metadata } = await cluster.get<KubernetesObject>('PanFirewall', { name: 'senior' });
  // Their ages are told in whole seconds.
  const sameSecond = Date.parse(metadata.creationTimestamp ?? '') + 1_000;
  await waitFor(() => Date.now() > sameSecond, { what: 'another second' });
  await stage.reach(fw, {
    name,
    tagPrefix,
    spec: { endpoint: at(keepers), resync, purgeTimeoutSeconds: 30 },
  });
  await twoPods(name, '10.12.0');
  await fw.holds(exact(name, '10.12.0'));
  await stage.counts('PanFirewall', { name }, ({ tables }) =>
    assert.equal(tables?.[0]?.establishedEndpoint, at(keepers)),
  );

  // The elder's endpoint leads to the keeper's device from here on, and the keeper's to nothing.
  await operator.stop();
  keepers.refuse();
  elders.retarget(Number(new URL(fw.simulator.endpoint).port));
  const stringData = { ...fw.secret, 'ca.crt': fw.simulator.caPem };
  await cluster.patch('Secret', { namespace: operatorNamespace, name: 'senior' }, { stringData });
  const sent = fw.messages().length;
  operator = await stage.startOperator();
  const { conditions = [] } = await stage.says(
    'PanFirewall',
    { name: 'senior' },
    'OwnershipConflict',
    60_000,
  );
  const told = [`PanFirewall ${name} kept the same table before`, at(keepers), at(elders), 'gives no answer'];
  assert.ok(conditions.some(({ message }) => told.every((words) => message.includes(words))));
  assert.equal(fw.messages().length, sent);

  const removed = stage.removeFirewall(name);
  // The purge waits for the device; what was the keeper's is within the guard's limits.
  await stage.says('PanFirewall', { name: 'senior' }, 'InSync', 20_000);
  assert.ok(fw.messages().length > sent);
  await removed;
  await stage.removeFirewall('senior');
});

test('tags under our prefix that the device learned from an agent are told of and left alone', async () => {
  const name = 'learned';
  // Every device of these scenarios has one, at 198.51.100.8.
  await using fw = await stage.firewall({ name, foreignOn: [], spec: { resync } });
  await stage.says('PanFirewall', { name }, 'InSync');
  await stage.counts('PanFirewall', { name }, ({ tables }) =>
    assert.match(tables?.[0]?.message ?? '', /learned from an agent stay, such as those of 198\.51\.100\.8/),
  );
  assert.deepEqual(writes(fw), []);
});

test('a device that is replaced is met anew: filled, marked, and what was on it before is held', async () => {
  const name = 'replaced';
  await using former = await stage.device({ foreignOn: [] });
  await using proxy = await startTcpProxy({ port: Number(new URL(former.simulator.endpoint).port) });
  const { tagPrefix } = former;
  const spec = { endpoint: `https://127.0.0.1:${proxy.port}`, resync };
  await stage.reach(former, { name, tagPrefix, spec });
  await twoPods(name, '10.10.0');
  await former.holds(exact(name, '10.10.0'));
  await isMarkedBy(former, mark(ours));

  const stale = { '10.10.0.9': ['ns_gone.web'] };
  await using latter = await stage.device({ foreignOn: [], leftOver: stale });
  proxy.retarget(Number(new URL(latter.simulator.endpoint).port));
  const stringData = { ...latter.secret, 'ca.crt': latter.simulator.caPem };
  await cluster.patch('Secret', { namespace: operatorNamespace, name }, { stringData });
  await latter.holds({ ...exact(name, '10.10.0'), ...stale }, { timeoutMs: 30_000 });
  const held = await heldPlan(cluster, name, (found) => found?.addresses === 1);
  const { device } = await stage.says('PanFirewall', { name }, 'RemovalsHeld');
  assert.notEqual(device?.serial, undefined);
  assert.deepEqual(former.owned(), exact(name, '10.10.0'));

  await ask(cluster, name, 'approve-removals', held?.plan ?? '');
  await latter.holds(exact(name, '10.10.0'));
  await isMarkedBy(latter, mark(ours));
  await stage.says('PanFirewall', { name }, 'InSync');
  await cluster.remove('PanFirewall', { name });
});
