// The chart's NetworkPolicy where it is enforced: what it allows is reached, and what it does not is refused, in both directions.
import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { after, test } from 'node:test';
import { waitFor } from '../../harness/wait-for.ts';
import { images } from '../images.ts';
import { install, operatorNamespace } from '../installation.ts';
import { network } from '../layout.ts';
import { openNode } from '../node.ts';
import { allAvailable, operatorPods, type OperatorPod } from '../operator/operator-pods.ts';
import { pod } from '../workloads.ts';

const node = await openNode();
const operator = await install(node, { values: { replicaCount: 1 } });
const host = 'fw-policy.example.net';
const otherAddress = '10.10.0.11';
const servers: Server[] = [];
after(async () => {
  await node.stopPart('kube-router');
  // Its rules outlive it; these chains lead to all others.
  const chains = ['INPUT', 'FORWARD', 'OUTPUT'].map((name) => `iptables -F KUBE-ROUTER-${name}`);
  await node.exec(['bash', '-c', `${chains.join('; ')} || true`]);
  for (const server of servers) server.close();
  await node.exec(['ip', 'address', 'flush', 'to', `${otherAddress}/32`]);
  await node.setDns({});
  await operator.uninstall();
});

async function listenAt(address: string, port: number): Promise<number> {
  const server = createServer((socket) => socket.end().on('error', () => undefined));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  return (server.address() as AddressInfo).port;
}

const [workloads, monitoring, strangers] = ['guarded', 'monitoring', 'strangers'] as const;
for (const name of [workloads, monitoring, strangers]) await operator.namespace(name);
await node.setDns({ answers: { [host]: [network.node] } });
const device = await operator.firewall({ name: 'fw-policy', foreignOn: [], names: [network.node, host] });
const devicePort = Number(new URL(device.simulator.endpoint).port);
const endpoint = `https://${host}:${devicePort}`;
await operator.cluster.patch('PanFirewall', { name: 'fw-policy' }, { spec: { endpoint } });
await operator.policy(
  { namespace: workloads, name: 'all' },
  { firewallNames: ['fw-policy'], tags: [{ labelKeys: ['step'] }] },
);

/** A Pod from which connections are tried: the operator's image has Node. */
const client = (namespace: string): object =>
  pod({
    name: 'client',
    namespace,
    container: {
      image: images.operator,
      command: ['/nodejs/bin/node', '--eval', 'setInterval(() => {}, 1000)'],
      resources: { limits: { memory: '128Mi' } },
    },
  });
const web = pod({ name: 'web', namespace: workloads, labels: { step: 'first' }, args: ['--port=8080'] });
await operator.apply([web, client(monitoring), client(strangers)]);
for (const [namespace, name] of [
  [workloads, 'web'],
  [monitoring, 'client'],
  [strangers, 'client'],
] as const)
  await node.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '-n', namespace, '--timeout=60s']);
const webAddress = await node.kubectl([
  'get',
  'pod',
  'web',
  '-n',
  workloads,
  '-o',
  'jsonpath={.status.podIP}',
]);

await node.exec(['ip', 'address', 'add', `${otherAddress}/32`, 'dev', 'eth0']);
const otherPort = await listenAt(network.node, 0);
await listenAt(otherAddress, devicePort);
await node.startPart('kube-router');

type Targets = Readonly<Record<string, readonly [address: string, port: number]>>;

/** Where to the operator's Pod connects. The other address is the node's too: API server and a listener are there. */
const targets: Targets = {
  'the API server by its Service': [network.apiServerService, 443],
  'the API server at its address': [network.node, network.apiServerPort],
  'the firewall': [network.node, devicePort],
  'another port of that address': [network.node, otherPort],
  'the API server at another address': [otherAddress, network.apiServerPort],
  'the firewall at another address': [otherAddress, devicePort],
  'a Pod': [webAddress, 8080],
};

