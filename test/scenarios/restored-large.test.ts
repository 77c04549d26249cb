// An API server that comes back from a backup without thousands of Pods, or without half of the Namespaces: the guard
// judges all of it as one, holds it as one plan, and removes nothing before that plan is approved.
import assert from 'node:assert/strict';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { KubernetesObject } from '../harness/api-client.ts';
import { objectPath } from '../harness/objects.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { ask, type Held, heldPlans, waitUntilAnswered } from './firewall-requests.ts';
import { waitUntilReady } from './probes.ts';
import { openStage } from './stage.ts';

const directory = await mkdtemp(join(tmpdir(), 'pantag-restored-'));
const data = join(directory, 'data');
const stage = await openStage({ dataDir: data });
after(async () => {
  await stage.close();
  await rm(directory, { recursive: true, force: true });
});
const { cluster, plane } = stage;

const tenants = Array.from({ length: 10 }, (_, n) => `team-${n}`);
const [oldHalf, newHalf] = [tenants.slice(0, 5), tenants.slice(5)];
/** In the scenarios about Namespaces: lists of more than one page. */
const perTenant = 120;
const anHourAgo = new Date(Date.now() - 3_600_000);
const tagOf = (tenant: string) => `ns_${tenant}.web`;
const addressOf = (tenant: string, n: number) =>
  `10.${tenants.indexOf(tenant) + 1}.${Math.floor(n / 200)}.${(n % 200) + 1}`;
const podsOf = (tenant: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({
    namespace: tenant,
    name: `web-${n}`,
    ips: [addressOf(tenant, n)],
    networkReadyAt: anHourAgo,
  }));
const podsIn = (of: readonly string[], count: number) => of.flatMap((tenant) => podsOf(tenant, count));
const table = (of: readonly string[], count: number) =>
  Object.fromEntries(podsIn(of, count).map(({ namespace, ips: [ip] }) => [ip, [tagOf(namespace)]]));

const name = 'edge';
const fw = await stage.firewall({ name, foreignOn: [addressOf('team-0', 0), addressOf('team-9', 0)] });

async function found(of: readonly string[]): Promise<void> {
  for (const tenant of of) {
    await cluster.createNamespace(tenant);
    await stage.policy(
      { namespace: tenant, name: 'web' },
      { firewallNames: [name], tags: [{ template: 'web' }] },
    );
  }
}

await found(oldHalf);
const proxy = await startTcpProxy({ port: Number(new URL(plane.url).port) });
after(() => proxy.close());
const operator = await stage.startOperator({ url: `https://127.0.0.1:${proxy.port}` });

/** While the operator hears nothing. The data may be replaced meanwhile: `work` runs between the processes' end and start. */
async function whileAway(work: () => Promise<void>): Promise<void> {
  proxy.refuse();
  proxy.resetAll();
  await plane.kill();
  await work();
  await plane.restart();
}

async function backUp(to: string): Promise<void> {
  await plane.kill();
  await cp(data, to, { recursive: true });
  await plane.restart();
  await waitUntilReady(operator, 60_000);
}

async function restore(backup: string): Promise<void> {
  await whileAway(async () => {
    await rm(data, { recursive: true, force: true });
    await rename(backup, data);
  });
  await proxy.accept();
}

/** What is missing is held as one plan and nothing was removed; approved, that plan goes as a whole. */
async function heldAsOne(messagesBefore: number, addresses: number, of: number): Promise<Held> {
  const tables = fw.owned();
  await stage.says('PanFirewall', { name }, 'RemovalsHeld', 90_000);
  await waitUntilReady(operator, 60_000);
  const plans = await heldPlans(
    cluster,
    name,
    (held) => held.reduce((sum, plan) => sum + plan.addresses, 0) >= addresses,
  );
  assert.deepEqual(
    plans.map((plan) => [plan.addresses, plan.of]),
    [[addresses, of]],
  );
  // A resync reads the table and compares it with the cluster once more: still one plan, and nothing goes.
  await ask(cluster, name, 'resync', 'now');
  await waitUntilAnswered(cluster, name, 'resync');
  assert.deepEqual(await heldPlans(cluster, name, ({ length }) => length > 0), plans);
  const removed = fw
    .messages()
    .slice(messagesBefore)
    .flatMap(({ unregister }) => unregister);
  assert.deepEqual(removed, []);
  assert.deepEqual(fw.owned(), tables);
  assert.equal(Object.keys(tables).length, of);
  const [plan] = plans;
  assert.ok(plan);
  return plan;
}

