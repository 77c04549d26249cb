// An API server that restarts, is gone, or is not heard: nothing is removed meanwhile, and afterwards all is right again.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { waitUntilNotReady, waitUntilReady } from './probes.ts';
import { openStage } from './stage.ts';

const stage = await openStage({ ownCluster: true });
after(() => stage.close());
const { cluster, plane } = stage;
const proxy = await startTcpProxy({ port: Number(new URL(plane.url).port) });
after(() => proxy.close());

const fw = await stage.firewall({ name: 'edge', foreignOn: ['10.1.0.1', '10.1.0.2'] });
await cluster.createNamespace('shop');
await stage.policy(
  { namespace: 'shop', name: 'web' },
  { firewallNames: ['edge'], tags: [{ template: 'web' }, { labelKeys: ['app'] }] },
);
const tags = (app: string) => ['ns_shop.web', `ns_shop.app.${app}`];
const pod = (n: number) => ({ namespace: 'shop', name: `web-${n}` });
const create = (n: number, app: string, ip = `10.1.0.${n}`) =>
  cluster.createPod({ ...pod(n), labels: { app }, ips: [ip] });

/** An operator of its own, which has not met any failure yet, and four Pods, all of them on the firewall. */
async function setUp(): Promise<OperatorProcess> {
  for (const { metadata } of await cluster.list('Pod')) {
    await cluster.deletePod({ namespace: 'shop', name: metadata.name });
  }
  for (const n of [1, 2, 3, 4]) await create(n, 'red');
  const operator = await stage.startOperator({ url: `https://127.0.0.1:${proxy.port}` });
  const addresses = [1, 2, 3, 4].map((n) => [`10.1.0.${n}`, tags('red')] as const);
  await fw.holds(Object.fromEntries(addresses));
  await waitUntilReady(operator);
  return operator;
}

/** Of everything that may happen to a Pod one each: it goes, is relabelled, hands over its address, and comes. */
async function changeAll(): Promise<void> {
  await cluster.deletePod(pod(1));
  await cluster.labelPod(pod(2), { app: 'blue' });
  await cluster.deletePod(pod(3));
  await create(13, 'green', '10.1.0.3');
  await create(5, 'red');
}

const afterAll = {
  '10.1.0.2': tags('blue'),
  '10.1.0.3': tags('green'),
  '10.1.0.4': tags('red'),
  '10.1.0.5': tags('red'),
};

/** The Pod that nothing happened to was left in peace. */
function assertUnharmed(since: number): void {
  const touched = fw.messages().slice(since);
  const pairs = touched.flatMap(({ register, unregister }) => [...register, ...unregister]);
  assert.deepEqual(
    pairs.filter(({ ip }) => ip === '10.1.0.4'),
    [],
  );
}

test('it restarts, and every resourceVersion of before is too old', async () => {
  await using operator = await setUp();
  const { length } = fw.messages();
  await plane.restart();
  assert.equal(fw.messages().length, length);
  await changeAll();
  await fw.holds(afterAll, { timeoutMs: 30_000 });
  await waitUntilReady(operator, 30_000);
  assertUnharmed(length);
});

test('it is gone for some seconds, Pods changed unheard before it went, and only a list can tell', async () => {
  await using operator = await setUp();
  const { length } = fw.messages();
  proxy.refuse();
  proxy.resetAll();
  await waitUntilNotReady(operator, /^pods: Unreachable: /m);
  await changeAll();
  await plane.kill();
  await plane.restart();
  assert.equal(fw.messages().length, length);
  await proxy.accept();
  await fw.holds(afterAll, { timeoutMs: 30_000 });
  await waitUntilReady(operator, 30_000);
  assertUnharmed(length);
  await stage.says('PanTagPolicy', { namespace: 'shop', name: 'web' }, 'InSync');
});

test('its connections freeze: nothing happens until they thaw', async () => {
  await using operator = await setUp();
  const { length } = fw.messages();
  proxy.freeze();
  await changeAll();
  // Nothing tells that nothing will happen: this is some hundred times what a change takes.
  await sleep(1_500);
  assert.equal(fw.messages().length, length);
  proxy.thaw();
  await fw.holds(afterAll);
  await waitUntilReady(operator, 30_000);
  assertUnharmed(length);
});
