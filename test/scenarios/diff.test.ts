// The command diff: it says, pair by pair, what separates each table from the policies, and writes nothing.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { waitFor } from '../harness/wait-for.ts';
import { startCommand } from './command.ts';
import { stageFleet } from './panorama.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;

await cluster.createNamespace('shop');
await cluster.createPods(
  [1, 2].map((i) => ({ namespace: 'shop', name: `web-${i}`, ips: [`10.1.0.${i}`], labels: { app: 'web' } })),
);

async function diff(...args: string[]) {
  const { ended } = await startCommand(stage, ['diff', ...args]);
  return ended;
}

const wanted = { firewallNames: ['edge'], tags: [{ template: 'web' }] };
const policy = { namespace: 'shop', name: 'web' };

test('no PanFirewall: there is nothing to compare', async () => {
  assert.deepEqual(await diff(), { code: 0, lines: ['there are no PanFirewalls'] });
});

test('before an operator runs it says what one would do, without doing it', async () => {
  await using fw = await stage.firewall({
    name: 'edge',
    foreignOn: ['10.1.0.1'],
    leftOver: { '10.1.0.2': ['old'], '10.1.0.9': ['old'] },
  });
  await stage.policy(policy, wanted);
  const prefix = fw.tagPrefix;
  const before = fw.owned();
  const { code, lines } = await diff();
  assert.deepEqual(lines, [
    'edge vsys1: 2 to register, 2 to unregister',
    `+ 10.1.0.1 ${prefix}ns_shop.web`,
    `- 10.1.0.2 ${prefix}old (unclaimed; waits: the removal guard)`,
    `+ 10.1.0.2 ${prefix}ns_shop.web`,
    `- 10.1.0.9 ${prefix}old (unclaimed; waits: the removal guard)`,
  ]);
  assert.equal(code, 1);
  assert.deepEqual([fw.messages(), fw.owned()], [[], before]);

  const operator = await stage.startOperator();
  await fw.holds({ '10.1.0.1': ['ns_shop.web'], '10.1.0.2': ['ns_shop.web'] });
  await stage.says('PanFirewall', { name: 'edge' }, 'InSync');
  const messages = fw.messages().length;
  assert.deepEqual(await diff('edge'), {
    code: 0,
    lines: ['edge vsys1: 0 to register, 0 to unregister'],
  });
  assert.equal(fw.messages().length, messages);
  await operator.stop();
  await cluster.remove('PanTagPolicy', policy);
});

test('a plan that the operator holds is named with the command that lets it go', async () => {
  await using fw = await stage.firewall({
    name: 'guarded',
    foreignOn: ['10.1.0.1'],
    spec: { removalGuard: { percent: 0, minimum: 0 } },
  });
  await stage.policy(policy, { ...wanted, firewallNames: ['guarded'] });
  const operator = await stage.startOperator();
  await fw.holds({ '10.1.0.1': ['ns_shop.web'], '10.1.0.2': ['ns_shop.web'] });
  await cluster.remove('PanTagPolicy', policy);
  await stage.says('PanFirewall', { name: 'guarded' }, 'RemovalsHeld');
  const { code, lines } = await diff();
  assert.equal(code, 1);
  assert.equal(lines[0], 'guarded vsys1: 0 to register, 2 to unregister');
  assert.match(
    lines.at(-1) ?? '',
    /^held by the operator: plan \w+, 2 of 2 addresses; to let them go: kubectl annotate panfw guarded pantag\.io\/approve-removals=\w+$/,
  );
  await operator.stop();
});

test('a firewall that does not answer is not compared, and the others are', async () => {
  await using _ = await stage.firewall({ name: 'well', foreignOn: ['10.1.0.1'] });
  await using dead = await stage.firewall({ name: 'gone', foreignOn: ['10.1.0.1'] });
  await dead.simulator.close();
  const { code, lines } = await diff();
  assert.equal(code, 2);
  assert.equal(lines[1], 'well vsys1: 0 to register, 0 to unregister');
  assert.match(lines[0] ?? '', /^gone( vsys1)?: not compared: DeviceUnavailable: /);
  assert.deepEqual(await diff('gone', 'wel'), {
    code: 2,
    lines: ['there is no PanFirewall "wel": did you mean "well"?'],
  });
});

