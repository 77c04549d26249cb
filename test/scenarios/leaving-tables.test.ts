// Tables that are taken out of spec.tables, and endpoints that are edited: what becomes of the tags there.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { waitFor } from '../harness/wait-for.ts';
import { eventNotes } from './events.ts';
import { openStage, operatorNamespace, type StagedDevice } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
let operator = await stage.startOperator();

const vsys = ['vsys1', 'vsys2', 'vsys3'];
const expected = { '10.1.0.1': ['all'], '10.1.0.2': ['all'] };
await cluster.createNamespace('shop');
await cluster.createPods([1, 2].map((i) => ({ namespace: 'shop', name: `web-${i}`, ips: [`10.1.0.${i}`] })));

async function registered(name: string, spec: object): Promise<StagedDevice> {
  const fw = await stage.firewall({ name, foreignOn: ['10.1.0.1'], vsys, spec });
  await stage.policy({ name }, { firewallNames: [name], namespaceSelector: {}, tags: [{ template: 'all' }] });
  for (const one of vsys) await fw.holds(expected, { vsys: one });
  await stage.says('PanFirewall', { name }, 'InSync');
  return fw;
}

const setTables = (name: string, ...names: string[]) =>
  cluster.patch('PanFirewall', { name }, { spec: { tables: names.map((one) => ({ vsys: one })) } });
const purged = (fw: StagedDevice, one: string) =>
  waitFor(() => Object.keys(fw.owned(one)).length === 0 && fw.marks(one).length === 0, {
    what: `${one} to be purged`,
    timeoutMs: 20_000,
  });
const tablesAre = (name: string, ...names: string[]) =>
  stage.counts('PanFirewall', { name }, ({ tables }) => {
    assert.deepEqual(
      tables?.map((table) => table.vsys),
      names,
    );
  });
const untouched = (fw: StagedDevice, one: string) =>
  assert.deepEqual([fw.owned(one), fw.marks(one).length], [expected, 1]);

/** No PanFirewall is left behind whose purge would wait for a device that is gone. */
const retain = (name: string) =>
  cluster.patch('PanFirewall', { name }, { spec: { deletionPolicy: 'Retain' } });
const unfinalized = (name: string) =>
  waitFor(async () => (await cluster.get('PanFirewall', { name })).metadata.finalizers === undefined, {
    what: 'the finalizer to be taken off',
  });

test('with Purge a table that leaves is purged, whatever the guard would hold; the others go on undisturbed', async () => {
  const name = 'purging';
  const guard = { removalGuard: { percent: 0, minimum: 0 } };
  await using fw = await registered(name, { deletionPolicy: 'Purge', ...guard });
  const others = () =>
    fw.simulator.log().filter((entry) => entry.vsys !== 'vsys2' && entry.kind === 'message').length;
  const sent = others();
  await setTables(name, 'vsys1', 'vsys3');
  await purged(fw, 'vsys2');
  assert.match((await eventNotes(cluster, name, 'Purged')).join(), /vsys2 .*2 addresses/);
  await tablesAre(name, 'vsys1', 'vsys3');
  await stage.says('PanFirewall', { name }, 'InSync');
  await stage.says('ClusterPanTagPolicy', { name }, 'InSync');
  for (const one of ['vsys1', 'vsys3']) untouched(fw, one);
  assert.equal(others(), sent);

  // It comes back, and is kept as ever.
  await setTables(name, 'vsys1', 'vsys2', 'vsys3');
  await fw.holds(expected, { vsys: 'vsys2' });

  // With Retain it would stay.
  await retain(name);
  await unfinalized(name);
  await setTables(name, 'vsys1');
  await tablesAre(name, 'vsys1');
  await cluster.createPod({ namespace: 'shop', name: 'late', ips: ['10.1.0.9'] });
  await fw.holds({ ...expected, '10.1.0.9': ['all'] });
  for (const one of ['vsys2', 'vsys3']) untouched(fw, one);
  await cluster.deletePod({ namespace: 'shop', name: 'late' });
});

