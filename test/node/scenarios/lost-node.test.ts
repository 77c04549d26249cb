// The node: its kubelet falls silent and returns, and its object is deleted with all Pods, the operator's own among them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../harness/wait-for.ts';
import { install } from '../installation.ts';
import { nodeName } from '../layout.ts';
import { openNode } from '../node.ts';
import { followed, podAddresses } from '../operator/followed-pods.ts';
import { allAvailable, operatorPods } from '../operator/operator-pods.ts';
import { controller } from '../workloads.ts';

const node = await openNode();
const operator = await install(node);
after(() => operator.uninstall());

const namespace = 'lost';
await operator.namespace(namespace);
const device = await operator.firewall({ name: 'fw-lost', foreignOn: [] });
await operator.policy(
  { namespace, name: 'all' },
  { firewallNames: ['fw-lost'], tags: [{ template: 'all' }] },
);
await operator.apply([controller('Deployment', { name: 'web', namespace }, { replicas: 4 })]);

/** The table is what the cluster says: four Pods. */
async function exact(timeoutMs: number): Promise<void> {
  await node.kubectl(['rollout', 'status', 'deployment/web', '-n', namespace, '--timeout=90s']);
  await followed({ node, device, namespace, count: 4, tags: ['ns_lost.all'], timeoutMs });
}

const podsReady = async (): Promise<string> =>
  node.kubectl([
    'get',
    'pods',
    '-n',
    namespace,
    '-o',
    'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}',
  ]);

test('a node that is NotReady keeps the tags of its Pods, and nothing is sent when it returns', async (t) => {
  await exact(60_000);
  await allAvailable(node);
  const before = device.owned();
  const sent = device.messages().length;
  await node.stopPart('kubelet');
  // The node's controller waits for its grace period of 50 s, and then marks the Pods.
  await waitFor(async () => (await podsReady()) === 'False False False False', {
    what: 'Pods marked not ready',
    timeoutMs: 150_000,
    intervalMs: 500,
  });
  await sleep(5_000);
  assert.deepEqual(device.owned(), before);
  const begun = performance.now();
  await node.startPart('kubelet');
  await waitFor(async () => (await podsReady()) === 'True True True True', {
    what: 'Pods ready again',
    timeoutMs: 90_000,
    intervalMs: 500,
  });
  t.diagnostic(`Pods ready ${((performance.now() - begun) / 1000).toFixed(1)} s after the kubelet's return`);
  await sleep(2_000);
  assert.deepEqual(device.owned(), before);
  assert.deepEqual(device.messages().slice(sent), []);
  await allAvailable(node);
});

test('a node that is deleted with its Pods and returns: nothing of the former Pods is left', async (t) => {
  const former = (await operatorPods(node)).map(({ name }) => name);
  const formerAddresses = await podAddresses(node, namespace);
  await node.stopPart('kubelet');
  await node.kubectl(['delete', 'node', nodeName]);
  // The garbage collector of Pods removes those of a node that is gone, after a while; others wait for a node.
  const gone = async (): Promise<boolean> => {
    const names = (await operatorPods(node)).map(({ name }) => name);
    return (
      names.every((name) => !former.includes(name)) && (await podAddresses(node, namespace)).length === 0
    );
  };
  const begun = performance.now();
  await waitFor(gone, { what: 'the Pods of the node to be gone', timeoutMs: 150_000, intervalMs: 1_000 });
  t.diagnostic(
    `Pods gone ${((performance.now() - begun) / 1000).toFixed(1)} s after the node; table: ${Object.keys(device.owned()).length} addresses`,
  );
  const returned = performance.now();
  await node.startPart('kubelet');
  await node.kubectl(['wait', '--for=create', `node/${nodeName}`, '--timeout=60s']);
  await node.kubectl(['wait', '--for=condition=Ready', `node/${nodeName}`, '--timeout=60s']);
  await allAvailable(node, 150);
  await exact(120_000);
  t.diagnostic(`exact ${((performance.now() - returned) / 1000).toFixed(1)} s after the kubelet's return`);
  const now = await podAddresses(node, namespace);
  const left = Object.keys(device.owned()).filter((ip) => formerAddresses.includes(ip) && !now.includes(ip));
  assert.deepEqual(left, []);
  device.checkForeign();
});
