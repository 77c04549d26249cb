// Device groups of a Panorama: their firewalls are followed as they join, leave and return, and nothing is concluded from silence.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { waitFor } from '../harness/wait-for.ts';
import { eventNotes } from './events.ts';
import { ask, waitUntilAnswered } from './firewall-requests.ts';
import { type StagedFleet, stageFleet } from './panorama.ts';
import { waitUntilReady } from './probes.ts';
import { openStage } from './stage.ts';
import { departureLimitMs, type Status } from './statuses.ts';

// Who leaves a group is believed gone after two looks. At the product's distance of 30 s between them: the scenario
// "missing from one answer only" below, and "the members of a device group" in purge.test.ts.
const stage = await openStage({ timing: { groupLookMs: 2_000 } });
after(() => stage.close());
const { cluster } = stage;
let operator = await stage.startOperator();

const expected = { '10.1.0.1': ['all'], '10.1.0.2': ['all'] };
await cluster.createNamespace('shop');
const createPod = (i: number) =>
  cluster.createPod({ namespace: 'shop', name: `web-${i}`, ips: [`10.1.0.${i}`] });
const deletePod = (i: number) => cluster.deletePod({ namespace: 'shop', name: `web-${i}` });
for (const i of [1, 2]) await createPod(i);
await stage.policy(
  { name: 'all' },
  { firewallSelector: {}, namespaceSelector: {}, tags: [{ template: 'all' }] },
);

/** 0001 and 0002 are in the group edge, 0003 is in none. */
const stageGroup = (name: string, spec: object = {}): Promise<StagedFleet> =>
  stageFleet(stage, {
    name,
    firewalls: [
      { serial: '0001', deviceGroup: 'edge' },
      { serial: '0002', deviceGroup: 'edge', vsys: ['vsys1', 'vsys2'] },
      { serial: '0003' },
    ],
    foreignOn: ['10.1.0.1'],
    spec: { tables: [{ deviceGroup: 'edge', vsys: 'vsys1' }], ...spec },
  });

/** Resolves when the status shows these tables: `serial state`. */
const statesAre = (name: string, ...states: string[]) =>
  stage.counts(
    'PanFirewall',
    { name },
    ({ tables = [] }) => {
      assert.deepEqual(
        tables.map(({ serial, vsys, state }) => [serial, vsys, state].filter(Boolean).join(' ')),
        states,
      );
    },
    departureLimitMs,
  );
const kept = async (name: string, fleet: StagedFleet, ...serials: string[]) => {
  for (const serial of serials) await fleet.at(serial).holds(expected, { vsys: 'vsys1', timeoutMs: 60_000 });
  await statesAre(name, ...serials.map((serial) => `${serial} vsys1 InSync`));
};
const move = async (name: string, fleet: StagedFleet, serial: string, deviceGroup: string | null) => {
  fleet.panorama.fleet.change(serial, { deviceGroup });
  await ask(cluster, name, 'resync', 'now');
};
const setTables = (name: string, ...tables: object[]) =>
  cluster.patch('PanFirewall', { name }, { spec: { tables } });

