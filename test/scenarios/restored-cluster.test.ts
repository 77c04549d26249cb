// An API server that comes back from an older backup, or empty: the firewall is not emptied, and nobody's word is needed
// where everything comes back.
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { waitFor } from '../harness/wait-for.ts';
import { waitUntilNotReady, waitUntilReady } from './probes.ts';
import { wasUnregistered } from './replay.ts';
import { openStage } from './stage.ts';

const directory = await mkdtemp(join(tmpdir(), 'pantag-restored-'));
const [data, backup] = [join(directory, 'data'), join(directory, 'backup')];
const stage = await openStage({ dataDir: data });
after(async () => {
  await stage.close();
  await rm(directory, { recursive: true, force: true });
});
const { cluster, plane } = stage;

const namespace = 'shop';
const addressOf = (n: number): string => `10.1.0.${n}`;
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const anHourAgo = new Date(Date.now() - 3_600_000);
const tags = ['ns_shop.color.red', 'ns_shop.web'];
const table = (pods: readonly number[], held = tags) =>
  Object.fromEntries(pods.map((n) => [addressOf(n), held]));
const pod = (n: number) => ({
  namespace,
  name: `web-${n}`,
  labels: { color: 'red' },
  ips: [addressOf(n)],
  networkReadyAt: anHourAgo,
});
const policy = { namespace, name: 'web' };

const fw = await stage.firewall({
  name: 'edge',
  foreignOn: [addressOf(1), addressOf(20)],
  spec: { removalGuard: { percent: 30, minimum: 5 } },
});

async function createPolicy(): Promise<void> {
  await cluster.createNamespace(namespace);
  await stage.policy(policy, {
    firewallNames: ['edge'],
    tags: [{ template: 'web' }, { labelKeys: ['color'] }],
  });
}

async function versionOf(name: string): Promise<number> {
  return Number((await cluster.get('Namespace', { name })).metadata.resourceVersion);
}

async function replaceData(by: string | undefined): Promise<void> {
  await plane.kill();
  await rm(data, { recursive: true, force: true });
  if (by !== undefined) await cp(by, data, { recursive: true });
  await plane.restart();
}

await createPolicy();
await cluster.createPods(numbers(1, 12).map(pod));
const proxy = await startTcpProxy({ port: Number(new URL(plane.url).port) });
after(() => proxy.close());
let operator = await stage.startOperator({ url: `https://127.0.0.1:${proxy.port}` });

test('an older state: what it knows is followed, what it does not know any more is held', async () => {
  await fw.holds(table(numbers(1, 12)));
  await plane.kill();
  await cp(data, backup, { recursive: true });
  await plane.restart();
  await waitUntilReady(operator, 60_000);
  // The backup knows none of this.
  await cluster.createPods(numbers(13, 32).map(pod));
  await cluster.deletePod(pod(1));
  await cluster.deletePod(pod(2));
  await cluster.createPod({ ...pod(2), name: 'heir', labels: { color: 'blue' }, networkReadyAt: new Date() });
  const blue = ['ns_shop.color.blue', 'ns_shop.web'];
  await fw.holds({ ...table(numbers(3, 32)), [addressOf(2)]: blue }, { timeoutMs: 30_000 });

  const { length } = fw.messages();
  proxy.refuse();
  proxy.resetAll();
  await replaceData(backup);
  // When the operator is back, the server's versions have passed those it knew: nothing but the Lease tells.
  const before = await versionOf('shop');
  for (let n = 0; (await versionOf('shop')) < before + 200; n += 1) {
    await cluster.patch('Namespace', { name: 'shop' }, { metadata: { annotations: { n: `${n}` } } });
  }
  await proxy.accept();
  await operator.waitForLog(({ msg }) => String(msg).includes('restored to an older state'), 60_000);
  await fw.holds(table(numbers(1, 32)), { timeoutMs: 60_000 });
  await stage.says('PanFirewall', { name: 'edge' }, 'RemovalsHeld', 60_000);
  await waitUntilReady(operator, 60_000);

  // The workloads come back: their tags were never away, and the plan is gone without anybody's approval.
  await cluster.createPods(numbers(13, 32).map(pod));
  await stage.says('PanFirewall', { name: 'edge' }, 'InSync', 30_000);
  await fw.holds(table(numbers(1, 32)));
  const messages = fw.messages().slice(length);
  for (const n of numbers(3, 32)) {
    for (const tag of tags)
      assert.ok(!wasUnregistered(messages, addressOf(n), fw.tagPrefix + tag), addressOf(n));
  }
});

test('an empty state: nothing is sent until an owner of the tags has been named', async () => {
  const { length } = fw.messages();
  const secret = { 'ca.crt': fw.simulator.caPem, ...fw.secret };
  const firewall = await cluster.get('PanFirewall', { name: 'edge' });
  const before = fw.simulator.tables();
  await replaceData(undefined);
  await waitUntilNotReady(operator, /^pods: /m);
  await operator.stop();

  // As from a repository of manifests; the workloads come last.
  await Promise.all([cluster.applyCrds(), stage.applyFile('deploy/namespace.yaml')]);
  await stage.applyFile('deploy/rbac.yaml');
  await cluster.createSecret({ namespace: 'pan-tag-operator', name: 'edge' }, secret);
  await cluster.create('PanFirewall', { metadata: { name: 'edge' }, spec: firewall.spec });
  await createPolicy();
  operator = await stage.startOperator();
  const { conditions = [] } = await stage.says('PanFirewall', { name: 'edge' }, 'OwnershipConflict', 30_000);
  const owner = /pantag\.io\/adopt=([0-9a-f]+)/.exec(conditions[0]?.message ?? '')?.[1];
  assert.ok(owner, conditions[0]?.message);
  assert.equal(fw.messages().length, length);
  assert.deepEqual(fw.simulator.tables(), before);

  await cluster.patch(
    'PanFirewall',
    { name: 'edge' },
    { metadata: { annotations: { 'pantag.io/adopt': owner } } },
  );
  await stage.says('PanFirewall', { name: 'edge' }, 'RemovalsHeld', 30_000);
  await fw.holds(table(numbers(1, 32)));
  await cluster.createPods(numbers(1, 32).map(pod));
  await stage.says('PanFirewall', { name: 'edge' }, 'InSync', 30_000);
  await stage.says('PanTagPolicy', policy, 'InSync', 30_000);
  await waitFor(() => fw.messages().length > length, { what: 'the swap of markers' });
  await fw.holds(table(numbers(1, 32)));
  for (const n of numbers(1, 32)) {
    const sent = fw.messages().slice(length);
    for (const tag of tags) assert.ok(!wasUnregistered(sent, addressOf(n), fw.tagPrefix + tag), addressOf(n));
  }
});
