// Tables behind a Panorama: each firewall is kept by calls that the Panorama forwards, and fails by itself.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { waitFor } from '../harness/wait-for.ts';
import { eventNotes } from './events.ts';
import { type StagedFleet, stageFleet } from './panorama.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
await stage.startOperator();

const expected = { '10.1.0.1': ['all'], '10.1.0.2': ['all'] };
await cluster.createNamespace('shop');
await cluster.createPods([1, 2].map((i) => ({ namespace: 'shop', name: `web-${i}`, ips: [`10.1.0.${i}`] })));
await stage.policy(
  { name: 'all' },
  { firewallSelector: {}, namespaceSelector: {}, tags: [{ template: 'all' }] },
);

type Table = { readonly serial?: string; readonly vsys?: string };

const stageTables = (name: string, tables: readonly Table[], spec: object = {}): Promise<StagedFleet> =>
  stageFleet(stage, {
    name,
    firewalls: [
      { serial: '0001' },
      { serial: '0002', vsys: ['vsys1', 'vsys2'] },
      { serial: '0003', connected: false },
    ],
    foreignOn: ['10.1.0.1'],
    spec: { tables, resync: { markerIntervalSeconds: 5 }, ...spec },
  });

/** Resolves when the tables of the status are in these states: `serial/vsys state`. */
const statesAre = (name: string, ...states: string[]) =>
  stage.counts('PanFirewall', { name }, ({ tables = [] }) => {
    assert.deepEqual(
      tables.map(({ serial = '', vsys = '', state }) => `${serial}/${vsys} ${state}`),
      states,
    );
  });
const messageOf = async (name: string, serial: string) =>
  (await stage.counts('PanFirewall', { name }, () => {})).tables?.find((table) => table.serial === serial)
    ?.message ?? '';
const fails = (name: string, serial: string, says: RegExp) =>
  waitFor(async () => says.test(await messageOf(name, serial)), {
    what: `${serial} of ${name} to say ${says}`,
    timeoutMs: 30_000,
  });

test('firewalls behind a Panorama are kept, each call with their serial, and nothing else is written', async () => {
  const name = 'forwarded';
  await using fleet = await stageTables(name, [{ serial: '0001' }, { serial: '0002', vsys: 'vsys2' }]);
  await fleet.at('0001').holds(expected);
  await fleet.at('0002').holds(expected, { vsys: 'vsys2' });
  const { device } = await stage.says('PanFirewall', { name }, 'InSync');
  assert.equal(device?.model, 'Panorama');
  await statesAre(name, '0001/ InSync', '0002/vsys2 InSync');

  await cluster.createPod({ namespace: 'shop', name: 'late', ips: ['10.1.0.9'] });
  await fleet.at('0001').holds({ ...expected, '10.1.0.9': ['all'] });
  await fleet.at('0002').holds({ ...expected, '10.1.0.9': ['all'] }, { vsys: 'vsys2' });
  await cluster.deletePod({ namespace: 'shop', name: 'late' });
  await fleet.at('0001').holds(expected);
  await fleet.at('0002').holds(expected, { vsys: 'vsys2' });
  assert.deepEqual([fleet.at('0002').owned('vsys1'), fleet.at('0002').marks('vsys1')], [{}, []]);
  assert.deepEqual([fleet.own.owned(), fleet.own.marks()], [{}, []]);

  const tag = ['k8s-prod.all'];
  fleet.panorama.fleet
    .firewall('0001')
    .plant({ remove: [{ ip: '192.0.2.1' }, ...Object.keys(expected).map((ip) => ({ ip, tags: tag }))] });
  await waitFor(() => fleet.at('0001').marks().length === 1, { what: 'the mark', timeoutMs: 30_000 });
  await fleet.at('0001').holds(expected);
  assert.match((await eventNotes(cluster, name, 'TableLost')).join(), /0001/);
});