/** Two tables, which an operator has filled and then left alone. */
async function filled(name: string, spec: object) {
  const fw = await stage.firewall({ name, foreignOn: ['10.1.0.1'], vsys: ['vsys1', 'vsys2'], spec });
  const operator = await stage.startOperator();
  await stage.policy({ ...policy, name }, { ...wanted, firewallNames: [name] });
  const all = { '10.1.0.1': ['ns_shop.web'], '10.1.0.2': ['ns_shop.web'] };
  for (const vsys of ['vsys1', 'vsys2']) await fw.holds(all, { vsys });
  await stage.says('PanFirewall', { name }, 'InSync');
  return { fw, operator };
}

const setTables = (name: string, ...names: string[]) =>
  cluster.patch('PanFirewall', { name }, { spec: { tables: names.map((vsys) => ({ vsys })) } });
const retain = (name: string) =>
  cluster.patch('PanFirewall', { name }, { spec: { deletionPolicy: 'Retain' } });

test('a table that has left spec.tables is told, and what is ours in it stays', async () => {
  const name = 'leaving';
  const { fw, operator } = await filled(name, { deletionPolicy: 'Purge' });
  await using _ = fw;
  await operator.stop();
  const before = [fw.messages().length, fw.owned('vsys2')];
  await setTables(name, 'vsys1');
  const { code, lines } = await diff(name);
  assert.deepEqual([fw.messages().length, fw.owned('vsys2')], before);
  assert.equal(lines[0], 'leaving vsys1: 0 to register, 0 to unregister');
  assert.match(lines[1] ?? '', /^leaving vsys2: not compared: Purging: it left spec\.tables/);
  assert.deepEqual([lines.length, code], [2, 2]);

  const again = await stage.startOperator();
  await retain(name);
  await stage.says('PanFirewall', { name }, 'InSync');
  await again.stop();
  await cluster.remove('PanTagPolicy', { ...policy, name });
});

test('a device group that is empty is not compared, and the tables beside it are', async () => {
  await using fleet = await stageFleet(stage, {
    name: 'groups',
    firewalls: [{ serial: '0001', deviceGroup: 'edge' }, { serial: '0003' }],
    foreignOn: ['10.1.0.1'],
    spec: { tables: [{ deviceGroup: 'nowhere' }, { serial: '0003' }] },
  });
  const { code, lines } = await diff('groups');
  assert.equal(lines[0], 'groups 0003: 0 to register, 0 to unregister');
  assert.match(lines[1] ?? '', /^groups: not compared: DeviceUnavailable: device group nowhere: /);
  assert.equal(code, 2);

  await cluster.patch('PanFirewall', { name: 'groups' }, { spec: { tables: [{ deviceGroup: 'edge' }] } });
  fleet.panorama.inject({ fault: 'hang' });
  assert.deepEqual(await diff('groups', '--timeout', '15'), {
    code: 2,
    lines: ['groups: not compared: Progressing: device group edge: being looked up'],
  });
});

test('a PanFirewall that is being deleted is not compared', async () => {
  const name = 'deleted';
  const { fw, operator } = await filled(name, { deletionPolicy: 'Purge' });
  await using _ = fw;
  await operator.stop();
  await cluster.remove('PanFirewall', { name });
  const { code, lines } = await diff(name);
  assert.match(lines.join('\n'), /^deleted: not compared: Purging: the PanFirewall is being deleted/);
  assert.equal(code, 2);
  const again = await stage.startOperator();
  await waitFor(() => Object.keys(fw.owned('vsys1')).length === 0, { what: 'the purge' });
  await again.stop();
  await cluster.remove('PanTagPolicy', { ...policy, name });
});

test('what ends it before it has compared is no difference', async () => {
  await using fw = await stage.firewall({ name: 'hung', foreignOn: ['10.1.0.1'] });
  fw.simulator.inject({ fault: 'hang' });
  const { interrupt, ended } = await startCommand(stage, ['diff', 'hung']);
  await waitFor(() => fw.simulator.log().length > 0, { what: 'the firewall to be asked', timeoutMs: 30_000 });
  interrupt();
  assert.deepEqual(await ended, { code: 2, lines: ['interrupted: not compared'] });
  const unknown = await startCommand(stage, ['diff'], { token: 'none' });
  const { code, lines } = await unknown.ended;
  assert.match(lines.join('\n'), /^not compared: the API server does not accept the credentials/);
  assert.equal(code, 2);
});

test('who reads no further, such as head, changes no exit code', async () => {
  await using fw = await stage.firewall({ name: 'unread', foreignOn: ['10.1.0.1'] });
  const { ended, stopReading } = await startCommand(stage, ['diff', 'unread']);
  stopReading();
  assert.equal((await ended).code, 0);
  assert.deepEqual(fw.messages(), []);
});
