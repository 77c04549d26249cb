// The operator's own token: it lives 600 s, is revoked while watches run, and is read anew when the kubelet has renewed it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../harness/wait-for.ts';
import { install, operatorNamespace } from '../installation.ts';
import { openNode } from '../node.ts';
import { allAvailable, ask, evaluateIn, operatorPods, type OperatorPod } from '../operator/operator-pods.ts';
import { describe, underTicker } from '../operator/ticker.ts';
import { pod } from '../workloads.ts';

const node = await openNode();
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The shortest that the API server gives. */
const lifetimeSeconds = 600;
const sources = [
  { serviceAccountToken: { path: 'token', expirationSeconds: lifetimeSeconds } },
  { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
];
const operator = await install(node, {
  values: {
    replicaCount: 1,
    extraVolumes: [{ name: 'short-token', projected: { sources } }],
    extraVolumeMounts: [{ name: 'short-token', mountPath, readOnly: true }],
  },
});
after(() => operator.uninstall());

const namespace = 'tokens';
await operator.namespace(namespace);
const device = await operator.firewall({ name: 'fw-tokens', foreignOn: [] });
await operator.policy(
  { namespace, name: 'all' },
  { firewallNames: ['fw-tokens'], tags: [{ template: 'all' }, { labelKeys: ['tick'] }] },
);
await operator.apply([pod({ name: 'ticker', namespace, labels: { tick: 't0' } })]);
await node.kubectl(['wait', '--for=condition=Ready', 'pod/ticker', '-n', namespace, '--timeout=60s']);
const address = await node.kubectl([
  'get',
  'pod',
  'ticker',
  '-n',
  namespace,
  '-o',
  'jsonpath={.status.podIP}',
]);
await device.holds({ [address]: ['ns_tokens.all', 'ns_tokens.tick.t0'] }, { timeoutMs: 30_000 });

async function onlyPod(): Promise<OperatorPod> {
  const [only] = await operatorPods(node);
  return only ?? assert.fail('no Pod of the operator');
}

/** Seconds since the epoch: from when to when its token says that it is good. */
async function tokenTimes(): Promise<{ readonly iat: number; readonly exp: number }> {
  const script = `console.log(Buffer.from(fs.readFileSync('${mountPath}/token','utf8').split('.')[1],'base64url').toString())`;
  return JSON.parse(await evaluateIn(node, await onlyPod(), [], script));
}

test('a token of 600 s is the one that it uses', async () => {
  const { iat, exp } = await tokenTimes();
  assert.equal(exp - iat, lifetimeSeconds);
});

test('a revoked token is told, nothing is removed, and the renewed one is taken without a restart', async (t) => {
  await allAvailable(node);
  const before = device.owned();
  const account = JSON.parse(
    await node.kubectl(['get', 'serviceaccount', 'pan-tag-operator', '-n', operatorNamespace, '-o', 'json']),
  ) as { readonly metadata: { readonly labels: object; readonly annotations: object } };
  await node.kubectl(['delete', 'serviceaccount', 'pan-tag-operator', '-n', operatorNamespace]);
  const { labels, annotations } = account.metadata;
  const metadata = { name: 'pan-tag-operator', namespace: operatorNamespace, labels, annotations };
  await operator.apply([{ apiVersion: 'v1', kind: 'ServiceAccount', metadata }]);
  const begun = performance.now();
  const told = async (): Promise<boolean> => {
    const { ok, text } = await ask(await onlyPod(), '/readyz');
    assert.match(text, /401|nauthorized|credentials|token/);
    return !ok;
  };
  await waitFor(told, { what: 'the refused token in /readyz', timeoutMs: 90_000, intervalMs: 500 });
  t.diagnostic(`refused token told by /readyz after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  await sleep(5_000);
  assert.deepEqual(device.owned(), before);
  // The kubelet forgets the tokens that it holds, and asks for one of the new ServiceAccount.
  await node.restart('kubelet');
  const again = performance.now();
  await allAvailable(node, 150);
  t.diagnostic(`ready ${((performance.now() - again) / 1000).toFixed(1)} s after the kubelet's restart`);
  const result = await underTicker(
    { cluster: operator.cluster, device, namespace, name: 'ticker', address, perSecond: 5 },
    () => sleep(1_000),
  );
  t.diagnostic(describe(result));
  assert.equal((await onlyPod()).restarts, 0);
});
