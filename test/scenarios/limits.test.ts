// Devices that take fewer addresses, or fewer tags, than policies give: who is in, who is told, and that nothing thrashes.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { inParallel } from '../harness/in-parallel.ts';
import { waitFor } from '../harness/wait-for.ts';
import { ask as request, heldPlan } from './firewall-requests.ts';
import { ask } from './probes.ts';
import { openStage, type StagedDevice } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
await cluster.createNamespace('shop');
await cluster.createNamespace('bank');
let operator = await stage.startOperator();

/** What the device holds beside our Pods: entries of others, and the place of the mark. */
function strangersOn(device: StagedDevice): number {
  const tables = Object.values(device.simulator.tables());
  return tables.reduce(
    (sum, table) => sum + Object.keys(table).filter((address) => address !== '192.0.2.1').length + 1,
    0,
  );
}

type Tier = 'gold' | 'silver' | 'tenant';

/** Three policies of different rank on one firewall, and what their tags are. */
async function tiers(firewall: string) {
  const selecting = (tier: Tier) => ({
    firewallNames: [firewall],
    podSelector: { matchLabels: { [firewall]: tier } },
    tags: [{ template: tier }],
  });
  const gold = { name: `${firewall}-gold` };
  const silver = { name: `${firewall}-silver` };
  const tenant = { namespace: 'shop', name: `${firewall}-tenant` };
  await stage.policy(gold, { namespaceSelector: {}, priority: 10, ...selecting('gold') });
  await stage.policy(silver, { namespaceSelector: {}, ...selecting('silver') });
  await stage.policy(tenant, selecting('tenant'));
  const add = (tier: Tier, address: string, namespace = 'shop') =>
    cluster.createPod({
      namespace,
      name: podName(address),
      labels: { [firewall]: tier },
      ips: [address],
    });
  const remove = (address: string, namespace = 'shop') =>
    cluster.deletePod({ namespace, name: podName(address) });
  return { gold, silver, tenant, add, remove };
}

const podName = (address: string) => `p-${address.replaceAll('.', '-')}`;
const tenantTag = ['ns_shop.tenant'];

test('spec.limits.maxAddresses: a higher rank displaces at once, who came first stays, and who waits gets in', async () => {
  const name = 'small';
  await using device = await stage.device({ foreignOn: [] });
  await stage.reach(device, {
    name,
    tagPrefix: device.tagPrefix,
    spec: { limits: { maxAddresses: strangersOn(device) + 3 } },
  });
  const { gold, silver, tenant, add, remove } = await tiers(name);
  await add('tenant', '10.1.0.1');
  await device.holds({ '10.1.0.1': tenantTag });
  await add('tenant', '10.1.0.2');
  await device.holds({ '10.1.0.1': tenantTag, '10.1.0.2': tenantTag });
  await add('silver', '10.1.0.3');
  const full = { '10.1.0.1': tenantTag, '10.1.0.2': tenantTag, '10.1.0.3': ['silver'] };
  await device.holds(full);

  await add('tenant', '10.1.0.4');
  await stage.says('PanTagPolicy', tenant, 'CapacityExceeded');
  await stage.counts('PanTagPolicy', tenant, ({ skipped, firewalls: [there] = [] }) => {
    assert.deepEqual(skipped, [{ reason: 'Capacity', count: 1, example: podName('10.1.0.4') }]);
    const counted = [there?.registered, there?.pending, there?.failed, there?.examples];
    assert.deepEqual(counted, [2, 0, 1, ['10.1.0.4']]);
    assert.match(there?.message ?? '', /capacity reached: \d+ addresses.*not registered: 10\.1\.0\.4 /);
  });
  assert.deepEqual(device.owned(), full);
  await stage.says('ClusterPanTagPolicy', silver, 'InSync');

  await add('gold', '10.1.0.5');
  const displaced = { '10.1.0.1': tenantTag, '10.1.0.3': ['silver'], '10.1.0.5': ['gold'] };
  await device.holds(displaced);
  await stage.says('ClusterPanTagPolicy', gold, 'InSync');
  const firewall = await stage.says('PanFirewall', { name }, 'CapacityExceeded');
  assert.equal(firewall.tables?.[0]?.capacity, strangersOn(device));
  await operator.waitForLog((line) => JSON.stringify(line).includes('"displaced":1'));

  await remove('10.1.0.5');
  await device.holds({ '10.1.0.1': tenantTag, '10.1.0.2': tenantTag, '10.1.0.3': ['silver'] });
  await remove('10.1.0.3');
  await device.holds({ '10.1.0.1': tenantTag, '10.1.0.2': tenantTag, '10.1.0.4': tenantTag });
  await stage.says('PanTagPolicy', tenant, 'InSync');
  await stage.says('PanFirewall', { name }, 'InSync');
});