test('firewalls are kept as they join, left as they are when they leave, and cleaned when they return', async () => {
  const name = 'followed';
  await using fleet = await stageGroup(name);
  await kept(name, fleet, '0001', '0002');
  assert.deepEqual(fleet.at('0002').owned('vsys2'), {});
  assert.deepEqual(fleet.at('0003').owned(), {});

  // Nobody says so: it is found by and by.
  fleet.panorama.fleet.change('0003', { deviceGroup: 'edge' });
  await kept(name, fleet, '0001', '0002', '0003');
  await stage.says('ClusterPanTagPolicy', { name: 'all' }, 'InSync', 30_000);

  await move(name, fleet, '0002', null);
  const { tables = [] } = await statesAre(
    name,
    '0001 vsys1 InSync',
    '0003 vsys1 InSync',
    '0002 vsys1 Departed',
  );
  assert.deepEqual([tables[2]?.owned, tables[2]?.pending, tables[2]?.deviceGroup], [2, 0, 'edge']);
  assert.match(tables[2]?.message ?? '', /has left the device group edge: its tags stay/);
  await stage.says('PanFirewall', { name }, 'InSync');
  const sent = fleet.messagesTo('0002').length;
  await deletePod(2);
  await createPod(3);
  const now = { '10.1.0.1': ['all'], '10.1.0.3': ['all'] };
  for (const serial of ['0001', '0003']) await fleet.at(serial).holds(now);
  assert.deepEqual([fleet.at('0002').owned('vsys1'), fleet.messagesTo('0002').length], [expected, sent]);

  await move(name, fleet, '0002', 'edge');
  await fleet.at('0002').holds(now, { vsys: 'vsys1', timeoutMs: 30_000 });
  await statesAre(name, '0001 vsys1 InSync', '0002 vsys1 InSync', '0003 vsys1 InSync');

  // One that leaves the Panorama altogether leaves its groups, too.
  fleet.panorama.fleet.leave('0003');
  await ask(cluster, name, 'resync', 'now');
  await statesAre(name, '0001 vsys1 InSync', '0002 vsys1 InSync', '0003 vsys1 Departed');
  assert.deepEqual(fleet.at('0003').owned(), now);
  await deletePod(3);
  await createPod(2);
  for (const serial of ['0001', '0002']) await fleet.at(serial).holds(expected, { vsys: 'vsys1' });
  fleet.panorama.fleet.join({ serial: '0003', deviceGroup: 'edge' });
  await ask(cluster, name, 'resync', 'now');
  await fleet.at('0003').holds(expected, { timeoutMs: 30_000 });
});

test('a group that is deleted, or cannot be looked up, changes nothing, and the status says so', async () => {
  const name = 'silent';
  await using fleet = await stageGroup(name, { deletionPolicy: 'Purge' });
  await kept(name, fleet, '0001', '0002');
  const says = async (pattern: RegExp) => {
    await stage.counts('PanFirewall', { name }, ({ tables = [] }) => {
      assert.equal(tables.length, 2);
      for (const { state, message = '' } of tables) {
        assert.equal(state, 'InSync');
        assert.match(message, pattern);
      }
    });
    await createPod(4);
    const more = { ...expected, '10.1.0.4': ['all'] };
    for (const serial of ['0001', '0002']) await fleet.at(serial).holds(more, { vsys: 'vsys1' });
    await deletePod(4);
    await kept(name, fleet, '0001', '0002');
  };
  fleet.panorama.inject({ fault: 'error', on: 'info', target: '' });
  await ask(cluster, name, 'resync', 'now');
  await says(/device group edge: its tables are kept as before, as it was not looked up: .*internal error/);
  fleet.panorama.clearFaults();

  fleet.panorama.fleet.deleteDeviceGroup('edge');
  await ask(cluster, name, 'resync', 'now');
  const none = /device group edge: its tables are kept as before, though the Panorama tells of no firewall/;
  await says(none);
  await stage.says('PanFirewall', { name }, 'InSync');

  // Nor does a restart forget who was there.
  await operator.stop();
  operator = await stage.startOperator();
  await says(none);
  for (const serial of ['0001', '0002']) fleet.panorama.fleet.change(serial, { deviceGroup: 'edge' });
  await ask(cluster, name, 'resync', 'now');
  await stage.counts('PanFirewall', { name }, ({ tables = [] }) => {
    for (const { message = '' } of tables) assert.doesNotMatch(message, /device group/);
  });
  for (const serial of ['0001', '0002']) assert.deepEqual(fleet.at(serial).owned('vsys1'), expected);
});

test('a group that is not there, or behind an endpoint that is a firewall, is told', async () => {
  await using fleet = await stageGroup('missing', {
    tables: [{ deviceGroup: 'nowhere' }, { serial: '0003' }],
  });
  await fleet.at('0003').holds(expected);
  const { conditions = [] } = await stage.says('PanFirewall', { name: 'missing' }, 'DeviceUnavailable');
  assert.match(
    conditions.map(({ message }) => message).join(),
    /device group nowhere: the Panorama tells of no/,
  );
  await statesAre('missing', '0003 InSync');

  await using fw = await stage.firewall({
    name: 'no-groups',
    foreignOn: ['10.1.0.1'],
    spec: { tables: [{ deviceGroup: 'edge' }] },
  });
  const told = await stage.says('PanFirewall', { name: 'no-groups' }, 'InvalidSpec');
  assert.match((told.conditions ?? []).map(({ message }) => message).join(), /no Panorama but a PA-VM/);
  assert.deepEqual(fw.messages(), []);
});