async function approve({ plan }: Held): Promise<void> {
  await ask(cluster, name, 'approve-removals', plan);
  await waitUntilAnswered(cluster, name, 'approve-removals');
}

test('without 3,000 of 3,000 Pods: nothing is unregistered, and all of it is one plan', async () => {
  const backup = join(directory, 'without-pods');
  await stage.says('PanFirewall', { name }, 'InSync', 30_000);
  await backUp(backup);
  await cluster.createPods(podsIn(oldHalf, 600));
  await fw.holds(table(oldHalf, 600), { timeoutMs: 60_000 });

  const { length } = fw.messages();
  await restore(backup);
  const plan = await heldAsOne(length, 3000, 3000);
  assert.deepEqual(plan.causes, [{ kind: 'Pod', change: 'missing', addresses: 3000 }]);
  await approve(plan);
  await fw.holds({}, { timeoutMs: 60_000 });
  await stage.says('PanFirewall', { name }, 'InSync', 30_000);
});

test('without half of the Namespaces, and all that was in them: nothing is unregistered, and all of it is one plan', async () => {
  const backup = join(directory, 'without-half');
  await cluster.createPods(podsIn(oldHalf, perTenant));
  await fw.holds(table(oldHalf, perTenant), { timeoutMs: 30_000 });
  await stage.says('PanFirewall', { name }, 'InSync', 30_000);
  await backUp(backup);
  await found(newHalf);
  await cluster.createPods(podsIn(newHalf, perTenant));
  await fw.holds(table(tenants, perTenant), { timeoutMs: 30_000 });

  const { length } = fw.messages();
  await restore(backup);
  await approve(await heldAsOne(length, 600, 1200));
  await fw.holds(table(oldHalf, perTenant), { timeoutMs: 30_000 });
  await stage.says('PanFirewall', { name }, 'InSync', 30_000);
});

test('without half of the Namespaces alone, their Pods and policies are there: nothing is unregistered, and all of it is one plan', async () => {
  const [full, half] = [join(directory, 'full'), join(directory, 'half')];
  await found(newHalf);
  await cluster.createPods(podsIn(newHalf, perTenant));
  await fw.holds(table(tenants, perTenant), { timeoutMs: 30_000 });
  await stage.says('PanFirewall', { name }, 'InSync', 30_000);

  // The partial backup is made while the operator is away, which then finds the cluster as it was.
  await whileAway(() => cp(data, full, { recursive: true }));
  for (const tenant of newHalf) await removeAlone(tenant);
  const last = await bump();
  await whileAway(async () => {
    await rename(data, half);
    await rename(full, data);
  });
  await proxy.accept();
  await waitUntilReady(operator, 60_000);
  // The server's versions pass those of the partial backup: it is an older state.
  while ((await bump()) < last + 100) assert.equal(Object.keys(fw.owned()).length, 1200);

  const { length } = fw.messages();
  await restore(half);
  const plan = await heldAsOne(length, 600, 1200);
  assert.deepEqual(
    new Set(plan.causes.map(({ kind, change }) => `${kind} ${change}`)),
    new Set(['Namespace missing']),
  );
  await approve(plan);
  await fw.holds(table(oldHalf, perTenant), { timeoutMs: 30_000 });
  await stage.says('PanFirewall', { name }, 'InSync', 30_000);
});

/** Removes a Namespace and nothing that is in it: no namespace controller runs here. */
async function removeAlone(tenant: string): Promise<void> {
  await cluster.remove('Namespace', { name: tenant });
  const left = await cluster.get<KubernetesObject>('Namespace', { name: tenant });
  await cluster.request('PUT', `${objectPath('Namespace', { name: tenant })}/finalize`, {
    ...left,
    spec: { finalizers: [] },
  });
}

/** Moves the server's version on by a write that concerns nobody. */
async function bump(): Promise<number> {
  const change = { metadata: { annotations: { n: `${Math.random()}` } } };
  return Number((await cluster.patch('Namespace', { name: 'default' }, change)).metadata.resourceVersion);
}
