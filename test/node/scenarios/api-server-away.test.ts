// The API server and etcd restart, die, or are away for longer than the Lease, under churn: nothing is removed wrongly, then all is exact.
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { install } from '../installation.ts';
import { openNode } from '../node.ts';
import { followed, podAddresses } from '../operator/followed-pods.ts';
import { allAvailable, operatorPods } from '../operator/operator-pods.ts';
import { controller } from '../workloads.ts';

const node = await openNode();
const operator = await install(node);
after(async () => {
  await operator.uninstall();
});

const namespace = 'outages';
await operator.namespace(namespace);
const device = await operator.firewall({ name: 'fw-outages', foreignOn: [] });
await operator.policy(
  { namespace, name: 'all' },
  { firewallNames: ['fw-outages'], tags: [{ template: 'all' }] },
);
await operator.apply([
  controller('Deployment', { name: 'steady', namespace }, { replicas: 4 }),
  controller('Deployment', { name: 'churn', namespace }, { replicas: 4 }),
]);
await node.kubectl(['rollout', 'status', 'deployment/steady', '-n', namespace, '--timeout=60s']);

/** The table is what the cluster says: eight Pods. */
const exact = (timeoutMs: number): Promise<void> =>
  followed({ node, device, namespace, count: 8, tags: ['ns_outages.all'], timeoutMs });
await exact(60_000);

/** Every half a second a Pod of "churn" goes and another one comes. */
async function churn(ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    try {
      const names = await node.kubectl([
        'get',
        'pods',
        '-n',
        namespace,
        '-l',
        'app=churn',
        '-o',
        'name',
        '--request-timeout=2s',
      ]);
      const [first] = names.split('\n');
      if (first)
        await node.kubectl(['delete', first, '-n', namespace, '--wait=false', '--request-timeout=2s']);
    } catch {
      // There is no API server to ask.
    }
    await sleep(500);
  }
}

/** Runs the trouble under churn, and judges what was sent meanwhile and what stands in the end. */
async function through(t: TestContext, trouble: () => Promise<void>): Promise<void> {
  const steady = new Set(await podAddresses(node, namespace, 'app=steady'));
  const first = device.messages().length;
  const restarts = (await operatorPods(node)).map(({ name, restarts }) => ({ name, restarts }));
  const ended = new AbortController();
  const churning = churn(ended.signal);
  await sleep(2_000);
  await trouble();
  const back = performance.now();
  await sleep(2_000);
  ended.abort();
  await churning;
  await node.kubectl(['rollout', 'status', 'deployment/churn', '-n', namespace, '--timeout=90s']);
  await exact(90_000);
  const sent = device.messages().slice(first);
  t.diagnostic(
    `exact ${((performance.now() - back) / 1000).toFixed(1)} s after the API server was ready; ${sent.length} messages`,
  );
  const removed = sent.flatMap(({ unregister }) => unregister).filter(({ ip }) => steady.has(ip));
  assert.deepEqual(removed, [], 'a Pod that was there all the time lost its tags');
  await allAvailable(node);
  assert.deepEqual(
    (await operatorPods(node)).map(({ name, restarts }) => ({ name, restarts })),
    restarts,
  );
  device.checkForeign();
}

test('an API server that restarts', async (t) => {
  await through(t, () => node.restart('kube-apiserver'));
});

test('an API server that is killed and away for 10 s, longer than the Lease is renewed for', async (t) => {
  await through(t, async () => {
    await node.stopPart('kube-apiserver', 'SIGKILL');
    const sentBefore = device.messages().length;
    await sleep(8_000);
    const late = device.messages().length;
    t.diagnostic(`${late - sentBefore} messages in the first 8 s of its absence`);
    await sleep(2_000);
    assert.equal(device.messages().length, late, 'something was sent without a Lease');
    await node.startPart('kube-apiserver');
    await node.apiServerReady();
  });
});

test('an etcd that is killed and comes back', async (t) => {
  await through(t, () => node.restart('etcd', 'SIGKILL'));
});

test('an etcd that is away for 12 s, with the API server still answering', async (t) => {
  await through(t, async () => {
    await node.stopPart('etcd');
    await sleep(12_000);
    await node.startPart('etcd');
    await node.apiServerReady();
  });
});