test('a restart purges nobody by mistake: who had left stays departed, and so does who left meanwhile', async () => {
  const name = 'restarted';
  await using fleet = await stageGroup(name, { deletionPolicy: 'Purge' });
  await move(name, fleet, '0003', 'edge');
  await kept(name, fleet, '0001', '0002', '0003');
  await move(name, fleet, '0003', null);
  await statesAre(name, '0001 vsys1 InSync', '0002 vsys1 InSync', '0003 vsys1 Departed');
  await operator.stop();
  fleet.panorama.fleet.change('0002', { deviceGroup: null });
  operator = await stage.startOperator();
  const left = ({ tables = [] }: Status) =>
    assert.deepEqual(
      tables.map(({ serial, state, owned }) => [serial, state, owned]),
      [
        ['0001', 'InSync', 2],
        ['0003', 'Departed', 2],
        ['0002', 'Departed', 2],
      ],
    );
  await stage.counts('PanFirewall', { name }, left, departureLimitMs);
  for (const serial of ['0002', '0003']) assert.deepEqual(fleet.at(serial).owned('vsys1'), expected);

  // What is taken out of the spec while nobody runs is purged all the same, but for who had left.
  await operator.stop();
  await setTables(name, { vsys: 'vsys1' });
  operator = await stage.startOperator();
  await fleet.own.holds(expected);
  await fleet.at('0001').holds({}, { timeoutMs: 30_000 });
  for (const serial of ['0002', '0003']) assert.deepEqual(fleet.at(serial).owned('vsys1'), expected);
});

test('who is listed becomes a member, and the other way round, without a gap; what leaves the spec is purged', async () => {
  const name = 'renamed';
  await using fleet = await stageGroup(name, {
    tables: [{ serial: '0001', vsys: 'vsys1' }, { serial: '0003' }],
    deletionPolicy: 'Purge',
  });
  for (const serial of ['0001', '0003']) await fleet.at(serial).holds(expected);
  await stage.says('PanFirewall', { name }, 'InSync');
  const sent = fleet.messagesTo('0001').length;
  await setTables(name, { deviceGroup: 'edge', vsys: 'vsys1' });
  await fleet.at('0003').holds({}, { timeoutMs: 30_000 });
  await kept(name, fleet, '0001', '0002');
  assert.deepEqual((await eventNotes(cluster, name, 'Purged')).length, 1);
  // Both ways at once: one table.
  await setTables(name, { deviceGroup: 'edge', vsys: 'vsys1' }, { serial: '0001', vsys: 'vsys1' });
  await kept(name, fleet, '0001', '0002');
  assert.equal(fleet.messagesTo('0001').length, sent);

  // With the PanFirewall go the members' tables; who had left is left, which is told.
  await setTables(name, { deviceGroup: 'edge', vsys: 'vsys1' });
  await move(name, fleet, '0002', null);
  await statesAre(name, '0001 vsys1 InSync', '0002 vsys1 Departed');
  await cluster.remove('PanFirewall', { name });
  assert.match(
    (await eventNotes(cluster, name, 'PurgeAbandoned')).join(),
    /0002 vsys1 had left the device group/,
  );
  assert.deepEqual([fleet.at('0001').owned(), fleet.at('0001').marks()], [{}, []]);
  assert.deepEqual(fleet.at('0002').owned('vsys1'), expected);
});

test('a replica that stands by keeps in step with the groups: what it saw happen to Pods of a firewall that joined goes at once', async () => {
  const name = 'overtaken';
  // Every guarded removal would be held.
  await using fleet = await stageGroup(name, { removalGuard: { percent: 0, minimum: 0 } });
  await kept(name, fleet, '0001', '0002');
  const next = await stage.startOperator();
  await waitUntilReady(next);
  await move(name, fleet, '0003', 'edge');
  await kept(name, fleet, '0001', '0002', '0003');
  await operator.kill();
  await deletePod(2);
  await createPod(5);
  const now = { '10.1.0.1': ['all'], '10.1.0.5': ['all'] };
  for (const serial of ['0001', '0002', '0003'])
    await fleet.at(serial).holds(now, { vsys: 'vsys1', timeoutMs: 60_000 });
  await deletePod(5);
  await createPod(2);
  await kept(name, fleet, '0001', '0002', '0003');
  operator = next;
});

