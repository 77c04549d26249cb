// Starts that cannot go well: the operator is not ready, says why, and sends nothing; put right, it works without restart.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiFailure, type KubernetesObject } from '../harness/api-client.ts';
import { connect } from '../harness/cluster.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { waitFor } from '../harness/wait-for.ts';
import { ask, waitUntilNotReady, waitUntilReady } from './probes.ts';
import { openStage, operatorNamespace } from './stage.ts';

const stage = await openStage({ ownCluster: true });
after(() => stage.close());
const { cluster, plane } = stage;

// A device with work on it: a tag to register, and one that nobody deserves.
const fw = await stage.firewall({
  name: 'edge',
  foreignOn: ['10.1.0.1'],
  leftOver: { '10.1.0.9': ['ns_shop.web'] },
});
await cluster.createNamespace('shop');
await cluster.createPod({ namespace: 'shop', name: 'web-1', ips: ['10.1.0.1'] });
await stage.policy(
  { namespace: 'shop', name: 'web' },
  { firewallNames: ['edge'], tags: [{ template: 'web' }] },
);

/** The device has heard nothing, and no status was written. */
async function assertNothingDone(since: { readonly requests: number; readonly version: string | undefined }) {
  // Nothing tells that nothing will happen: this is time enough for a read and a message.
  await sleep(1_500);
  assert.deepEqual(await present(), since);
}

async function present() {
  const { metadata } = await cluster.get('PanFirewall', { name: 'edge' });
  return { requests: fw.simulator.log().length, version: metadata.resourceVersion };
}

test('without the right to list Pods', async (t) => {
  t.after(() => stage.applyFile('deploy/rbac.yaml'));
  const role = await cluster.get<KubernetesObject & { rules: { resources: string[] }[] }>('ClusterRole', {
    name: 'pan-tag-operator',
  });
  const rules = role.rules.map((rule) => ({
    ...rule,
    resources: rule.resources.filter((resource) => resource !== 'pods'),
  }));
  await cluster.patch('ClusterRole', { name: 'pan-tag-operator' }, { rules });
  const token = await cluster.serviceAccountToken(operatorNamespace, 'pan-tag-operator');
  await using own = connect(plane, token);
  const isRefused = () =>
    own.request('GET', '/api/v1/pods?limit=1').then(
      () => false,
      (error: unknown) => error instanceof ApiFailure && error.code === 403,
    );
  await waitFor(isRefused, { what: 'the loss of the right to take effect' });

  const before = await present();
  await using operator = await stage.startOperator();
  // Both in one answer: the kinds are listed side by side, and the refusal may be there before the lists.
  await waitUntilNotReady(
    operator,
    /^pods: Forbidden: grant the verbs list and watch on pods.*\nnamespaces: ok$/m,
  );
  assert.deepEqual(await ask(operator, '/healthz'), { ok: true, text: 'ok\n' });
  await assertNothingDone(before);
  await stage.applyFile('deploy/rbac.yaml');
  await waitUntilReady(operator, 30_000);
  await fw.holds({ '10.1.0.1': ['ns_shop.web'] });
});

test('without an API server', async () => {
  await using proxy = await startTcpProxy({ port: Number(new URL(plane.url).port) });
  proxy.refuse();
  await cluster.createPod({ namespace: 'shop', name: 'web-2', ips: ['10.1.0.2'] });
  const before = await present();
  await using operator = await stage.startOperator({ url: `https://127.0.0.1:${proxy.port}` });
  await waitUntilNotReady(operator, /^the API server does not answer: .*ECONNREFUSED/m);
  await assertNothingDone(before);
  await proxy.accept();
  await waitUntilReady(operator, 30_000);
  await fw.holds({ '10.1.0.1': ['ns_shop.web'], '10.1.0.2': ['ns_shop.web'] });
});

test('with CRDs that are older than it needs', async () => {
  const name = 'pantagpolicies.pantag.io';
  const annotations = { 'pantag.io/schema-revision': '0' };
  await cluster.patch('CustomResourceDefinition', { name }, { metadata: { annotations } });
  await cluster.createPod({ namespace: 'shop', name: 'web-3', ips: ['10.1.0.3'] });
  const before = await present();
  await using operator = await stage.startOperator();
  await waitUntilNotReady(
    operator,
    /^the CRD pantagpolicies\.pantag\.io has schema revision 0 and \d+ is needed/m,
  );
  await assertNothingDone(before);
  await cluster.applyCrds();
  await waitUntilReady(operator, 30_000);
  await fw.holds({ '10.1.0.1': ['ns_shop.web'], '10.1.0.2': ['ns_shop.web'], '10.1.0.3': ['ns_shop.web'] });
});
