// Mode Observe: a first installation is judged before a byte is written, and the mode is changed while all moves.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { waitFor } from '../harness/wait-for.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
let operator = await stage.startOperator();

const addressOf = (i: number) => `10.1.0.${i}`;
const setMode = (name: string, mode: string) => cluster.patch('PanFirewall', { name }, { spec: { mode } });

async function populate(namespace: string, numbers: readonly number[]): Promise<void> {
  await cluster.createNamespace(namespace);
  await cluster.createPods(numbers.map((i) => ({ namespace, name: `web-${i}`, ips: [addressOf(i)] })));
}

test('a first installation is judged before a byte is written, then enforced', async () => {
  const name = 'edge-a';
  const leftOver = { [addressOf(1)]: ['ns_first.web', 'old'], [addressOf(9)]: ['old'] };
  await using fw = await stage.firewall({
    name,
    foreignOn: [addressOf(1)],
    leftOver,
    spec: { mode: 'Observe' },
  });
  await populate('first', [1, 2, 3]);
  const policy = { namespace: 'first', name: 'web' };
  await stage.policy(policy, { firewallNames: [name], tags: [{ template: 'web' }] });

  const plan = {
    register: 2,
    unregister: 2,
    examples: [
      'unregister 10.1.0.1 k8s-prod.old',
      'unregister 10.1.0.9 k8s-prod.old',
      'register 10.1.0.2 k8s-prod.ns_first.web',
      'register 10.1.0.3 k8s-prod.ns_first.web',
    ],
  };
  await stage.says('PanFirewall', { name }, 'Observing');
  await stage.counts('PanFirewall', { name }, ({ tables }) => {
    assert.equal(tables?.[0]?.state, 'Observing');
    assert.deepEqual(tables[0].plan, plan);
  });
  const { firewalls } = await stage.says('PanTagPolicy', policy, 'Observing');
  assert.deepEqual(
    firewalls?.map((firewall) => [firewall.name, firewall.state]),
    [[name, 'Observing']],
  );

  // Pods come and go, the operator is started anew: the plan follows, and still nothing was written.
  await cluster.createPod({ namespace: 'first', name: 'web-4', ips: [addressOf(4)] });
  await cluster.deletePod({ namespace: 'first', name: 'web-1' });
  await stage.counts('PanFirewall', { name }, ({ tables }) => {
    assert.deepEqual([tables?.[0]?.plan?.register, tables?.[0]?.plan?.unregister], [3, 3]);
  });
  await operator.stop();
  operator = await stage.startOperator();
  await cluster.createPod({ namespace: 'first', name: 'web-5', ips: [addressOf(5)] });
  await stage.counts('PanFirewall', { name }, ({ tables }) => {
    assert.deepEqual([tables?.[0]?.plan?.register, tables?.[0]?.plan?.unregister], [4, 3]);
  });
  await fw.holds(leftOver);
  assert.deepEqual(fw.messages(), [], 'the device was read, and sent nothing');

  await setMode(name, 'Enforce');
  await fw.holds(Object.fromEntries([2, 3, 4, 5].map((i) => [addressOf(i), ['ns_first.web']])));
  await stage.says('PanFirewall', { name }, 'InSync');
  await stage.says('PanTagPolicy', policy, 'InSync');
});

test('a firewall set to Observe keeps what it has while the policy goes on elsewhere; set back, it catches up under the guard', async () => {
  const name = 'edge-b';
  const spec = { removalGuard: { percent: 0, minimum: 0 } };
  await using fw = await stage.firewall({ name, foreignOn: [], spec });
  await using other = await stage.firewall({ name: 'edge-c', foreignOn: [], spec });
  await populate('later', [1, 2, 3]);
  const policy = { namespace: 'later', name: 'web' };
  const tags = (template: string) => ({ firewallNames: [name, 'edge-c'], tags: [{ template }] });
  await stage.policy(policy, tags('old'));
  const before = Object.fromEntries([1, 2, 3].map((i) => [addressOf(i), ['ns_later.old']]));
  await fw.holds(before);
  await stage.says('PanTagPolicy', policy, 'InSync');

  await setMode(name, 'Observe');
  await stage.says('PanFirewall', { name }, 'Observing');
  const sent = fw.messages().length;
  await cluster.deletePod({ namespace: 'later', name: 'web-1' });
  await cluster.patch('PanTagPolicy', policy, { spec: tags('new') });
  await other.holds({
    [addressOf(2)]: ['ns_later.new', 'ns_later.old'],
    [addressOf(3)]: ['ns_later.new', 'ns_later.old'],
  });
  const { addresses, firewalls } = await stage.says('PanTagPolicy', policy, 'InSync');
  assert.equal(addresses, 2, 'the firewall in Observe is not waited for');
  assert.deepEqual(
    firewalls?.map(({ state }) => state),
    ['Observing', 'InSync'],
  );
  await stage.counts('PanFirewall', { name }, ({ tables }) => {
    assert.deepEqual([tables?.[0]?.plan?.register, tables?.[0]?.plan?.unregister], [2, 3]);
  });
  await fw.holds(before);
  assert.equal(fw.messages().length, sent);

  // What was vacated meanwhile goes at once; what the policy took away is held, as always.
  await setMode(name, 'Enforce');
  await fw.holds({
    [addressOf(2)]: ['ns_later.new', 'ns_later.old'],
    [addressOf(3)]: ['ns_later.new', 'ns_later.old'],
  });
  await stage.says('PanFirewall', { name }, 'RemovalsHeld');
});

test('a message that is on its way when the mode becomes Observe ends, and none follows', async () => {
  const name = 'edge-d';
  await using fw = await stage.firewall({ name, foreignOn: [] });
  await populate('flight', [1]);
  await stage.policy(
    { namespace: 'flight', name: 'web' },
    { firewallNames: [name], tags: [{ template: 'web' }] },
  );
  await fw.holds({ [addressOf(1)]: ['ns_flight.web'] });

  fw.simulator.inject({ fault: 'slow', on: 'message', ms: 2000, count: 1 });
  await cluster.createPod({ namespace: 'flight', name: 'web-2', ips: [addressOf(2)] });
  await waitFor(() => fw.simulator.faults()[0]?.effects === 1, { what: 'the message to be on its way' });
  await setMode(name, 'Observe');
  await cluster.createPod({ namespace: 'flight', name: 'web-3', ips: [addressOf(3)] });
  await stage.counts('PanFirewall', { name }, ({ tables }) => {
    assert.deepEqual(tables?.[0]?.plan?.examples, [`register ${addressOf(3)} k8s-prod.ns_flight.web`]);
  });
  await fw.holds({ [addressOf(1)]: ['ns_flight.web'], [addressOf(2)]: ['ns_flight.web'] });
  // The mark, the first Pod, the second.
  assert.equal(fw.messages().length, 3);
});
