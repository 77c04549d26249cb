// The brake on removals that rest on absence, and what administrators ask for by annotation.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ask, heldPlan, waitUntilAnswered } from './firewall-requests.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
let operator = await stage.startOperator();

const namespace = 'shop';
const web = (i: number) => ({ namespace, name: `web-${i}` });
const addressOf = (i: number) => `10.1.0.${i}`;
const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
const table = (tags: (i: number) => readonly string[], from = numbers) =>
  Object.fromEntries(from.map((i) => [addressOf(i), tags(i)]));

test('an edit that takes more than the guard allows is held as a plan; all else flows on; approval releases exactly it', async () => {
  const name = 'edge-a';
  await using fw = await stage.firewall({
    name,
    foreignOn: [addressOf(1)],
    spec: { removalGuard: { percent: 0, minimum: 3 } },
  });
  await cluster.createNamespace(namespace);
  // They have run for a while: a Pod in its first second would be a new holder after the restart below.
  const networkReadyAt = new Date(Date.now() - 60_000);
  const labels = { app: 'web', tier: 'gold' };
  await cluster.createPods(numbers.map((i) => ({ ...web(i), labels, ips: [addressOf(i)], networkReadyAt })));
  const policy = (tag: string) => ({
    firewallNames: [name],
    podSelector: { matchLabels: { app: 'web' } },
    tags: [{ template: tag }, { labelKeys: ['tier'] }],
  });
  await stage.policy({ namespace, name: 'web' }, policy('old'));
  const gold = 'ns_shop.tier.gold';
  await fw.holds(table(() => ['ns_shop.old', gold]));

  await cluster.patch('PanTagPolicy', { namespace, name: 'web' }, { spec: policy('new') });
  const before = ['ns_shop.new', 'ns_shop.old', gold];
  await fw.holds(table(() => before));
  const { conditions = [] } = await stage.says('PanFirewall', { name }, 'RemovalsHeld');
  const held = await heldPlan(cluster, name, (found) => found?.addresses === 8);
  assert.ok(held);
  assert.deepEqual(held.examples[0], '10.1.0.1 k8s-prod.ns_shop.old');
  assert.ok(conditions.some(({ message }) => message.includes(`pantag.io/approve-removals=${held.plan}`)));
  await stage.says('PanTagPolicy', { namespace, name: 'web' }, 'InSync');

  // A vacated address is cleaned, a relabelled Pod follows, and a new holder inherits nothing.
  await cluster.deletePod(web(1));
  await cluster.labelPod(web(2), { tier: 'silver' });
  await cluster.deletePod(web(3));
  await cluster.createPod({
    namespace,
    name: 'other',
    labels: { app: 'web', tier: 'tin' },
    ips: [addressOf(3)],
  });
  const flowed = {
    ...table(() => before, [4, 5, 6, 7, 8]),
    [addressOf(2)]: ['ns_shop.new', 'ns_shop.old', 'ns_shop.tier.silver'],
    [addressOf(3)]: ['ns_shop.new', 'ns_shop.tier.tin'],
  };
  await fw.holds(flowed);
  const shrunk = await heldPlan(cluster, name, (found) => found?.addresses === 6);
  assert.equal(shrunk?.plan, held.plan);

  // Restarted while held: still held, as a plan of what is left.
  await operator.stop();
  operator = await stage.startOperator();
  const again = await heldPlan(cluster, name, (found) => found?.addresses === 6 && found.plan !== held.plan);
  await fw.holds(flowed);
  await ask(cluster, name, 'approve-removals', 'none');
  await waitUntilAnswered(cluster, name, 'approve-removals');
  await fw.holds(flowed);

  await ask(cluster, name, 'approve-removals', again?.plan ?? '');
  await fw.holds({
    ...table(() => ['ns_shop.new', gold], [4, 5, 6, 7, 8]),
    [addressOf(2)]: ['ns_shop.new', 'ns_shop.tier.silver'],
    [addressOf(3)]: ['ns_shop.new', 'ns_shop.tier.tin'],
  });
  await stage.says('PanFirewall', { name }, 'InSync');
  await waitUntilAnswered(cluster, name, 'approve-removals');
});

test('an undone edit ends its plan; the same edit later is held again under the same name', async () => {
  const name = 'edge-b';
  const scope = { namespace: 'lab', name: 'web' };
  await using fw = await stage.firewall({
    name,
    foreignOn: [],
    spec: { removalGuard: { percent: 0, minimum: 0 } },
  });
  await cluster.createNamespace('lab');
  await cluster.createPods([1, 2].map((i) => ({ namespace: 'lab', name: `p-${i}`, ips: [`10.2.0.${i}`] })));
  const tags = (...templates: string[]) => ({
    firewallNames: [name],
    podSelector: {},
    tags: templates.map((template) => ({ template })),
  });
  await stage.policy(scope, tags('a', 'b'));
  const both = { '10.2.0.1': ['ns_lab.a', 'ns_lab.b'], '10.2.0.2': ['ns_lab.a', 'ns_lab.b'] };
  await fw.holds(both);

  const hold = async () => {
    await cluster.patch('PanTagPolicy', scope, { spec: tags('a') });
    return heldPlan(cluster, name, (found) => found?.addresses === 2);
  };
  const first = await hold();
  await cluster.patch('PanTagPolicy', scope, { spec: tags('a', 'b') });
  await heldPlan(cluster, name, (found) => found === undefined);
  await stage.says('PanFirewall', { name }, 'InSync');
  const second = await hold();
  assert.equal(second?.plan, first?.plan);
  await fw.holds(both);

  await ask(cluster, name, 'approve-removals', second?.plan ?? '');
  await fw.holds({ '10.2.0.1': ['ns_lab.a'], '10.2.0.2': ['ns_lab.a'] });
  await cluster.patch('PanTagPolicy', scope, { spec: tags('a', 'b') });
  await fw.holds(both);
  const third = await hold();
  assert.equal(third?.plan, first?.plan, 'an approval is used once');
  await fw.holds(both);
});

test("somebody else's change to our tags is repaired by a read that an annotation asks for", async () => {
  const name = 'edge-c';
  await using fw = await stage.firewall({ name, foreignOn: [] });
  await cluster.createNamespace('drift');
  await cluster.createPod({ namespace: 'drift', name: 'p', ips: ['10.3.0.1'] });
  await stage.policy(
    { namespace: 'drift', name: 'web' },
    { firewallNames: [name], tags: [{ template: 'web' }] },
  );
  const exact = { '10.3.0.1': ['ns_drift.web'] };
  await fw.holds(exact);
  await stage.says('PanFirewall', { name }, 'InSync');

  fw.simulator.plant({
    remove: [{ ip: '10.3.0.1', tags: ['k8s-prod.ns_drift.web'] }],
    add: [{ ip: '10.3.0.2', tags: ['k8s-prod.stray'] }],
  });
  await ask(cluster, name, 'resync', 'now');
  await fw.holds(exact);
  await waitUntilAnswered(cluster, name, 'resync');
});
