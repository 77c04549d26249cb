// The operator's own comings and goings under constant change: upgrade, rollback, drain, deaths of the leader, a clean stop.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PodRef } from '../../harness/pods.ts';
import { waitFor } from '../../harness/wait-for.ts';
import { signalContainer } from '../containers.ts';
import { install, operatorNamespace } from '../installation.ts';
import { nodeName } from '../layout.ts';
import { openNode } from '../node.ts';
import { allAvailable, leaderPod, operatorPods, type OperatorPod } from '../operator/operator-pods.ts';
import { describe, underTicker, type TickerOptions } from '../operator/ticker.ts';
import { controller, pod } from '../workloads.ts';

const node = await openNode();
const operator = await install(node);
after(() => operator.uninstall());

const namespace = 'turnover';
await operator.namespace(namespace);
const device = await operator.firewall({ name: 'fw-turnover', foreignOn: [] });
await operator.policy(
  { namespace, name: 'all' },
  { firewallNames: ['fw-turnover'], tags: [{ template: 'all' }, { labelKeys: ['tick'] }] },
);
await operator.apply([
  pod({ name: 'ticker', namespace, labels: { app: 'ticker', tick: 't0' } }),
  controller('Deployment', { name: 'steady', namespace }, { replicas: 4 }),
]);
await node.kubectl(['rollout', 'status', 'deployment/steady', '-n', namespace, '--timeout=60s']);
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
await waitFor(() => Object.keys(device.owned()).length === 5, { what: 'the five Pods', timeoutMs: 30_000 });
const ticked: TickerOptions = { cluster: operator.cluster, device, namespace, name: 'ticker', address };

const podRef = ({ name }: OperatorPod): PodRef => ({ namespace: operatorNamespace, name });

/** Two available replicas, one of which leads. */
async function ready(): Promise<{ readonly leader: OperatorPod; readonly standby: OperatorPod }> {
  await allAvailable(node);
  const leader =
    (await waitFor(() => leaderPod(node), { what: 'a leader', timeoutMs: 30_000 })) ?? assert.fail();
  const others = (await operatorPods(node)).filter(({ name }) => name !== leader.name);
  assert.equal(others.length, 1);
  return { leader, standby: others[0] ?? assert.fail() };
}

/** Another Pod than this one leads. */
async function successor(former: OperatorPod): Promise<void> {
  const look = async (): Promise<boolean> => ((await leaderPod(node))?.name ?? former.name) !== former.name;
  await waitFor(look, { what: `a leader after ${former.name}`, timeoutMs: 40_000, intervalMs: 200 });
}

test('an upgrade sends nothing but the changes, and hardly delays them', async (t) => {
  await ready();
  const result = await underTicker(ticked, () => operator.upgrade({ log: { level: 'debug' } }));
  t.diagnostic(`helm upgrade: ${describe(result)}`);
  assert.ok(result.longestWaitMs < 5_000, describe(result));
});

test('a rollback sends nothing but the changes, and hardly delays them', async (t) => {
  await ready();
  const rollback = `helm rollback pan-tag-operator --namespace ${operatorNamespace} --wait --timeout 2m`;
  const result = await underTicker(ticked, async () => {
    await node.shell(rollback);
  });
  t.diagnostic(`helm rollback: ${describe(result)}`);
  assert.ok(result.longestWaitMs < 5_000, describe(result));
});

test('a drain evicts one replica, is refused the other one, and goes on when its successor is ready', async (t) => {
  const { leader, standby } = await ready();
  const selector = '--pod-selector=app.kubernetes.io/name=pan-tag-operator';
  const drain = ['drain', nodeName, selector, '--ignore-daemonsets', '--timeout=20s'];
  const result = await underTicker(ticked, async () => {
    // Nobody else can take the Pods: what the budget protects stays.
    await assert.rejects(node.kubectl(drain), /violate the pod's disruption budget/);
    const left = await operatorPods(node);
    assert.equal(left.filter(({ isReady }) => isReady).length, 1);
    await node.kubectl(['uncordon', nodeName]);
    await allAvailable(node);
    // Now there is one to spare.
    const kept = left.find(({ isReady }) => isReady) ?? assert.fail();
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: kept.name, namespace: operatorNamespace },
    };
    const path = `/api/v1/namespaces/${operatorNamespace}/pods/${kept.name}/eviction`;
    await operator.cluster.request('POST', path, eviction);
    await allAvailable(node);
  });
  const names = (await operatorPods(node)).map(({ name }) => name);
  assert.ok(!names.includes(leader.name) && !names.includes(standby.name));
  t.diagnostic(`drain, both replicas replaced: ${describe(result)}`);
  assert.ok(result.longestWaitMs < 5_000, describe(result));
});

