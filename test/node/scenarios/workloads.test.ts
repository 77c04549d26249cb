// Workloads of every kind on a real kubelet: at the end of each the firewall's table is what the API server says of their Pods.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { waitFor } from '../../harness/wait-for.ts';
import { figuresOf, firewallName, follow, percentile } from '../following/follow.ts';
import { ownAddresses, type Pod } from '../following/pod-watch.ts';
import { killSandbox, signalContainer } from '../containers.ts';
import { install } from '../installation.ts';
import { network } from '../layout.ts';
import { openNode } from '../node.ts';
import { controller, pod, podTemplate, workloadContainer, type WorkloadOptions } from '../workloads.ts';

const namespace = 'workloads';
const node = await openNode();
const operator = await install(node, { values: { replicaCount: 2 } });
after(() => operator.uninstall());
const following = await follow({ node, operator, namespace });
after(() => following[Symbol.asyncDispose]());
const { firewall, agrees } = following;

const kubectl = (...args: string[]): Promise<string> => node.kubectl(['-n', namespace, ...args]);
const remove = (...args: string[]): Promise<string> => kubectl('delete', '--timeout=60s', ...args);
const rolledOut = (name: string): Promise<string> => kubectl('rollout', 'status', name, '--timeout=90s');
const options = (name: string, more: Partial<WorkloadOptions> = {}): WorkloadOptions => ({
  name,
  namespace,
  ...more,
});

type Container = {
  readonly restartCount: number;
  readonly lastState?: { readonly terminated?: { readonly reason?: string } };
  readonly state?: { readonly terminated?: { readonly reason?: string } };
};
type RunPod = Pod & {
  readonly status: {
    readonly containerStatuses?: readonly Container[];
  };
};

const podOf = (name: string): Promise<RunPod> => operator.cluster.get<RunPod>('Pod', { namespace, name });

/** The Pod, once it is as it should be. */
function podWhen(name: string, what: string, isSo: (pod: RunPod) => boolean): Promise<RunPod> {
  const look = async (): Promise<RunPod | undefined> => {
    const seen = await podOf(name);
    return isSo(seen) ? seen : undefined;
  };
  return waitFor(look, { what: `${name}: ${what}`, timeoutMs: 120_000, intervalMs: 200 });
}

const hasAddress = (pod: Pod): boolean => ownAddresses(pod).length > 0;
const runs = (pod: RunPod): boolean => pod.status.phase === 'Running' && hasAddress(pod);

async function addressOf(name: string): Promise<string> {
  const [ip = ''] = ownAddresses(await podWhen(name, 'an address', hasAddress));
  return ip;
}

/** Tags of Pods that a message has moved at this address: '+web-1', '-web-1', in their order. */
function movesAt(ip: string): readonly string[] {
  return firewall.messages().flatMap(({ register, unregister }) => {
    const named = (sign: string, pairs: typeof register): readonly string[] =>
      pairs.filter((pair) => pair.ip === ip).map(({ tag }) => sign + tag.replace(/^.*\.pod\./, ''));
    return [...named('-', unregister), ...named('+', register)];
  });
}

test('a Deployment: rolled out, scaled up and down, restarted, deleted', async () => {
  await operator.apply([controller('Deployment', options('web'), { replicas: 3 })]);
  await rolledOut('deployment/web');
  assert.equal(Object.keys(await agrees()).length, 3);
  await kubectl('scale', 'deployment/web', '--replicas=6');
  await rolledOut('deployment/web');
  const before = await agrees();
  assert.equal(Object.keys(before).length, 6);
  await kubectl('rollout', 'restart', 'deployment/web');
  await rolledOut('deployment/web');
  const former = new Set(Object.values(before).flat());
  const afterwards = async (): Promise<boolean> => {
    const tags = Object.values(await agrees()).flat();
    return tags.every((tag) => !former.has(tag));
  };
  await waitFor(afterwards, { what: 'the former Pods to be gone', timeoutMs: 60_000 });
  await kubectl('scale', 'deployment/web', '--replicas=1');
  const one = async (): Promise<boolean> => Object.keys(await agrees()).length === 1;
  await waitFor(one, { what: 'one Pod to be left', timeoutMs: 60_000 });
  await remove('deployment/web', '--cascade=foreground');
  assert.deepEqual(await agrees(), {});
});

