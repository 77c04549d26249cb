// A deleted CRD takes its objects along, and their deletions look like any other: nothing is removed for them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ApiFailure, type KubernetesObject } from '../harness/api-client.ts';
import { collectionPath } from '../harness/objects.ts';
import { waitFor } from '../harness/wait-for.ts';
import { waitUntilNotReady, waitUntilReady } from './probes.ts';
import { openStage } from './stage.ts';
import type { StatusKind } from './statuses.ts';

const stage = await openStage({ ownCluster: true });
after(() => stage.close());
const { cluster } = stage;
let operator = await stage.startOperator();

// The guard is no help here: it lets everything pass.
const unguarded = { removalGuard: { percent: 100, minimum: 100_000 } };
const fw = await stage.firewall({ name: 'edge', foreignOn: ['10.1.0.1'], spec: unguarded });
const firewallNames = ['edge'];
for (const namespace of ['shop', 'bank']) {
  await cluster.createNamespace(namespace);
  for (const name of ['web', 'side']) {
    await stage.policy({ namespace, name }, { firewallNames, tags: [{ template: name }] });
  }
}
await stage.policy({ name: 'all' }, { firewallNames, namespaceSelector: {}, tags: [{ template: 'all' }] });
const addressOf = (namespace: string, i: number) => `10.${namespace === 'shop' ? 1 : 2}.0.${i}`;
const pod = (namespace: string, i: number) => ({
  namespace,
  name: `p-${i}`,
  ips: [addressOf(namespace, i)],
});
const numbers = [1, 2, 3];
await cluster.createPods(['shop', 'bank'].flatMap((namespace) => numbers.map((i) => pod(namespace, i))));
const tagsIn = (namespace: string) => ['all', `ns_${namespace}.side`, `ns_${namespace}.web`];
const whole = (namespace: string, from = numbers) =>
  Object.fromEntries(from.map((i) => [addressOf(namespace, i), tagsIn(namespace)]));
const complete = { ...whole('shop'), ...whole('bank') };
await fw.holds(complete);

const kinds = ['PanFirewall', 'PanTagPolicy', 'ClusterPanTagPolicy'] as const;
const nameOf = (kind: StatusKind) => `${collectionPath(kind).split('/').at(-1)}.pantag.io`;

type Dated = { readonly metadata: { readonly creationTimestamp: string } };
type Vanished = { readonly kind: StatusKind; readonly objects: readonly KubernetesObject[] };

/** Deletes the CRD and waits until it is gone with its objects, and the operator has said so. */
async function vanish(kind: StatusKind): Promise<Vanished> {
  const objects = await cluster.list(kind);
  const name = nameOf(kind);
  await cluster.remove('CustomResourceDefinition', { name });
  const isGone = async () => {
    try {
      await cluster.get('CustomResourceDefinition', { name });
      return false;
    } catch (error) {
      if (error instanceof ApiFailure && error.code === 404) return true;
      throw error;
    }
  };
  await waitFor(isGone, { what: `the CRD ${name} to go`, timeoutMs: 30_000 });
  await waitUntilNotReady(operator, new RegExp(`^the CRD ${name} is gone: what its objects had`, 'm'));
  return { kind, objects };
}

async function create(kind: StatusKind, { metadata, spec }: KubernetesObject): Promise<void> {
  const { name, namespace, labels = {} } = metadata;
  const ref = namespace === undefined ? { name } : { name, namespace };
  await cluster.create(kind, { metadata: { ...ref, labels }, spec });
}

async function everythingInSync(): Promise<void> {
  for (const kind of kinds) {
    for (const { metadata } of await cluster.list(kind)) {
      await stage.says(kind, metadata, 'InSync', 30_000);
    }
  }
}

for (const kind of kinds) {
  test(`the CRD ${nameOf(kind)} is deleted and comes back with its objects: no message is sent`, async () => {
    await everythingInSync();
    const { length: messages } = fw.messages();
    const { objects } = await vanish(kind);
    assert.deepEqual(fw.owned(), sorted(complete));
    await cluster.applyCrds();
    for (const object of objects) await create(kind, object);
    await waitUntilReady(operator, 60_000);
    await everythingInSync();
    await fw.holds(complete);
    assert.deepEqual(fw.messages().slice(messages), []);
  });
}

test('while a CRD is gone, Pods that end leave at once, a new holder inherits nothing, and other policies go on', async () => {
  const { kind, objects } = await vanish('PanTagPolicy');
  await cluster.deletePod(pod('shop', 1));
  await cluster.deletePod(pod('shop', 2));
  await cluster.createPod({ namespace: 'bank', name: 'heir', ips: [addressOf('shop', 2)] });
  await cluster.patch('ClusterPanTagPolicy', { name: 'all' }, { spec: { tags: [{ template: 'each' }] } });
  const kept = (namespace: string) => ['each', `ns_${namespace}.side`, `ns_${namespace}.web`];
  await fw.holds({
    [addressOf('shop', 2)]: ['each'],
    [addressOf('shop', 3)]: kept('shop'),
    ...Object.fromEntries(numbers.map((i) => [addressOf('bank', i), kept('bank')])),
  });
  await cluster.applyCrds();
  for (const object of objects) await create(kind, object);
  await cluster.patch('ClusterPanTagPolicy', { name: 'all' }, { spec: { tags: [{ template: 'all' }] } });
  await cluster.createPod({ namespace: 'shop', name: 'p-4', ips: [addressOf('shop', 1)] });
  await cluster.deletePod({ namespace: 'bank', name: 'heir' });
  await fw.holds({ ...whole('shop', [1, 3]), ...whole('bank') });
  await waitUntilReady(operator, 60_000);
  await everythingInSync();
});

test('a policy that does not come back keeps its tags until a restart; deletions elsewhere are deletions', async () => {
  const { kind, objects } = await vanish('PanTagPolicy');
  await cluster.applyCrds();
  await nextSecond(kind);
  const side = { namespace: 'shop', name: 'side' };
  for (const object of objects) {
    const { namespace, name } = object.metadata;
    if (namespace !== side.namespace || name !== side.name) await create(kind, object);
  }
  await waitUntilReady(operator, 60_000);
  await everythingInSync();
  const table = { ...whole('shop', [1, 3]), ...whole('bank') };
  await fw.holds(table);

  // Those that were created under the new CRD can be deleted as ever, but where tags could be the missing one's.
  const bankOnly = (tags: readonly string[]) =>
    Object.fromEntries(numbers.map((i) => [addressOf('bank', i), tags]));
  await cluster.remove(kind, { namespace: 'shop', name: 'web' });
  await cluster.remove(kind, { namespace: 'bank', name: 'side' });
  await fw.holds({ ...table, ...bankOnly(['all', 'ns_bank.web']) });

  await operator.stop();
  operator = await stage.startOperator();
  const left = Object.fromEntries([1, 3].map((i) => [addressOf('shop', i), ['all']]));
  await fw.holds({ ...left, ...bankOnly(['all', 'ns_bank.web']) });
});

/** Timestamps are whole seconds: an object of its CRD's own second cannot be told from one of an earlier CRD. */
async function nextSecond(kind: StatusKind): Promise<void> {
  const { metadata } = await cluster.get<Dated>('CustomResourceDefinition', { name: nameOf(kind) });
  const isOver = () => Date.now() >= Date.parse(metadata.creationTimestamp) + 1000;
  await waitFor(isOver, { what: 'the second to be over' });
}

function sorted(table: Readonly<Record<string, readonly string[]>>) {
  return Object.fromEntries(Object.entries(table).map(([ip, tags]) => [ip, tags.toSorted()]));
}
