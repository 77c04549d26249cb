// The brake on guarded removals, and what administrators ask for by annotation.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { waitFor } from '../harness/wait-for.ts';
import { ask, heldPlan, heldPlans, waitUntilAnswered } from './firewall-requests.ts';
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

test('a plan of one tenant stops no other tenant: each has its own, any of them is approved, and a restart keeps the count', async () => {
  const name = 'edge-d';
  await using fw = await stage.firewall({
    name,
    foreignOn: [],
    spec: { removalGuard: { percent: 0, minimum: 3 } },
  });
  const networkReadyAt = new Date(Date.now() - 60_000);
  const tenants = ['red', 'blue', 'green'];
  const ipOf = (tenant: string, i: number) => `10.4.${tenants.indexOf(tenant)}.${i}`;
  for (const tenant of tenants) {
    await cluster.createNamespace(tenant);
    await cluster.createPods(
      [1, 2, 3, 4, 5].map((i) => ({
        namespace: tenant,
        name: `p-${i}`,
        ips: [ipOf(tenant, i)],
        networkReadyAt,
      })),
    );
    for (const tag of ['a', 'b'])
      await stage.policy(
        { namespace: tenant, name: tag },
        { firewallNames: [name], tags: [{ template: tag }] },
      );
  }
  const holding = (tags: (tenant: string, i: number) => readonly string[]) =>
    Object.fromEntries(
      tenants.flatMap((tenant) =>
        [1, 2, 3, 4, 5].map((i) => [ipOf(tenant, i), tags(tenant, i).map((tag) => `ns_${tenant}.${tag}`)]),
      ),
    );
  await fw.holds(holding(() => ['a', 'b']));

  // Red goes beyond the limit, and is held. Blue does not, and goes on.
  await cluster.remove('PanTagPolicy', { namespace: 'red', name: 'a' });
  const [red] = await heldPlans(cluster, name, ({ length }) => length === 1);
  assert.deepEqual([red?.addresses, red?.of], [5, 15]);
  assert.deepEqual(red?.causes, [{ kind: 'PanTagPolicy', name: 'red/a', change: 'deleted', addresses: 5 }]);
  const firstOnly = { matchExpressions: [{ key: 'blue', operator: 'DoesNotExist' }] };
  await cluster.patch('PanTagPolicy', { namespace: 'blue', name: 'a' }, { spec: { podSelector: firstOnly } });
  for (const i of [1, 2]) await cluster.labelPod({ namespace: 'blue', name: `p-${i}` }, { blue: 'yes' });
  await fw.holds(holding((tenant, i) => (tenant === 'blue' && i <= 2 ? ['b'] : ['a', 'b'])));
  // Those were label changes; an edit of two is within the limit, too.
  const notGreen = { matchExpressions: [{ key: 'green', operator: 'DoesNotExist' }] };
  for (const i of [1, 2]) await cluster.labelPod({ namespace: 'green', name: `p-${i}` }, { green: 'yes' });
  await cluster.patch('PanTagPolicy', { namespace: 'green', name: 'a' }, { spec: { podSelector: notGreen } });
  const flowed = holding((tenant, i) => (tenant !== 'red' && i <= 2 ? ['b'] : ['a', 'b']));
  await fw.holds(flowed);

  // Two have gone: the window stands in the status, and the next process counts from there.
  const windowOf = async () => {
    const { status } = await cluster.get<{ status?: { tables?: readonly { guardWindow?: unknown }[] } }>(
      'PanFirewall',
      { name },
    );
    return status?.tables?.[0]?.guardWindow;
  };
  const window = await waitFor(windowOf, { what: 'the window in the status', timeoutMs: 15_000 });
  assert.deepEqual(
    (window as readonly { addresses: number; owned: number }[]).map(({ addresses, owned }) => [
      addresses,
      owned,
    ]),
    [[2, 15]],
  );
  await operator.stop();
  operator = await stage.startOperator();
  await heldPlans(cluster, name, ([plan]) => plan?.causes[0]?.change === 'unclaimed');
  assert.deepEqual(await windowOf(), window);
  await cluster.remove('PanTagPolicy', { namespace: 'blue', name: 'b' });
  const plans = await heldPlans(cluster, name, ({ length }) => length === 2);
  assert.deepEqual(plans[1]?.causes, [
    { kind: 'PanTagPolicy', name: 'blue/b', change: 'deleted', addresses: 5 },
  ]);
  await cluster.patch('PanTagPolicy', { namespace: 'green', name: 'b' }, { spec: { podSelector: notGreen } });
  const three = await heldPlans(cluster, name, ({ length }) => length === 3);
  assert.equal(three[2]?.addresses, 2, 'two that went before the restart and these are more than three');

  // The youngest is approved; the others stay.
  await ask(cluster, name, 'approve-removals', three[2]?.plan ?? '');
  const { [ipOf('green', 1)]: _, [ipOf('green', 2)]: __, ...left } = flowed;
  await fw.holds(left);
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