test('while it cannot be purged its state is Purging and no policy waits for it; it may come back, or time runs out', async () => {
  const name = 'slow';
  await using fw = await registered(name, { deletionPolicy: 'Purge' });
  fw.simulator.inject({ fault: 'slow', on: 'message', vsys: 'vsys2', ms: 3000 });
  await setTables(name, 'vsys1', 'vsys3');
  await stage.counts('PanFirewall', { name }, ({ tables }) => {
    assert.deepEqual(
      tables?.map((table) => [table.vsys, table.state]),
      [
        ['vsys1', 'InSync'],
        ['vsys3', 'InSync'],
        ['vsys2', 'Purging'],
      ],
    );
  });
  await stage.says('PanFirewall', { name }, 'Purging');
  await stage.says('ClusterPanTagPolicy', { name }, 'InSync');
  await setTables(name, 'vsys1', 'vsys2', 'vsys3');
  fw.simulator.clearFaults();
  await stage.says('PanFirewall', { name }, 'InSync', 20_000);
  await fw.holds(expected, { vsys: 'vsys2' });

  fw.simulator.inject({ fault: 'reset', on: 'message', vsys: 'vsys3' });
  await cluster.patch('PanFirewall', { name }, { spec: { purgeTimeoutSeconds: 2 } });
  await setTables(name, 'vsys1', 'vsys2');
  assert.match((await eventNotes(cluster, name, 'PurgeAbandoned')).join(), /vsys3 .*purgeTimeoutSeconds/);
  await tablesAre(name, 'vsys1', 'vsys2');
  assert.deepEqual(fw.owned('vsys3'), expected);
  await retain(name);
  await unfinalized(name);
});

test('a purge that a restart interrupts goes on, and one that was due while nobody ran is done', async () => {
  const name = 'restart';
  await using fw = await registered(name, { deletionPolicy: 'Purge' });
  fw.simulator.inject({ fault: 'reset', on: 'message', vsys: 'vsys2' });
  await setTables(name, 'vsys1', 'vsys3');
  await stage.says('PanFirewall', { name }, 'DeviceUnavailable');
  await operator.stop();
  await setTables(name, 'vsys1');
  fw.simulator.clearFaults();
  operator = await stage.startOperator();
  await purged(fw, 'vsys2');
  await purged(fw, 'vsys3');
  await tablesAre(name, 'vsys1');
  untouched(fw, 'vsys1');
  await retain(name);
  await unfinalized(name);
});

test('an edited endpoint: the tags at the old one stay, and the new one is kept, with a restart or without', async () => {
  const name = 'moved';
  await using former = await registered(name, { deletionPolicy: 'Purge' });
  await using latter = await stage.device({ foreignOn: ['10.1.0.1'] });
  const moveTo = async ({ simulator, secret }: StagedDevice, spec: object) => {
    const plain = Object.entries({ ...secret, 'ca.crt': simulator.caPem });
    const data = Object.fromEntries(plain.map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
    await cluster.patch('Secret', { namespace: operatorNamespace, name }, { data });
    await cluster.patch('PanFirewall', { name }, { spec: { endpoint: simulator.endpoint, ...spec } });
  };
  await operator.stop();
  await moveTo(latter, { tables: [{ vsys: 'vsys1' }] });
  operator = await stage.startOperator();
  await latter.holds(expected);
  await stage.says('PanFirewall', { name }, 'InSync');
  for (const one of vsys) untouched(former, one);

  await moveTo(former, {});
  await cluster.createPod({ namespace: 'shop', name: 'later', ips: ['10.1.0.8'] });
  await former.holds({ ...expected, '10.1.0.8': ['all'] });
  for (const one of ['vsys2', 'vsys3']) untouched(former, one);
  assert.deepEqual([latter.owned(), latter.marks().length], [expected, 1]);
  await retain(name);
  await unfinalized(name);
});