test('a firewall that is not connected is unavailable alone; the others go on, and it is healed when it is back', async () => {
  const name = 'apart';
  await using fleet = await stageTables(name, [{ serial: '0001' }, { serial: '0003' }]);
  await fleet.at('0001').holds(expected);
  await statesAre(name, '0001/ InSync', '0003/ DeviceUnavailable');
  await fails(name, '0003', /0003 is not connected to this Panorama/);
  const { conditions = [] } = await stage.says('PanFirewall', { name }, 'DeviceUnavailable');
  assert.match(conditions.map(({ message }) => message).join(), /^0003: .*not connected/);

  fleet.panorama.fleet.change('0003', { connected: true });
  await fleet.at('0003').holds(expected, { timeoutMs: 60_000 });
  await stage.says('PanFirewall', { name }, 'InSync', 30_000);

  // It goes while it is kept, and the other one notices nothing of it.
  fleet.panorama.fleet.change('0001', { connected: false });
  await cluster.createPod({ namespace: 'shop', name: 'meanwhile', ips: ['10.1.0.9'] });
  await fleet.at('0003').holds({ ...expected, '10.1.0.9': ['all'] });
  await statesAre(name, '0001/ DeviceUnavailable', '0003/ InSync');
  await cluster.deletePod({ namespace: 'shop', name: 'meanwhile' });
  await fleet.at('0003').holds(expected);
  fleet.panorama.fleet.change('0001', { connected: true });
  await stage.says('PanFirewall', { name }, 'InSync', 90_000);
  await fleet.at('0001').holds(expected);
});

test('a serial that the Panorama does not know, and a vsys that does not exist, fail their own tables alone', async () => {
  const name = 'misnamed';
  await using fleet = await stageTables(name, [
    { serial: '0001' },
    { serial: '0002', vsys: 'vsys9' },
    { serial: '0002', vsys: 'vsys1' },
    { serial: '0009' },
  ]);
  await fleet.at('0001').holds(expected);
  await fleet.at('0002').holds(expected, { vsys: 'vsys1' });
  await statesAre(
    name,
    '0001/ InSync',
    '0002/vsys9 InvalidSpec',
    '0002/vsys1 InSync',
    '0009/ DeviceUnavailable',
  );
  await fails(name, '0002', /no vsys9, but vsys1, vsys2; correct spec\.tables/);
  await fails(name, '0009', /manages no firewall with the serial 0009; correct spec\.tables/);
  const { conditions = [] } = await stage.says('PanFirewall', { name }, 'InvalidSpec');
  assert.match(conditions.map(({ message }) => message).join(), /^0002 vsys9: /);
  assert.deepEqual(fleet.messagesTo('0009'), []);

  await cluster.patch(
    'PanFirewall',
    { name },
    { spec: { tables: [{ serial: '0001' }, { serial: '0002' }] } },
  );
  await statesAre(name, '0001/ InSync', '0002/ InvalidSpec');
  await fails(name, '0002', /several vsys vsys1, vsys2: list/);
});

test('a vsys that a firewall does not have fails its own table alone, when it is reached directly, too', async () => {
  const name = 'directly';
  const vsys = ['vsys1', 'vsys2'];
  const tables = [{ vsys: 'vsys9' }, { vsys: 'vsys2' }];
  await using fw = await stage.firewall({ name, foreignOn: ['10.1.0.1'], vsys, spec: { tables } });
  await fw.holds(expected, { vsys: 'vsys2' });
  await stage.counts('PanFirewall', { name }, ({ tables: [missing, there] = [] }) => {
    assert.deepEqual([missing?.state, there?.state], ['InvalidResponse', 'InSync']);
    assert.match(missing?.message ?? '', /Check .* that the vsys exists/);
  });
  assert.deepEqual([fw.owned('vsys1'), fw.marks('vsys1')], [{}, []]);

  const single = 'single';
  await using one = await stage.firewall({
    name: single,
    foreignOn: [],
    spec: { tables: [{ vsys: 'vsys2' }] },
  });
  const { conditions = [] } = await stage.says('PanFirewall', { name: single }, 'InvalidSpec');
  assert.match(conditions.map(({ message }) => message).join(), /no vsys2, but vsys1; correct spec\.tables/);
  assert.deepEqual(one.messages(), []);
});