test('what a device refuses at is its limit: one message finds it, nothing is displaced, and room is used by rank', async () => {
  const name = 'full';
  await using device = await stage.device({ foreignOn: [] });
  const limit = strangersOn(device) + 4;
  device.simulator.settings({ limits: { registeredAddresses: limit } });
  await stage.reach(device, { name, tagPrefix: device.tagPrefix, spec: {} });
  const { gold, silver, tenant, add, remove } = await tiers(name);
  const addresses = ['10.2.0.1', '10.2.0.2', '10.2.0.3', '10.2.0.4'];
  await inParallel(addresses, (address) => add('tenant', address));
  const holding = Object.fromEntries(addresses.map((address) => [address, tenantTag]));
  await device.holds(holding);

  // The device says no more than "Failed to register": Pods of two namespaces have to hear it.
  await add('tenant', '10.2.0.5');
  await add('silver', '10.2.0.6', 'bank');
  const out = await stage.says('PanTagPolicy', tenant, 'CapacityExceeded');
  assert.match(out.firewalls?.[0]?.message ?? '', new RegExp(`refused more than ${limit} addresses`));
  const sent = device.messages().length;

  await add('gold', '10.2.0.7');
  await stage.says('ClusterPanTagPolicy', gold, 'CapacityExceeded');
  assert.deepEqual(device.owned(), holding, 'what the device has taken stays');
  await remove('10.2.0.1');
  await waitFor(() => device.owned()['10.2.0.7']?.join() === 'gold', {
    what: 'gold in the room that appeared',
  });
  await remove('10.2.0.2');
  await waitFor(() => device.owned()['10.2.0.6']?.join() === 'silver', { what: 'silver after it' });
  assert.ok(device.messages().length - sent <= 8, 'it is not hammered');

  await remove('10.2.0.3');
  await device.holds({
    '10.2.0.4': tenantTag,
    '10.2.0.5': tenantTag,
    '10.2.0.6': ['silver'],
    '10.2.0.7': ['gold'],
  });
  await stage.says('PanTagPolicy', tenant, 'InSync');
  await stage.says('ClusterPanTagPolicy', silver, 'InSync');
});

test('spec.limits.maxAddresses is lowered: what would lose its place is held, and goes when it is approved', async () => {
  const name = 'lowered';
  await using device = await stage.device({ foreignOn: [] });
  const maxAddresses = strangersOn(device) + 1;
  await stage.reach(device, { name, tagPrefix: device.tagPrefix, spec: {} });
  const { tenant, add } = await tiers(name);
  const addresses = Array.from({ length: 12 }, (_, i) => `10.5.0.${i + 1}`);
  await inParallel(addresses, (address) => add('tenant', address));
  const all = Object.fromEntries(addresses.map((address) => [address, tenantTag]));
  await device.holds(all);
  const removalGuard = { percent: 0, minimum: 0 };
  await cluster.patch('PanFirewall', { name }, { spec: { limits: { maxAddresses }, removalGuard } });
  await stage.says('PanFirewall', { name }, 'RemovalsHeld');
  assert.deepEqual(device.owned(), all);
  const held = await heldPlan(cluster, name, (found) => found?.addresses === 11);
  assert.ok(held);
  await stage.says('PanTagPolicy', tenant, 'CapacityExceeded');
  await request(cluster, name, 'approve-removals', held.plan);
  await waitFor(() => Object.keys(device.owned()).length === 1, { what: 'one address left' });
  await stage.says('PanFirewall', { name }, 'CapacityExceeded');
});

