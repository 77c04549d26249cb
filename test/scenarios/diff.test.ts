// The command diff: it says, pair by pair, what separates each table from the policies, and writes nothing.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startCommand } from './command.ts';
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
