// Metrics of policies: a series each while it is there, and bounded whatever tenants create.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyMetrics } from '../../../src/operator/status/policy-metrics.ts';
import { createMetrics, type Metrics } from '../../../src/runtime/metrics.ts';

const statusOf = (status: 'True' | 'False', reason: string, pods = 1) => ({
  conditions: [{ type: 'Ready', status, reason }],
  pods,
});

function world(): { readonly metrics: Metrics; readonly policies: PolicyMetrics } {
  const metrics = createMetrics({ version: '0', revision: '0' });
  return { metrics, policies: new PolicyMetrics(metrics) };
}

async function lines(metrics: Metrics): Promise<readonly string[]> {
  return (await metrics.text()).split('\n').filter((line) => line.startsWith('pantag_polic'));
}

test('a policy has one series, with the reason of now, until it is gone', async () => {
  const { metrics, policies } = world();
  policies.tell('shop/web', { namespace: 'shop', name: 'web' }, statusOf('False', 'Progressing'));
  policies.tell('shop/web', { namespace: 'shop', name: 'web' }, statusOf('True', 'InSync', 3));
  policies.tell('/all', { namespace: undefined, name: 'all' }, statusOf('False', 'NotAdmitted', 0));
  assert.deepEqual(await lines(metrics), [
    'pantag_policy_ready{kind="PanTagPolicy",namespace="shop",name="web",reason="InSync"} 1',
    'pantag_policy_ready{kind="ClusterPanTagPolicy",name="all",reason="NotAdmitted"} 0',
    'pantag_policy_pods{kind="PanTagPolicy",namespace="shop",name="web"} 3',
    'pantag_policy_pods{kind="ClusterPanTagPolicy",name="all"} 0',
    'pantag_policies{kind="PanTagPolicy",reason="Progressing"} 0',
    'pantag_policies{kind="PanTagPolicy",reason="InSync"} 1',
    'pantag_policies{kind="ClusterPanTagPolicy",reason="NotAdmitted"} 1',
  ]);
  policies.forget('shop/web');
  policies.forget('/all');
  const left = await lines(metrics);
  assert.deepEqual(
    left.filter((line) => !line.endsWith(' 0')),
    [],
  );
  assert.deepEqual(
    left.filter((line) => line.includes('name=')),
    [],
  );
});

test('who leads no more tells nothing', async () => {
  const { metrics, policies } = world();
  policies.tell('shop/web', { namespace: 'shop', name: 'web' }, statusOf('True', 'InSync'));
  policies.clear();
  assert.deepEqual(await lines(metrics), []);
});

test('of more than 10,000 policies those that are not Ready are told, and all are counted', async () => {
  const { metrics, policies } = world();
  const tell = (i: number, status: 'True' | 'False') =>
    policies.tell(`shop/p${i}`, { namespace: 'shop', name: `p${i}` }, statusOf(status, 'Any'));
  for (let i = 0; i < 10_005; i += 1) tell(i, 'True');
  for (let i = 10_000; i < 10_005; i += 1) tell(i, 'False');
  const nameOf = ({ name }: Readonly<Record<string, string | number>>) => name;
  const shown = async () => (await metrics.policyReady.get()).values;
  assert.equal((await shown()).length, 10_000);
  const notReady = (await shown()).filter(({ value }) => value === 0).map(({ labels }) => nameOf(labels));
  assert.deepEqual(notReady, ['p10000', 'p10001', 'p10002', 'p10003', 'p10004']);
  assert.equal((await metrics.policies.get()).values[0]?.value, 10_005);
  for (let i = 100; i < 110; i += 1) policies.forget(`shop/p${i}`);
  assert.equal((await shown()).length, 9_995);
  assert.equal((await metrics.policyPods.get()).values.length, 9_995);
});