test('tags of one address: those of others count, the rank of policies decides, the rest is named', async () => {
  const name = 'tagged';
  await using device = await stage.firewall({
    name,
    foreignOn: ['10.3.0.1'],
    spec: { limits: { maxTagsPerAddress: 8 } },
  });
  const strangers = device.simulator.tables()['vsys1']?.['10.3.0.1']?.tags ?? [];
  const room = 8 - strangers.length;
  assert.ok(room > 1 && room < 6, `${room} of 8 tags are free beside the strangers'`);
  const tenant = { namespace: 'shop', name: 'many' };
  const podSelector = { matchLabels: { kind: 'many' } };
  const templates = ['a', 'b', 'c', 'd', 'e', 'f'].map((template) => ({ template }));
  await stage.policy(tenant, { firewallNames: [name], podSelector, tags: templates });
  const labels = { kind: 'many' };
  await cluster.createPod({ namespace: 'shop', name: 'many', labels, ips: ['10.3.0.1'] });
  await cluster.createPod({ namespace: 'shop', name: 'free', labels, ips: ['10.3.0.2'] });
  const all = templates.map(({ template }) => `ns_shop.${template}`);
  await device.holds({ '10.3.0.1': all.slice(0, room), '10.3.0.2': all });
  await stage.says('PanTagPolicy', tenant, 'TagLimitExceeded');
  await stage.counts('PanTagPolicy', tenant, ({ skipped, firewalls }) => {
    assert.deepEqual(skipped, [{ reason: 'TagLimit', count: 1, example: 'many' }]);
    assert.deepEqual([firewalls?.[0]?.registered, firewalls?.[0]?.failed], [1, 1]);
  });

  const sent = device.messages().length;
  await stage.policy(
    { name: 'first' },
    { namespaceSelector: {}, firewallNames: [name], podSelector, tags: [{ template: 'first' }] },
  );
  await device.holds({
    '10.3.0.1': ['first', ...all.slice(0, room - 1)],
    '10.3.0.2': ['first', ...all],
  });
  await stage.says('ClusterPanTagPolicy', { name: 'first' }, 'InSync');
  assert.ok(device.messages().length - sent <= 2);
  await cluster.remove('ClusterPanTagPolicy', { name: 'first' });
  await device.holds({ '10.3.0.1': all.slice(0, room), '10.3.0.2': all });
});

test('two vsys of a device share its limit; a restart at the limit sends nothing; from 80 % on it is noted', async () => {
  const name = 'shared';
  await using device = await stage.device({ vsys: ['vsys1', 'vsys2'], foreignOn: [] });
  const maxAddresses = strangersOn(device) + 2 * 2;
  await stage.reach(device, {
    name,
    tagPrefix: device.tagPrefix,
    spec: { tables: [{ vsys: 'vsys1' }, { vsys: 'vsys2' }], limits: { maxAddresses } },
  });
  const { tenant, add } = await tiers(name);
  await add('tenant', '10.4.0.1');
  await device.holds({ '10.4.0.1': tenantTag });
  await add('tenant', '10.4.0.2');
  const both = { '10.4.0.1': tenantTag, '10.4.0.2': tenantTag };
  await device.holds(both);
  await add('tenant', '10.4.0.3');
  await stage.says('PanTagPolicy', tenant, 'CapacityExceeded');
  for (const vsys of ['vsys1', 'vsys2']) assert.deepEqual(device.owned(vsys), both);
  const status = await stage.counts('PanFirewall', { name }, ({ tables = [] }) => {
    assert.equal(tables.length, 2);
    for (const { message } of tables) assert.match(message ?? '', /more than 80 % of the \d+ addresses/);
  });
  assert.deepEqual(
    status.tables?.map(({ capacity }) => capacity),
    [maxAddresses, maxAddresses],
  );
  const metrics = (await ask(operator, '/metrics')).text;
  const gauge = (text: string) =>
    new RegExp(`pantag_table_${text}\\{[^}]*firewall="shared"[^}]*table="vsys2"[^}]*\\} (\\d+)`);
  assert.equal(gauge('capacity_addresses').exec(metrics)?.[1], String(maxAddresses));
  assert.equal(gauge('used_addresses').exec(metrics)?.[1], String(maxAddresses));

  const sent = device.messages().length;
  await operator.stop();
  operator = await stage.startOperator();
  const reads = () =>
    operator.logs().filter(({ msg, firewall }) => msg === 'table read' && firewall === name).length;
  await waitFor(() => reads() >= 2, { what: 'both tables read', timeoutMs: 30_000 });
  await stage.says('PanTagPolicy', tenant, 'CapacityExceeded');
  assert.deepEqual(device.messages().slice(sent), []);
  for (const vsys of ['vsys1', 'vsys2']) assert.deepEqual(device.owned(vsys), both);
});
