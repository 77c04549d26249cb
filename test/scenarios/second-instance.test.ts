// Two installations reach one table: whoever was there first goes on undisturbed, and the newcomer is silent.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { waitFor } from '../harness/wait-for.ts';
import { openStage, ownerIdOf, type Stage } from './stage.ts';

const [first, second] = await Promise.all([openStage(), openStage()]);
after(() => Promise.all([first.close(), second.close()]));
const resync = { fullIntervalSeconds: 900, markerIntervalSeconds: 5 };

/** A namespace with one Pod, and a policy that tags it on the firewall of the same name. */
async function onePod(stage: Stage, namespace: string, ip: string): Promise<void> {
  await stage.cluster.createNamespace(namespace);
  await stage.cluster.createPod({ namespace, name: 'web', ips: [ip] });
  const spec = { firewallNames: [namespace], tags: [{ template: 'web' }] };
  await stage.policy({ namespace, name: 'web' }, spec);
}

for (const { name, prefix } of [
  { name: 'same', prefix: 'k8s-prod.' },
  { name: 'inner', prefix: 'k8s-prod.eu.' },
  { name: 'outer', prefix: 'k8s-prod.' },
]) {
  const incumbent = name === 'outer' ? 'k8s-prod.eu.' : 'k8s-prod.';
  test(`of another cluster, with the ${name} prefix`, async () => {
    await using fw = await first.firewall({ name, tagPrefix: incumbent, foreignOn: [], spec: { resync } });
    const operator = await first.startOperator();
    await onePod(first, name, '10.1.0.1');
    await fw.holds({ '10.1.0.1': [`ns_${name}.web`] });
    const ours = `${incumbent}_owner.${await ownerIdOf(first.cluster)}`;
    assert.deepEqual(fw.marks(), [ours]);

    await second.reach(fw, { name, tagPrefix: prefix, spec: { resync } });
    const newcomer = await second.startOperator();
    await onePod(second, name, '10.1.0.2');
    const before = fw.messages().length;
    const { conditions = [] } = await second.says('PanFirewall', { name }, 'OwnershipConflict', 20_000);
    assert.ok(conditions.some(({ type }) => type === 'Stalled'));
    await second.says('PanTagPolicy', { namespace: name, name: 'web' }, 'OwnershipConflict');

    // The incumbent works on, through a full read and a look at its mark.
    await first.cluster.createPod({ namespace: name, name: 'more', ips: ['10.1.0.3'] });
    const exact = { '10.1.0.1': [`ns_${name}.web`], '10.1.0.3': [`ns_${name}.web`] };
    await fw.holds(exact);
    await first.says('PanFirewall', { name }, 'InSync');
    assert.equal(fw.messages().length, before + 1);
    assert.deepEqual(fw.marks(), [ours]);
    await Promise.all([operator.stop(), newcomer.stop()]);
  });
}

test('of another namespace of the same cluster', async () => {
  const { cluster, plane } = first;
  const name = 'shared';
  const namespace = 'other-operator';
  await using fw = await first.firewall({ name, foreignOn: [], spec: { resync } });
  const operator = await first.startOperator();
  await onePod(first, name, '10.2.0.1');
  const exact = { '10.2.0.1': [`ns_${name}.web`] };
  await fw.holds(exact);
  const before = fw.messages().length;

  await cluster.createNamespace(namespace);
  await cluster.createSecret({ namespace, name }, { ...fw.secret, 'ca.crt': fw.simulator.caPem });
  const newcomer = await first.startOperator({
    kubeconfig: await plane.kubeconfigFor({ token: plane.adminToken }),
    namespace,
  });
  const { before: ownership } = await newcomer.waitForLog(
    ({ msg, ownership }) => msg === 'table ownership changed' && ownership === 'shutOut',
    20_000,
  );
  assert.equal(ownership, 'unknown');
  await cluster.createPod({ namespace: name, name: 'more', ips: ['10.2.0.2'] });
  await fw.holds({ ...exact, '10.2.0.2': [`ns_${name}.web`] });
  await waitFor(() => newcomer.logs().some(({ msg }) => msg === 'table read'), {
    what: 'the newcomer to read',
  });
  assert.ok(newcomer.logs().every(({ msg }) => msg !== 'table updated' && msg !== 'ownership mark written'));
  assert.equal(fw.messages().length, before + 1);
  await Promise.all([operator.stop(), newcomer.stop()]);
});