test('a clean stop of the leader takes seconds, and the other one leads at once', async (t) => {
  const { leader } = await ready();
  let stopMs = 0;
  const result = await underTicker(ticked, async () => {
    const begun = performance.now();
    await node.kubectl(['delete', 'pod', leader.name, '-n', operatorNamespace, '--timeout=40s']);
    stopMs = performance.now() - begun;
    await successor(leader);
  });
  t.diagnostic(`leader's Pod deleted: gone after ${(stopMs / 1000).toFixed(1)} s; ${describe(result)}`);
  assert.ok(stopMs < 28_000, `${stopMs} ms`);
  assert.ok(result.longestWaitMs < 5_000, describe(result));
});

test('a stop while the firewall does not answer stays within the grace period, and hands over', async (t) => {
  const { leader } = await ready();
  device.simulator.inject({ fault: 'hang', on: 'message', count: 1, applies: true });
  await operator.cluster.patch(
    'Pod',
    { namespace, name: 'ticker' },
    { metadata: { labels: { tick: 'hung' } } },
  );
  await waitFor(() => device.messages().some(({ fault }) => fault === 'hang'), {
    what: 'the hung message',
  }).catch(() => undefined);
  const follow = node.kubectl(['logs', '--follow', '--tail=0', leader.name, '-n', operatorNamespace]);
  await sleep(500);
  const begun = performance.now();
  await node.kubectl(['delete', 'pod', leader.name, '-n', operatorNamespace, '--timeout=60s']);
  const stopMs = performance.now() - begun;
  const log = await follow;
  t.diagnostic(`leader's Pod deleted under a hung message: gone after ${(stopMs / 1000).toFixed(1)} s`);
  assert.match(log, /"msg":"stopped"/, log.slice(-2_000));
  assert.ok(stopMs < 28_000, `${stopMs} ms`);
  await successor(leader);
  device.simulator.clearFaults();
  await device.holds(
    { ...device.owned(), [address]: ['ns_turnover.all', 'ns_turnover.tick.hung'] },
    { timeoutMs: 60_000 },
  );
});

test('after SIGKILL of the leader another one leads within its Lease, and the kubelet brings the first one back', async (t) => {
  const { leader } = await ready();
  const result = await underTicker(ticked, async () => {
    await signalContainer(node, podRef(leader), 'SIGKILL');
    await sleep(15_000);
    await allAvailable(node);
  });
  const restarted = (await operatorPods(node)).find(({ name }) => name === leader.name);
  assert.equal(restarted?.restarts, leader.restarts + 1);
  t.diagnostic(`leader killed: ${describe(result)}`);
  assert.ok(result.longestWaitMs < 20_000, describe(result));
});

test('a leader that is paused and goes on finds that another one leads, and sends nothing older', async (t) => {
  const { leader } = await ready();
  const result = await underTicker(ticked, async () => {
    await signalContainer(node, podRef(leader), 'SIGSTOP');
    await successor(leader);
    await sleep(3_000);
    await signalContainer(node, podRef(leader), 'SIGCONT');
    await sleep(5_000);
    await allAvailable(node);
  });
  t.diagnostic(`leader paused: ${describe(result)}`);
  assert.ok(result.longestWaitMs < 20_000, describe(result));
});

test('the death of the standby is not felt at the firewall', async (t) => {
  const { standby } = await ready();
  const result = await underTicker(ticked, async () => {
    await signalContainer(node, podRef(standby), 'SIGKILL');
    await sleep(3_000);
    await allAvailable(node);
  });
  t.diagnostic(`standby killed: ${describe(result)}`);
  assert.ok(result.longestWaitMs < 5_000, describe(result));
  device.checkForeign();
});
