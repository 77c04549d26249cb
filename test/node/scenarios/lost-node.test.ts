// The node's object is deleted with all Pods, the operator's own among them, and the node returns.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
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

test('a node that is deleted with its Pods and returns: nothing of the former Pods is left', async (t) => {
  await exact(60_000);
  await allAvailable(node);
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