test('a StatefulSet: the same name with another address', async () => {
  await operator.apply([
    controller('StatefulSet', options('db'), { replicas: 2, podManagementPolicy: 'Parallel' }),
  ]);
  await rolledOut('statefulset/db');
  const first = await podWhen('db-0', 'to run', runs);
  await agrees();
  await remove('pod/db-0');
  const second = await podWhen(
    'db-0',
    'another one',
    (pod) => pod.metadata.uid !== first.metadata.uid && runs(pod),
  );
  assert.notDeepEqual(ownAddresses(second), ownAddresses(first));
  const held = await agrees();
  assert.deepEqual(held[ownAddresses(second)[0] ?? ''], [`ns_${namespace}.pod.db-0`]);
  assert.equal(held[ownAddresses(first)[0] ?? ''], undefined);
  await remove('statefulset/db', '--cascade=foreground');
  assert.deepEqual(await agrees(), {});
});

test('a Job: its Pods leave the table as they complete, while their objects stay', async () => {
  const template = podTemplate(
    options('work', { args: ['--exit-after=2s'], pod: { restartPolicy: 'Never' } }),
  );
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'work', namespace } };
  await operator.apply([{ ...job, spec: { completions: 4, parallelism: 2, template } }]);
  await kubectl('wait', '--for=condition=Complete', 'job/work', '--timeout=120s');
  const done = await following.pods();
  assert.deepEqual(
    done.map(({ status }) => status.phase),
    ['Succeeded', 'Succeeded', 'Succeeded', 'Succeeded'],
  );
  assert.deepEqual(await agrees(), {});
  for (const { metadata, status } of done)
    for (const { ip } of status.podIPs ?? [])
      assert.deepEqual(
        movesAt(ip).filter((move) => move.endsWith(metadata.name)),
        [`+${metadata.name}`, `-${metadata.name}`],
      );
  await remove('job/work', '--cascade=foreground');
});

test('a DaemonSet, restarted, beside one in the network of its host', async () => {
  const agent = controller('DaemonSet', options('agent'));
  await operator.apply([agent, controller('DaemonSet', options('host', { pod: { hostNetwork: true } }))]);
  await rolledOut('daemonset/agent');
  await rolledOut('daemonset/host');
  assert.equal(Object.keys(await agrees()).length, 1);
  await kubectl('rollout', 'restart', 'daemonset/agent');
  await rolledOut('daemonset/agent');
  assert.equal(Object.keys(await agrees()).length, 1);
  assert.deepEqual(movesAt(network.node), []);
  const counted = async (): Promise<boolean> => {
    const { status } = await operator.cluster.get('PanTagPolicy', { namespace, name: 'each' });
    const { skipped = [] } = status as { readonly skipped?: readonly { reason: string; count: number }[] };
    return skipped.some(({ reason, count }) => reason === 'HostNetwork' && count === 1);
  };
  await waitFor(counted, { what: 'HostNetwork under skipped', timeoutMs: 20_000 });
  await remove('daemonset/agent', 'daemonset/host', '--cascade=foreground');
  assert.deepEqual(await agrees(), {});
});

test('an address counts from when it is known, while init containers still run', async () => {
  const initContainers = [workloadContainer('first')];
  await operator.apply([pod(options('slow-start', { pod: { initContainers } }))]);
  const ip = await addressOf('slow-start');
  assert.deepEqual(Object.keys(await agrees()), [ip]);
  const waiting = await podOf('slow-start');
  assert.equal(waiting.status.phase, 'Pending');
  await signalContainer(node, { namespace, name: 'slow-start', container: 'first' }, 'SIGTERM');
  await podWhen('slow-start', 'to run', runs);
  assert.deepEqual(Object.keys(await agrees()), [ip]);
  assert.deepEqual(movesAt(ip).slice(-1), ['+slow-start']);
  await remove('pod/slow-start');
  assert.deepEqual(await agrees(), {});
});

