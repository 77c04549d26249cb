// Namespaces that enforce Pod Security "restricted": the operator's own, and a tenant's.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { install } from '../installation.ts';
import { openNode } from '../node.ts';
import { controller } from '../workloads.ts';

const restricted = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};

const node = await openNode();
const operator = await install(node, { labels: restricted, values: { simulator: { enabled: true } } });
after(() => operator.uninstall());

test('operator, simulator and workload are admitted and run, and the Pods get their tags', async () => {
  const firewall = await operator.firewall({ name: 'fw-a', foreignOn: [] });
  await operator.namespace('shop', restricted);
  await operator.policy(
    { namespace: 'shop', name: 'web' },
    { firewallNames: ['fw-a'], tags: [{ template: 'web' }] },
  );
  await operator.apply([
    controller('Deployment', { name: 'web', namespace: 'shop', args: ['--port=8080'] }, { replicas: 3 }),
  ]);
  await node.kubectl(['rollout', 'status', 'deployment/web', '-n', 'shop', '--timeout=60s']);
  const path = 'jsonpath={.items[*].status.podIP}';
  const addresses = (await node.kubectl(['get', 'pods', '-n', 'shop', '-o', path])).split(' ');
  assert.equal(addresses.length, 3);
  await firewall.holds(Object.fromEntries(addresses.map((address) => [address, ['ns_shop.web']])));

  const events = await node.kubectl(['get', 'events', '-A', '-o', 'jsonpath={.items[*].message}']);
  assert.doesNotMatch(events, /violates PodSecurity/);
});
