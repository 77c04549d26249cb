// The node as scenarios use it: parts that stop and start, names, addresses, and containers that are killed.
import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import { after, test } from 'node:test';
import { connect } from '../../harness/cluster.ts';
import { waitFor } from '../../harness/wait-for.ts';
import { killSandbox, signalContainer } from '../containers.ts';
import { network } from '../layout.ts';
import { openNode } from '../node.ts';
import type { PartName } from '../parts.ts';
import { pod } from '../workloads.ts';

const node = await openNode();
const cluster = connect(node.access);
after(async () => {
  await node.kubectl(['delete', 'pods', '--all', '--wait', '--timeout=60s']);
  await cluster.close();
});

type Seen = {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status: {
    readonly podIP?: string;
    readonly containerStatuses?: readonly { readonly restartCount: number; readonly ready: boolean }[];
  };
};

const look = (name: string): Promise<Seen> => cluster.get<Seen>('Pod', { namespace: 'default', name });

async function run(name: string): Promise<Seen> {
  const manifest = pod({ name, namespace: 'default', args: ['--port=8080'] });
  await node.kubectl(['apply', '-f', '-'], { input: JSON.stringify(manifest) });
  await node.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s']);
  return look(name);
}

test('a Pod is reached by its address, and a killed container is started again', async () => {
  const { metadata, status } = await run('killed');
  assert.equal((await (await fetch(`http://${status.podIP}:8080/`)).text()).trim(), 'killed');
  await signalContainer(node, { namespace: 'default', name: 'killed' });
  const again = async (): Promise<boolean> => {
    const { status } = await look('killed');
    return status.containerStatuses?.some(({ restartCount, ready }) => restartCount === 1 && ready) ?? false;
  };
  await waitFor(again, { what: 'a restart', timeoutMs: 30_000 });
  await killSandbox(node, { namespace: 'default', name: 'killed' });
  const moved = async (): Promise<boolean> => {
    const now = await look('killed');
    assert.equal(now.metadata.uid, metadata.uid);
    return now.status.podIP !== undefined && now.status.podIP !== status.podIP;
  };
  await waitFor(moved, { what: 'another address', timeoutMs: 30_000 });
});

test('new Pods get addresses of the range that was set', async () => {
  await node.setPodRange({ first: '10.20.0.200', last: '10.20.0.203' });
  try {
    const inRange = async (): Promise<boolean> => {
      const { status } = await run(`ranged-${performance.now().toFixed(0)}`);
      return /^10\.20\.0\.20[0-3]$/.test(status.podIP ?? '');
    };
    await waitFor(inRange, { what: 'an address of the range', timeoutMs: 30_000 });
  } finally {
    await node.setPodRange();
  }
});

test('the DNS knows Services, and says of names what it is told to', async () => {
  const resolver = new Resolver({ timeout: 300, tries: 1 });
  resolver.setServers([network.node]);
  const api = 'kubernetes.default.svc.cluster.local';
  try {
    assert.deepEqual(await resolver.resolve4(api), [network.apiServerService]);
    await assert.rejects(resolver.resolve4('fw-a.example.net'), { code: 'ENOTFOUND' });
    await node.setDns({ answers: { 'fw-a.example.net': ['10.10.0.10', '10.10.0.11'] }, unknown: [api] });
    assert.deepEqual(await resolver.resolve4('fw-a.example.net'), ['10.10.0.10', '10.10.0.11']);
    await assert.rejects(resolver.resolve4(api), { code: 'ENOTFOUND' });
    await node.setDns({ silent: ['fw-a.example.net'], failing: [api] });
    await assert.rejects(resolver.resolve4('fw-a.example.net'), { code: 'ETIMEOUT' });
    await assert.rejects(resolver.resolve4(api), { code: 'ESERVFAIL' });
  } finally {
    await node.setDns({});
  }
  assert.deepEqual(await resolver.resolve4(api), [network.apiServerService]);
});

test('every part can be stopped and started, and Pods run again', async (t) => {
  const restart = async (part: PartName, signal: NodeJS.Signals): Promise<void> => {
    const begun = performance.now();
    await node.restart(part, signal);
    t.diagnostic(`${part} ended by ${signal} and started in ${(performance.now() - begun).toFixed(0)} ms`);
  };
  for (const part of ['kube-apiserver', 'etcd', 'kubelet', 'kube-controller-manager'] as const)
    await restart(part, 'SIGTERM');
  for (const part of ['kube-scheduler', 'kube-proxy', 'dns', 'containerd'] as const)
    await restart(part, 'SIGKILL');
  await run('after-restarts');
});
