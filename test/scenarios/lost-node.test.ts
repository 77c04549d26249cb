// A node dies with 110 of 300 Pods and with the leader: what a standby saw is cleaned, what nobody saw is held, and a Pod
// that takes a dead Pod's address inherits nothing.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { inParallel } from '../harness/in-parallel.ts';
import type { NewPod } from '../harness/pods.ts';
import { waitFor } from '../harness/wait-for.ts';
import { waitUntilReady } from './probes.ts';
import { wasUnregistered } from './replay.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;

const namespace = 'shop';
const anHourAgo = new Date(Date.now() - 3_600_000);
const addressOf = (n: number): string => `10.1.${Math.floor(n / 100)}.${(n % 100) + 1}`;
const onDeadNode = Array.from({ length: 110 }, (_, n) => n);
const elsewhere = Array.from({ length: 190 }, (_, n) => n + 110);
const reused = onDeadNode.slice(0, 10);
const abandoned = onDeadNode.slice(10);
const oldTags = ['ns_shop.app.old', 'ns_shop.web'];
const newTags = ['ns_shop.app.new', 'ns_shop.web'];
const table = (tags: readonly string[], pods: readonly number[]) =>
  Object.fromEntries(pods.map((n) => [addressOf(n), tags]));

const fw = await stage.firewall({ name: 'edge', foreignOn: [addressOf(0), addressOf(20), addressOf(200)] });
await cluster.createNamespace(namespace);
await stage.policy(
  { namespace, name: 'web' },
  { firewallNames: ['edge'], tags: [{ template: 'web' }, { labelKeys: ['app'] }] },
);

function old(n: number): NewPod {
  const node = n < onDeadNode.length ? 'node-dead' : 'node-alive';
  const pod = { namespace, name: `old-${n}`, labels: { app: 'old' }, node };
  return { ...pod, ips: [addressOf(n)], networkReadyAt: anHourAgo };
}

/** All 300 Pods run, as they have for an hour, and the firewall has them. */
async function setUp(): Promise<void> {
  for (const { metadata } of await cluster.list('Pod')) {
    if (metadata.name.startsWith('heir-')) await cluster.deletePod({ namespace, name: metadata.name });
  }
  const present = new Set((await cluster.list('Pod')).map(({ metadata }) => metadata.name));
  await cluster.createPods([...onDeadNode, ...elsewhere].map(old).filter(({ name }) => !present.has(name)));
  await fw.holds(table(oldTags, [...onDeadNode, ...elsewhere]), { timeoutMs: 30_000 });
}

/** The garbage collector's part, and the scheduler's: ten dead Pods' addresses go to new Pods on another node. */
async function replaceDeadPods(): Promise<void> {
  await inParallel(onDeadNode, (n) => cluster.deletePod({ namespace, name: `old-${n}` }));
  const pod = { namespace, labels: { app: 'new' }, node: 'node-alive' };
  await cluster.createPods(reused.map((n) => ({ ...pod, name: `heir-${n}`, ips: [addressOf(n)] })));
}

/** Since then, both halves of an heir's address travelled in one message, and the Pods elsewhere were left in peace. */
function assertNothingInherited(since: number): void {
  const messages = fw.messages().slice(since);
  for (const n of reused) {
    const about = messages.filter(({ register, unregister }) =>
      [...register, ...unregister].some(({ ip }) => ip === addressOf(n)),
    );
    assert.equal(about.length, 1, addressOf(n));
  }
  for (const n of elsewhere) {
    for (const tag of oldTags) assert.ok(!wasUnregistered(messages, addressOf(n), fw.tagPrefix + tag));
  }
}

test('a standby saw the Pods go: their addresses are cleaned as soon as it leads, without anybody’s approval', async () => {
  const leader = await stage.startOperator();
  await leader.waitForLog(({ msg }) => msg === 'leading');
  await setUp();
  await using standby = await stage.startOperator();
  await waitUntilReady(standby);
  await leader.kill();
  const { length } = fw.messages();
  // Dead, but still Running to the API: nothing says yet that they have ended.
  await replaceDeadPods();
  await fw.holds({ ...table(newTags, reused), ...table(oldTags, elsewhere) }, { timeoutMs: 30_000 });
  assertNothingInherited(length);
});

test('nobody saw the Pods go: what they left is held, and approved it goes', async () => {
  const leader = await stage.startOperator();
  await setUp();
  await leader.kill();
  const { length } = fw.messages();
  await replaceDeadPods();
  await using operator = await stage.startOperator({ args: ['--leader-elect=false'] });
  await fw.holds(
    { ...table(newTags, reused), ...table(oldTags, [...abandoned, ...elsewhere]) },
    { timeoutMs: 30_000 },
  );
  const { conditions = [] } = await stage.says('PanFirewall', { name: 'edge' }, 'RemovalsHeld', 30_000);
  assert.ok(conditions.length > 0);
  type Held = { readonly plan: string; readonly addresses: number };
  const held = await waitFor(
    async () => {
      const { status } = await cluster.get('PanFirewall', { name: 'edge' });
      return (status as { tables?: { held?: readonly Held[] }[] } | undefined)?.tables?.[0]?.held?.[0];
    },
    { what: 'the held plan', timeoutMs: 20_000 },
  );
  assert.equal(held.addresses, abandoned.length);
  assertNothingInherited(length);
  const annotations = { 'pantag.io/approve-removals': held.plan };
  await cluster.patch('PanFirewall', { name: 'edge' }, { metadata: { annotations } });
  await fw.holds({ ...table(newTags, reused), ...table(oldTags, elsewhere) }, { timeoutMs: 30_000 });
  await stage.says('PanFirewall', { name: 'edge' }, 'InSync', 20_000);
  await waitUntilReady(operator);
});
