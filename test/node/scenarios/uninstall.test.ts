// Upgrades that bring CRDs, and every way to uninstall: without purge, with it, and with a firewall that does not answer.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { waitFor } from '../../harness/wait-for.ts';
import type { Device } from '../../scenarios/device.ts';
import { images } from '../images.ts';
import { install, operatorNamespace, type Installation } from '../installation.ts';
import { openNode } from '../node.ts';
import { leaseHolder, operatorPods } from '../operator/operator-pods.ts';
import { controller } from '../workloads.ts';

const node = await openNode();
const place = `pan-tag-operator --namespace ${operatorNamespace}`;
const namespace = 'leaving';
const crd = 'panfirewalls.pantag.io';
const installed: Installation[] = [];

/** In this order: an operator that runs puts finalizers on again, and one that has gone takes none off. */
async function uninstallAll(): Promise<void> {
  await node.kubectl(['delete', 'job', '--all', '-n', operatorNamespace]);
  await node.shell(`helm uninstall ${place} --ignore-not-found --no-hooks --wait`);
  await noPods();
  const names = await node.kubectl(['get', 'panfirewalls', '-o', 'name', '--ignore-not-found']);
  for (const name of names.split('\n').filter((line) => line !== ''))
    await node.kubectl(['patch', name, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  for (const one of installed.splice(0)) await one.uninstall();
}

async function noPods(): Promise<void> {
  const selector = 'app.kubernetes.io/name=pan-tag-operator';
  const pods = ['delete', 'pod', '-l', selector, '-n', operatorNamespace, '--wait', '--timeout=60s'];
  await node.kubectl(pods);
}

afterEach(uninstallAll);

/** The chart, two Pods, and firewalls of these names with deletionPolicy Purge that hold both. */
async function registered(values: object, ...names: readonly string[]): Promise<readonly Device[]> {
  const operator = await install(node, { values });
  installed.push(operator);
  await operator.namespace(namespace);
  await operator.apply([controller('Deployment', { name: 'web', namespace }, { replicas: 2 })]);
  const devices: Device[] = [];
  for (const name of names)
    devices.push(await operator.firewall({ name, foreignOn: [], spec: { deletionPolicy: 'Purge' } }));
  await operator.policy({ namespace, name: 'web' }, { firewallNames: names, tags: [{ template: 'web' }] });
  await node.kubectl(['rollout', 'status', 'deployment/web', '-n', namespace, '--timeout=60s']);
  for (const device of devices)
    await waitFor(() => Object.keys(device.owned()).length === 2 && device.marks().length === 1, {
      what: 'two Pods and the mark',
      timeoutMs: 30_000,
    });
  return devices;
}

async function revision(): Promise<string> {
  const path = String.raw`jsonpath={.metadata.annotations.pantag\.io/schema-revision}`;
  return node.kubectl(['get', 'crd', crd, '-o', path]);
}

test('without purge the tags stay, the CRDs stay, and the next installation leads within the Lease and sends nothing', async (t) => {
  const [device = assert.fail()] = await registered({}, 'fw-stays');
  const before = device.owned();
  await node.shell(`helm uninstall ${place} --wait`);
  await waitFor(async () => (await operatorPods(node)).length === 0, { what: 'no Pods', timeoutMs: 40_000 });
  t.diagnostic(`the Lease after the uninstall is held by: ${(await leaseHolder(node)) || 'nobody'}`);
  assert.deepEqual(device.owned(), before);
  assert.equal(device.marks().length, 1);
  assert.equal(await node.kubectl(['get', 'crd', crd, '-o', 'jsonpath={.metadata.deletionTimestamp}']), '');
  const sent = device.messages().length;
  const begun = performance.now();
  await node.shell(
    `helm install pan-tag-operator helm/pan-tag-operator --namespace ${operatorNamespace} --values - --wait`,
    {
      input: JSON.stringify({ image: { repository: images.operator.split(':')[0] } }),
    },
  );
  await node.kubectl(['scale', 'deployment/web', '-n', namespace, '--replicas=3']);
  await waitFor(() => Object.keys(device.owned()).length === 3, { what: 'the third Pod', timeoutMs: 60_000 });
  t.diagnostic(`installed again and acting after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  const addresses = device
    .messages()
    .slice(sent)
    .flatMap(({ register, unregister }) => [...register, ...unregister]);
  assert.deepEqual(
    addresses.filter(({ ip }) => ip in before),
    [],
    'what was registered before was sent again',
  );
});

test('with purge the tables are emptied, the finalizer goes, and helm prints the lines of the hook', async (t) => {
  const devices = await registered({ uninstall: { purge: true } }, 'fw-emptied', 'fw-too');
  const begun = performance.now();
  const said = await node.shell(`helm uninstall ${place} --wait 2>&1`);
  t.diagnostic(
    `uninstalled with purge in ${((performance.now() - begun) / 1000).toFixed(1)} s; helm said:\n${said.trim()}`,
  );
  for (const device of devices) {
    assert.deepEqual(device.owned(), {});
    assert.deepEqual(device.marks(), []);
    device.checkForeign();
  }
  assert.match(said, /fw-emptied/);
  assert.match(said, /fw-too/);
  assert.equal(await leaseHolder(node), '');
  const finalizers = await node.kubectl([
    'get',
    'panfirewalls',
    '-o',
    'jsonpath={.items[*].metadata.finalizers}',
  ]);
  assert.equal(finalizers, '');
  const left = await node.kubectl([
    'get',
    'deploy,job,pod,role,rolebinding,serviceaccount',
    '-n',
    operatorNamespace,
    '-o',
    'name',
  ]);
  assert.deepEqual(
    left
      .trim()
      .split('\n')
      .filter((name) => name.includes('pan-tag-operator')),
    [],
  );
});

test('a firewall that is dead fails the purge in time, the others are emptied, and the log tells the way on', async (t) => {
  const [alive = assert.fail(), dead = assert.fail()] = await registered(
    { uninstall: { purge: true, timeoutSeconds: 90 } },
    'fw-alive',
    'fw-dead',
  );
  const held = dead.owned();
  dead.simulator.inject({ fault: 'hang', on: 'any' });
  const begun = performance.now();
  await assert.rejects(node.shell(`helm uninstall ${place} --wait`, { timeoutMs: 150_000 }), /Failed|failed/);
  const took = (performance.now() - begun) / 1000;
  const job = ['job/pan-tag-operator-uninstall', '-n', operatorNamespace];
  // As docs/troubleshooting/removals.md has it.
  const log = await node.kubectl(['logs', ...job, '--container', 'purge']);
  t.diagnostic(
    `purge with a dead firewall failed after ${took.toFixed(1)} s; its log ends:\n${log.trimEnd().split('\n').slice(-6).join('\n')}`,
  );
  assert.ok(took < 105, `${took} s`);
  assert.deepEqual(alive.owned(), {});
  assert.deepEqual(dead.owned(), held);
  assert.match(log, /fw-dead/);
  assert.match(log, /kubectl delete panfw fw-dead|kubectl delete panfirewall fw-dead/);
  assert.equal((await operatorPods(node)).length, 0);
  // It answers again, and so the same command succeeds.
  dead.simulator.clearFaults();
  const said = await node.shell(`helm uninstall ${place} --wait 2>&1`, { timeoutMs: 150_000 });
  assert.match(said, /fw-dead/);
  assert.deepEqual(dead.owned(), {});
});

test('helm upgrade brings the CRDs of the chart, before the Pods that need them, and a rollback brings back those before', async () => {
  const [device = assert.fail()] = await registered({}, 'fw-upgraded');
  const current = await revision();
  // An older release's: the program that runs does not mind, a new replica would not be ready.
  await node.kubectl([
    'annotate',
    'crd',
    crd,
    '--overwrite',
    '--field-manager=helm',
    'pantag.io/schema-revision=0',
  ]);
  const sent = device.messages().length;
  await node.shell(
    `helm upgrade pan-tag-operator helm/pan-tag-operator --namespace ${operatorNamespace} --reset-then-reuse-values --force-conflicts --set log.level=debug --wait --timeout 2m`,
    { timeoutMs: 150_000 },
  );
  assert.equal(await revision(), current);
  await node.shell(`helm rollback ${place} 1 --wait --timeout 2m`, { timeoutMs: 150_000 });
  assert.equal(await revision(), current);
  const kept = JSON.parse(await node.kubectl(['get', 'panfw', 'fw-upgraded', '-o', 'json'])) as {
    spec: { deletionPolicy: string };
  };
  assert.equal(kept.spec.deletionPolicy, 'Purge');
  await node.kubectl(['scale', 'deployment/web', '-n', namespace, '--replicas=3']);
  await waitFor(() => Object.keys(device.owned()).length === 3, { what: 'the third Pod', timeoutMs: 60_000 });
  const pairs = device
    .messages()
    .slice(sent)
    .flatMap(({ register, unregister }) => [...register, ...unregister]);
  assert.equal(new Set(pairs.map(({ ip }) => ip)).size, 1, 'more was sent than the third Pod');
});