test('a crash loop changes nothing, and one that may not restart leaves', async () => {
  const args = ['--exit-after=500ms', '--code=1'];
  await operator.apply([
    pod(options('loops', { args })),
    pod(options('fails', { args: ['--exit-after=5s', '--code=1'], pod: { restartPolicy: 'Never' } })),
  ]);
  const [ip, other] = [await addressOf('loops'), await addressOf('fails')];
  await podWhen(
    'loops',
    'three starts',
    ({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) >= 2,
  );
  await podWhen('fails', 'to fail', ({ status }) => status.phase === 'Failed');
  assert.deepEqual(Object.keys(await agrees()), [ip]);
  assert.deepEqual(
    movesAt(ip).filter((move) => move.endsWith('loops')),
    ['+loops'],
  );
  assert.deepEqual(
    movesAt(other).filter((move) => move.endsWith('fails')),
    ['+fails', '-fails'],
  );
  await remove('pod/loops', 'pod/fails');
  assert.deepEqual(await agrees(), {});
});

test('a container killed for its memory keeps the address while its Pod lives on', async () => {
  const hungry = { args: ['--memory=64'] };
  await operator.apply([
    pod(options('hungry', hungry)),
    pod(options('hungry-once', { ...hungry, pod: { restartPolicy: 'Never' } })),
  ]);
  const isKilled = ({ status }: RunPod): boolean => {
    const [container] = status.containerStatuses ?? [];
    const { terminated = container?.lastState?.terminated } = container?.state ?? {};
    return terminated?.reason === 'OOMKilled';
  };
  await podWhen('hungry', 'to be killed', (pod) => isKilled(pod) && hasAddress(pod));
  await podWhen('hungry-once', 'to fail', (pod) => isKilled(pod) && pod.status.phase === 'Failed');
  const ip = await addressOf('hungry');
  assert.deepEqual(Object.keys(await agrees()), [ip]);
  assert.deepEqual(
    movesAt(ip).filter((move) => move.endsWith('hungry')),
    ['+hungry'],
  );
  await remove('pod/hungry', 'pod/hungry-once');
  assert.deepEqual(await agrees(), {});
});

test('evicted by the API', async () => {
  await operator.apply([pod(options('asked', { args: ['--port=8080'] }))]);
  const asked = await addressOf('asked');
  await operator.cluster.request('POST', `/api/v1/namespaces/${namespace}/pods/asked/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: 'asked', namespace },
  });
  await kubectl('wait', '--for=delete', 'pod/asked', '--timeout=60s');
  assert.deepEqual(await agrees(), {});
  assert.deepEqual(movesAt(asked).slice(-2), ['+asked', '-asked']);
});

test('deleted by force: the tag goes with the object, though its container ignores every word', async () => {
  await operator.apply([pod(options('stubborn', { args: ['--stubborn'] }))]);
  const running = await podWhen('stubborn', 'to run', runs);
  await agrees();
  await remove('pod/stubborn', '--force', '--grace-period=0');
  assert.deepEqual(await agrees(), {});
  assert.deepEqual(movesAt(ownAddresses(running)[0] ?? '').slice(-1), ['-stubborn']);
});

test('a Pod whose sandbox is killed is followed to its next address', async () => {
  await operator.apply([pod(options('shaken', { args: ['--port=8080'] }))]);
  const first = await podWhen('shaken', 'to run', runs);
  await agrees();
  await killSandbox(node, { namespace, name: 'shaken' });
  const [former = ''] = ownAddresses(first);
  const moved = (pod: RunPod): boolean => runs(pod) && !ownAddresses(pod).includes(former);
  const second = await podWhen('shaken', 'another address', moved);
  assert.equal(second.metadata.uid, first.metadata.uid);
  assert.deepEqual(Object.keys(await agrees()), ownAddresses(second));
  await remove('pod/shaken');
  assert.deepEqual(await agrees(), {});
});

test("in all of it no address carried two Pods' tags, nothing was held, and nothing was late", async (t) => {
  const { status } = await operator.cluster.get('PanFirewall', { name: firewallName });
  const { tables = [] } = status as {
    readonly tables?: readonly { state: string; held?: readonly object[] }[];
  };
  assert.deepEqual(
    tables.map(({ state, held = [] }) => ({ state, held })),
    [{ state: 'InSync', held: [] }],
  );
  const judgement = following.judgement();
  for (const figure of figuresOf(judgement)) t.diagnostic(figure);
  assert.deepEqual(judgement.faults, []);
  assert.ok(percentile(judgement.registered, 0.99) < 2_000, 'late registrations');
  assert.ok(percentile(judgement.unregistered, 0.99) < 2_000, 'late removals');
});
