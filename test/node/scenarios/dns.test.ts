// The cluster's DNS is silent, fails, knows nothing, or lies: the firewall is left as it is and said to be away, and nobody else waits.
import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { after, test } from 'node:test';
import { issue } from '../../harness/pki.ts';
import { waitFor } from '../../harness/wait-for.ts';
import type { Device } from '../../scenarios/device.ts';
import { install, operatorNamespace } from '../installation.ts';
import { network } from '../layout.ts';
import { openNode, type DnsRules } from '../node.ts';
import { pod } from '../workloads.ts';

const node = await openNode();
const operator = await install(node, { values: { replicaCount: 1 } });
const liarAddress = '10.10.0.11';
after(async () => {
  await node.setDns({});
  await node.exec(['ip', 'address', 'flush', 'to', `${liarAddress}/32`]);
  await operator.uninstall();
});

const namespace = 'names';
const host = 'fw-named.example.net';
const truth: DnsRules = { answers: { [host]: [network.node] } };
await node.setDns(truth);
await operator.namespace(namespace);
const near = await operator.firewall({ name: 'fw-near', foreignOn: [] });
const named = await operator.firewall({ name: 'fw-named', foreignOn: [], names: [network.node, host] });
const { port } = new URL(named.simulator.endpoint);
await operator.cluster.patch(
  'PanFirewall',
  { name: 'fw-named' },
  { spec: { endpoint: `https://${host}:${port}` } },
);
await operator.policy(
  { namespace, name: 'all' },
  { firewallNames: ['fw-near', 'fw-named'], tags: [{ labelKeys: ['step'] }] },
);
await operator.apply([pod({ name: 'web', namespace, labels: { step: 'first' } })]);
await node.kubectl(['wait', '--for=condition=Ready', 'pod/web', '-n', namespace, '--timeout=60s']);
const address = await node.kubectl(['get', 'pod', 'web', '-n', namespace, '-o', 'jsonpath={.status.podIP}']);

type Condition = {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
};

async function readyCondition(name: string): Promise<Condition | undefined> {
  const { status } = await operator.cluster.get<{
    readonly status?: { readonly conditions?: readonly Condition[] };
  }>('PanFirewall', { name });
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

const holds = (device: Device, step: string, timeoutMs = 60_000): Promise<void> =>
  device.holds({ [address]: [`ns_${namespace}.step.${step}`] }, { timeoutMs });

/** Cuts the connections to the named firewall under these rules; resolves when its condition says so, and the near one has the step. */
async function cutOff(rules: DnsRules, step: string, message: RegExp): Promise<Condition> {
  await node.setDns(rules);
  named.simulator.inject({ fault: 'reset', on: 'any' });
  await operator.cluster.patch('Pod', { namespace, name: 'web' }, { metadata: { labels: { step } } });
  await holds(near, step, 10_000);
  const look = async (): Promise<Condition | undefined> => {
    const condition = await readyCondition('fw-named');
    assert.match(condition?.message ?? '', message);
    return condition;
  };
  return (
    (await waitFor(look, { what: 'the condition', timeoutMs: 60_000, intervalMs: 200 })) ?? assert.fail()
  );
}

/** @param former what it held before, which it still does. */
async function comesBack(former: string, step: string): Promise<number> {
  named.simulator.clearFaults();
  assert.deepEqual(named.owned(), { [address]: [`ns_${namespace}.step.${former}`] });
  const begun = performance.now();
  await node.setDns(truth);
  await holds(named, step);
  return performance.now() - begun;
}

test('a firewall that is reached by its name is followed', async () => {
  await holds(near, 'first');
  await holds(named, 'first');
});

const troubles = [
  {
    what: 'is silent',
    step: 'silent',
    rules: { silent: ['*'] },
    message: /could not be resolved in|EAI_AGAIN|DNS/,
  },
  { what: 'fails', step: 'failing', rules: { failing: ['*'] }, message: /EAI_AGAIN|DNS|resolve/ },
  { what: 'does not know the name', step: 'unknown', rules: {}, message: /ENOTFOUND|DNS|resolve/ },
] as const;
let former = 'first';
for (const { what, step, rules, message } of troubles)
  test(`while the DNS ${what}, the table stays and the others are followed; then it is exact`, async (t) => {
    const condition = await cutOff(rules, step, message);
    assert.equal(condition.reason, 'DeviceUnavailable');
    t.diagnostic(`DNS that ${what}: ${condition.message}`);
    t.diagnostic(
      `exact ${((await comesBack(former, step)) / 1000).toFixed(1)} s after the DNS answers again`,
    );
    former = step;
  });

test('where the DNS lies, the other server is told nothing, and the truth is followed again', async (t) => {
  await node.exec(['ip', 'address', 'add', `${liarAddress}/32`, 'dev', 'eth0']);
  // It has the name, of an authority that nobody trusts.
  const { cert, key } = issue({ name: host, alternatives: [host] });
  let [connections, requests] = [0, 0];
  const liar = createServer({ cert, key }, (_, response) => {
    requests += 1;
    response.end();
  });
  liar.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => liar.listen(Number(port), liarAddress, resolve));
  try {
    const condition = await cutOff({ answers: { [host]: [liarAddress] } }, 'lied', /certificate/i);
    t.diagnostic(`DNS that lies: ${condition.reason}: ${condition.message}`);
    assert.ok(connections > 0);
    assert.equal(requests, 0, 'the impostor was sent a request');
  } finally {
    liar.closeAllConnections();
    await new Promise((resolve) => liar.close(resolve));
  }
  t.diagnostic(
    `exact ${((await comesBack(former, 'lied')) / 1000).toFixed(1)} s after the DNS tells the truth`,
  );
  near.checkForeign();
  named.checkForeign();
});

test('a firewall is reached although 16 others have names that the DNS leaves without an answer', async (t) => {
  const silent = Array.from({ length: 16 }, (_, n) => `fw-silent-${n}.example.net`);
  const last = 'fw-last.example.net';
  await node.setDns({ answers: { [host]: [network.node], [last]: [network.node] }, silent });
  const { spec } = await operator.cluster.get<{ readonly spec: object }>('PanFirewall', { name: 'fw-named' });
  for (const [n, name] of silent.entries())
    await operator.cluster.create('PanFirewall', {
      metadata: { name: `fw-silent-${n}` },
      spec: { ...spec, endpoint: `https://${name}`, tagPrefix: `k8s-silent-${n}.` },
    });
  const begun = performance.now();
  const device = await operator.firewall({ name: 'fw-last', foreignOn: [], names: [network.node, last] });
  const endpoint = `https://${last}:${new URL(device.simulator.endpoint).port}`;
  await operator.cluster.patch('PanFirewall', { name: 'fw-last' }, { spec: { endpoint } });
  device.simulator.inject({ fault: 'reset', on: 'any', count: 1 });
  await operator.policy(
    { namespace, name: 'last' },
    { firewallNames: ['fw-last'], tags: [{ template: 'last' }] },
  );
  // With libuv's own two threads for lookups the silent names alone, 10 s each, take 80 s.
  await device.holds({ [address]: [`ns_${namespace}.last`] }, { timeoutMs: 45_000 });
  t.diagnostic(
    `a new firewall beside 16 unanswered names: ${((performance.now() - begun) / 1000).toFixed(1)} s`,
  );
  assert.ok((await node.kubectl(['get', 'pods', '-n', operatorNamespace])).includes('1/1'));
});