/** Which of these a Pod connects to. */
async function connects(namespace: string, name: string, to: Targets): Promise<Record<string, boolean>> {
  const script = `
    const connects = ([host, port]) => new Promise((resolve) => {
      const socket = require('net').connect({ host, port });
      const end = (open) => { socket.destroy(); resolve(open); };
      socket.setTimeout(5000, () => end(false)).on('connect', () => end(true)).on('error', () => end(false));
    });
    const entries = Object.entries(${JSON.stringify(to)});
    Promise.all(entries.map(async ([what, address]) => [what, await connects(address)]))
      .then((found) => console.log(JSON.stringify(Object.fromEntries(found))));`;
  const program = ['/nodejs/bin/node', '--input-type=commonjs', '--eval', script];
  const output = await node.kubectl(['exec', '-n', namespace, name, '--', ...program]);
  return JSON.parse(output) as Record<string, boolean>;
}

async function onlyPod(): Promise<OperatorPod> {
  const look = async (): Promise<OperatorPod | undefined> => {
    const pods = await operatorPods(node);
    return pods.length === 1 && pods[0]?.isReady ? pods[0] : undefined;
  };
  return (await waitFor(look, { what: 'one Pod', timeoutMs: 60_000 })) ?? assert.fail();
}

type Ways = {
  readonly operator: Record<string, boolean>;
  readonly metrics: Record<string, boolean>;
};

/** All ways at once, in both directions. */
async function ways({ name, address }: OperatorPod): Promise<Ways> {
  const metrics: Targets = { metrics: [address, 8080] };
  const [out, allowed, other] = await Promise.all([
    connects(operatorNamespace, name, targets),
    connects(monitoring, 'client', metrics),
    connects(strangers, 'client', metrics),
  ]);
  return {
    operator: out,
    metrics: { [monitoring]: allowed['metrics'] === true, [strangers]: other['metrics'] === true },
  };
}

/** Rules follow Pods and policies after a moment. */
async function areOpen(expected: Ways): Promise<void> {
  const same = async (): Promise<boolean> => {
    assert.deepEqual(await ways(await onlyPod()), expected);
    return true;
  };
  await waitFor(same, { what: 'the ways that are open', timeoutMs: 60_000, intervalMs: 500 });
}

const everything: Ways = {
  operator: Object.fromEntries(Object.keys(targets).map((what) => [what, true])),
  metrics: { [monitoring]: true, [strangers]: true },
};

async function followed(step: string): Promise<void> {
  await operator.cluster.patch(
    'Pod',
    { namespace: workloads, name: 'web' },
    { metadata: { labels: { step } } },
  );
  await device.holds({ [webAddress]: [`ns_${workloads}.step.${step}`] }, { timeoutMs: 60_000 });
}

test('without the policy every way is open, beside a plugin that enforces policies', async () => {
  await areOpen(everything);
  await followed('open');
});

test('with the policy the operator starts, leads and is followed, and what the policy does not name is refused', async () => {
  const byName = { 'kubernetes.io/metadata.name': monitoring };
  await operator.upgrade({
    replicaCount: 1,
    networkPolicy: {
      enabled: true,
      deviceCIDRs: [`${network.node}/32`],
      devicePorts: [devicePort],
      apiServerCIDRs: [`${network.node}/32`],
      metricsFrom: [{ namespaceSelector: { matchLabels: byName } }],
    },
  });
  const guarded: Ways = {
    operator: {
      'the API server by its Service': true,
      'the API server at its address': true,
      'the firewall': true,
      'another port of that address': false,
      'the API server at another address': false,
      'the firewall at another address': false,
      'a Pod': false,
    },
    metrics: { [monitoring]: true, [strangers]: false },
  };
  await areOpen(guarded);
  // A Pod that has had no connection before: probes, Lease, watches, DNS and the firewall's session are all new.
  await node.kubectl(['delete', 'pod', (await onlyPod()).name, '-n', operatorNamespace]);
  await allAvailable(node);
  await areOpen(guarded);
  await followed('guarded');
  assert.equal((await onlyPod()).restarts, 0);
  device.checkForeign();
});

test('when the policy goes, every way is open again', async () => {
  await operator.upgrade({ replicaCount: 1 });
  await areOpen(everything);
});