test('firewalls that never answer keep nobody waiting, though all share the connections to the Panorama', async () => {
  const name = 'slow-ones';
  const tables = [
    { serial: '0001' },
    { serial: '0002', vsys: 'vsys1' },
    { serial: '0002', vsys: 'vsys2' },
    { serial: '0003' },
  ];
  await using fleet = await stageTables(name, tables);
  fleet.panorama.fleet.change('0003', { connected: true });
  await fleet.at('0001').holds(expected);
  for (const vsys of ['vsys1', 'vsys2']) await fleet.at('0002').holds(expected, { vsys });
  await fleet.at('0003').holds(expected, { timeoutMs: 60_000 });
  fleet.panorama.inject({ fault: 'hang', target: '0002' });
  const concurrent = fleet.panorama.concurrency().highest;
  for (let i = 11; i < 21; i += 1) {
    await cluster.createPod({ namespace: 'shop', name: `more-${i}`, ips: [`10.1.0.${i}`] });
    const more = { ...expected, [`10.1.0.${i}`]: ['all'] };
    for (const serial of ['0001', '0003']) await fleet.at(serial).holds(more);
    await cluster.deletePod({ namespace: 'shop', name: `more-${i}` });
  }
  for (const serial of ['0001', '0003']) await fleet.at(serial).holds(expected);
  assert.ok(concurrent <= 2 && fleet.panorama.concurrency().highest <= 2);
});

test("without tables the Panorama's own one is kept, and those behind it are left alone", async () => {
  const name = 'itself';
  await using fleet = await stageFleet(stage, {
    name,
    firewalls: [{ serial: '0001' }],
    foreignOn: ['10.1.0.1'],
    spec: {},
  });
  await fleet.own.holds(expected);
  await stage.says('PanFirewall', { name }, 'InSync');
  assert.deepEqual([fleet.at('0001').owned(), fleet.at('0001').marks()], [{}, []]);
});

test('a serial behind an endpoint that is a firewall is invalid, and nothing is written there', async () => {
  const name = 'no-panorama';
  await using fw = await stage.firewall({
    name,
    foreignOn: ['10.1.0.1'],
    spec: { tables: [{ serial: '0001' }] },
  });
  const { conditions = [] } = await stage.says('PanFirewall', { name }, 'InvalidSpec');
  assert.match(conditions.map(({ message }) => message).join(), /no Panorama but a PA-VM/);
  assert.deepEqual([fw.messages(), fw.marks()], [[], []]);
});

test('of two PanFirewalls that reach one firewall, directly and through a Panorama, the elder writes', async () => {
  await using direct = await stage.firewall({
    name: 'direct',
    foreignOn: ['10.1.0.1'],
    identity: { serial: '0001' },
  });
  await direct.holds(expected);
  // Creation times are told in seconds.
  const { metadata } = await cluster.get('PanFirewall', { name: 'direct' });
  await waitFor(() => Date.now() > Date.parse(metadata.creationTimestamp ?? '') + 1000, {
    what: 'the next second',
  });
  const name = 'roundabout';
  await using fleet = await stageTables(name, [
    { serial: '0001', vsys: 'vsys1' },
    { serial: '0002', vsys: 'vsys1' },
  ]);
  await fleet.at('0002').holds(expected);
  await statesAre(name, '0001/vsys1 OwnershipConflict', '0002/vsys1 InSync');
  assert.match(await messageOf(name, '0001'), /PanFirewall direct/);
  assert.deepEqual(fleet.messagesTo('0001'), []);
  await stage.removeFirewall('direct');
  await fleet.at('0001').holds(expected, { timeoutMs: 30_000 });
});

test('a table that leaves spec.tables is purged through the Panorama, and all of them when the PanFirewall goes', async () => {
  const name = 'purged';
  const tables = [{ serial: '0001' }, { serial: '0002', vsys: 'vsys1' }, { serial: '0002', vsys: 'vsys2' }];
  await using fleet = await stageTables(name, tables, { deletionPolicy: 'Purge' });
  const [one, two] = [fleet.at('0001'), fleet.at('0002')];
  for (const vsys of ['vsys1', 'vsys2']) await two.holds(expected, { vsys });
  await one.holds(expected);
  await stage.says('PanFirewall', { name }, 'InSync');
  await cluster.patch('PanFirewall', { name }, { spec: { tables: tables.slice(0, 2) } });
  await two.holds({}, { vsys: 'vsys2', timeoutMs: 30_000 });
  assert.match((await eventNotes(cluster, name, 'Purged')).join(), /0002 vsys2 /);
  assert.deepEqual([one.owned(), two.owned('vsys1')], [expected, expected]);
  await cluster.remove('PanFirewall', { name });
  await waitFor(() => [one, two].every((at) => at.marks().length === 0), {
    what: 'the marks to be taken off',
    timeoutMs: 30_000,
  });
  assert.deepEqual([one.owned(), two.owned('vsys1')], [{}, {}]);
});