/** The Panorama has been asked once more which groups there are. */
const looked = async (name: string, fleet: StagedFleet) => {
  const looks = () => fleet.panorama.log().filter(({ kind }) => kind === 'hierarchy').length;
  const before = looks();
  await waitUntilAnswered(cluster, name, 'resync');
  await ask(cluster, name, 'resync', 'now');
  await waitFor(() => looks() > before, { what: 'a look at the groups', timeoutMs: 20_000 });
};

test('a group is the firewalls of all groups below it, as the hierarchy changes; refused, it stays as it is known', async () => {
  const name = 'nested';
  await using fleet = await stageGroup(name);
  const groups = fleet.panorama.fleet;
  groups.change('0003', { deviceGroup: 'north' });
  await kept(name, fleet, '0001', '0002');
  groups.nest('eu', 'edge');
  groups.nest('north', 'eu');
  await ask(cluster, name, 'resync', 'now');
  await kept(name, fleet, '0001', '0002', '0003');
  const { tables = [] } = await stage.counts('PanFirewall', { name }, () => {});
  assert.deepEqual(
    tables.map(({ deviceGroup, listedGroup }) => [deviceGroup, listedGroup]),
    [
      ['edge', undefined],
      ['edge', undefined],
      ['north', 'edge'],
    ],
  );

  fleet.panorama.inject({ fault: 'error', on: 'hierarchy', code: 403, text: 'Not authorized' });
  const isTold = () =>
    stage.counts('PanFirewall', { name }, ({ tables: now = [] }) => {
      assert.equal(now.length, 3);
      for (const { state, message = '' } of now) {
        assert.equal(state, 'InSync');
        assert.match(message, /device group edge: .* as the Panorama refuses show dg-hierarchy/);
      }
    });
  await ask(cluster, name, 'resync', 'now');
  await isTold();
  await operator.stop();
  operator = await stage.startOperator();
  await isTold();
  await createPod(6);
  const more = { ...expected, '10.1.0.6': ['all'] };
  for (const serial of ['0001', '0002', '0003']) await fleet.at(serial).holds(more, { vsys: 'vsys1' });

  fleet.panorama.clearFaults();
  groups.nest('north', null);
  await ask(cluster, name, 'resync', 'now');
  await statesAre(name, '0001 vsys1 InSync', '0002 vsys1 InSync', '0003 vsys1 Departed');
  await deletePod(6);
  for (const serial of ['0001', '0002']) await fleet.at(serial).holds(expected, { vsys: 'vsys1' });
  assert.deepEqual(fleet.at('0003').owned(), more);
  const { tables: last = [] } = await stage.counts('PanFirewall', { name }, () => {});
  assert.match(last[2]?.message ?? '', /left the device group edge/);
});

test('a firewall that is missing from one answer only is kept all the while', async () => {
  const name = 'flickering';
  // Both looks have to come within one distance.
  await operator.stop();
  operator = await stage.startOperator({ timing: undefined });
  await using fleet = await stageGroup(name);
  await kept(name, fleet, '0001', '0002');
  fleet.panorama.fleet.change('0002', { deviceGroup: null });
  await looked(name, fleet);
  await createPod(7);
  const more = { ...expected, '10.1.0.7': ['all'] };
  for (const serial of ['0001', '0002']) await fleet.at(serial).holds(more, { vsys: 'vsys1' });
  await statesAre(name, '0001 vsys1 InSync', '0002 vsys1 InSync');
  fleet.panorama.fleet.change('0002', { deviceGroup: 'edge' });
  await looked(name, fleet);
  await deletePod(7);
  await kept(name, fleet, '0001', '0002');
  const left = operator
    .logs()
    .filter((line) => JSON.stringify(line).includes('firewall left its device group'));
  assert.ok(left.every((line) => !JSON.stringify(line).includes(name)));
});
