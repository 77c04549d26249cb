// The end of a PanFirewall: purged or retained as its spec says, let go in time whatever its device does.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ApiFailure } from '../harness/api-client.ts';
import { waitFor } from '../harness/wait-for.ts';
import { eventNotes } from './events.ts';
import { type FirewallOptions, openStage, operatorNamespace, type StagedDevice } from './stage.ts';

const stage = await openStage({ ownCluster: true });
after(() => stage.close());
const { cluster } = stage;
let operator = await stage.startOperator();

const finalizer = 'pantag.io/purge';
const addressOf = (i: number) => `10.1.0.${i}`;
const expected = Object.fromEntries([1, 2, 3].map((i) => [addressOf(i), ['all']]));
await cluster.createNamespace('shop');
await cluster.createPods(
  [1, 2, 3].map((i) => ({ namespace: 'shop', name: `web-${i}`, ips: [addressOf(i)] })),
);

/** A firewall that holds three Pods' tags and our mark. */
async function registered(name: string, options: Partial<FirewallOptions> = {}): Promise<StagedDevice> {
  const spec = { deletionPolicy: 'Purge', ...options.spec };
  const fw = await stage.firewall({ foreignOn: [addressOf(1)], ...options, name, spec });
  await stage.policy({ name }, { firewallNames: [name], namespaceSelector: {}, tags: [{ template: 'all' }] });
  await fw.holds(expected);
  await stage.says('PanFirewall', { name }, 'InSync');
  await waitFor(() => fw.marks().length === 1, { what: 'the mark of ownership' });
  return fw;
}

const finalizersOf = async (name: string): Promise<readonly string[]> =>
  (await cluster.get('PanFirewall', { name })).metadata.finalizers ?? [];
const edit = (name: string, spec: object) => cluster.patch('PanFirewall', { name }, { spec });
const remove = (name: string) => cluster.remove('PanFirewall', { name });

async function untilGone(name: string, timeoutMs = 15_000): Promise<void> {
  const look = async (): Promise<boolean> => {
    const found = await cluster.get('PanFirewall', { name }).catch((error: unknown) => error);
    const isGone = found instanceof ApiFailure && found.code === 404;
    assert.ok(isGone, JSON.stringify(found));
    return isGone;
  };
  await waitFor(look, { what: `PanFirewall ${name} to be gone`, timeoutMs });
}

test('a healthy firewall is purged whatever the guard would hold, its mark last, and strangers keep theirs', async () => {
  const name = 'healthy';
  const spec = { removalGuard: { percent: 0, minimum: 0 } };
  await using fw = await registered(name, { spec });
  assert.deepEqual(await finalizersOf(name), [finalizer]);
  await remove(name);
  await untilGone(name);
  assert.deepEqual([fw.owned(), fw.marks()], [{}, []]);
  const last =
    fw
      .messages()
      .at(-1)
      ?.unregister.map(({ tag }) => tag) ?? [];
  assert.match(last.join(), /^k8s-prod\._owner\.[0-9a-f]{12}$/);
  assert.match((await eventNotes(cluster, name, 'Purged')).join(), /3 addresses/);
  await stage.says('ClusterPanTagPolicy', { name }, 'FirewallMissing');
});

test('the finalizer is there before anything is registered, and only while the policy is Purge', async () => {
  const name = 'lifecycle';
  await using fw = await stage.firewall({ name, foreignOn: [], spec: { deletionPolicy: 'Retain' } });
  await cluster.patch('PanFirewall', { name }, { metadata: { finalizers: ['example.test/other'] } });
  await stage.policy({ name }, { firewallNames: [name], namespaceSelector: {}, tags: [{ template: 'all' }] });
  await fw.holds(expected);
  assert.deepEqual(await finalizersOf(name), ['example.test/other']);

  await edit(name, { deletionPolicy: 'Purge' });
  const has = async (...names: string[]) => assert.deepEqual(await finalizersOf(name), names) ?? true;
  await waitFor(() => has('example.test/other', finalizer), { what: 'the finalizer to be put on' });
  // Somebody takes it off by mistake: it comes back.
  await cluster.patch('PanFirewall', { name }, { metadata: { finalizers: ['example.test/other'] } });
  await waitFor(() => has('example.test/other', finalizer), { what: 'the finalizer to come back' });
  await edit(name, { deletionPolicy: 'Retain' });
  await waitFor(() => has('example.test/other'), { what: 'the finalizer to be taken off' });

  // Held by somebody else's finalizer, it is being deleted all the same: nothing more is registered.
  await remove(name);
  await stage.says('PanFirewall', { name }, 'Purging');
  await stage.says('ClusterPanTagPolicy', { name }, 'Purging');
  const sent = fw.messages().length;
  await cluster.createPod({ namespace: 'shop', name: 'late', ips: [addressOf(9)] });
  await stage.counts('ClusterPanTagPolicy', { name }, ({ pods }) => assert.equal(pods, 4));
  assert.equal(fw.messages().length, sent);
  await cluster.deletePod({ namespace: 'shop', name: 'late' });
  await cluster.patch('PanFirewall', { name }, { metadata: { finalizers: null } });
  await untilGone(name);
  assert.deepEqual(fw.owned(), expected, 'Retain leaves the tags');
  assert.equal(fw.marks().length, 1, 'and the mark');
});

test('a firewall whose device is dead is let go when its time is up', async () => {
  const name = 'dead';
  await using fw = await registered(name, { spec: { purgeTimeoutSeconds: 4 } });
  fw.simulator.inject({ fault: 'reset' });
  await remove(name);
  const status = await stage.says('PanFirewall', { name }, 'DeviceUnavailable');
  assert.equal(status.owned, Object.keys(expected).length, 'the count is what was last known');
  const words = status.conditions?.map(({ message }) => message).join() ?? '';
  assert.match(words, /until \d{4}-.*Z, .*to remove the finalizer now: kubectl patch panfw dead /);
  await untilGone(name);
  assert.match((await eventNotes(cluster, name, 'PurgeAbandoned')).join(), /within 4 s/);
  assert.deepEqual(fw.owned(), expected);
});

test('without its Secret a purge waits, and goes on when it is back', async () => {
  const name = 'secretless';
  await using fw = await registered(name);
  const ref = { namespace: operatorNamespace, name };
  await cluster.remove('Secret', ref);
  await stage.says('PanFirewall', { name }, 'SecretMissing');
  await remove(name);
  await waitFor(async () => (await cluster.get('PanFirewall', { name })).metadata.deletionTimestamp, {
    what: 'the deletion to have begun',
  });
  assert.deepEqual(fw.owned(), expected);
  await cluster.createSecret(ref, { ...fw.secret, 'ca.crt': fw.simulator.caPem });
  await untilGone(name);
  assert.deepEqual([fw.owned(), fw.marks()], [{}, []]);
});

test('without its Secret for good it is let go when its time is up, which may be edited meanwhile', async () => {
  const name = 'orphan';
  await using fw = await registered(name);
  await cluster.remove('Secret', { namespace: operatorNamespace, name });
  await remove(name);
  await stage.says('PanFirewall', { name }, 'SecretMissing');
  await edit(name, { purgeTimeoutSeconds: 1 });
  await untilGone(name);
  assert.match((await eventNotes(cluster, name, 'PurgeAbandoned')).join(), /create the Secret orphan/);
  assert.deepEqual(fw.owned(), expected);
});

test('one that never met its device goes at once', async () => {
  const name = 'unmet';
  const endpoint = 'https://192.0.2.77';
  const spec = { endpoint, tagPrefix: 'unmet.', credentials: { secretRef: { name: 'not-there' } } };
  const whole = { ...spec, namespaceSelector: {}, deletionPolicy: 'Purge' };
  await cluster.create('PanFirewall', { metadata: { name }, spec: whole });
  await stage.says('PanFirewall', { name }, 'SecretMissing');
  await remove(name);
  await untilGone(name);
  assert.match((await eventNotes(cluster, name, 'Purged')).join(), /never reached/);
});

test('in Observe it is let go at once and nothing is written', async () => {
  const name = 'observed';
  await using fw = await registered(name);
  await edit(name, { mode: 'Observe' });
  await stage.says('PanFirewall', { name }, 'Observing');
  const sent = fw.messages().length;
  await remove(name);
  await untilGone(name);
  assert.match((await eventNotes(cluster, name, 'PurgeAbandoned')).join(), /Observe/);
  assert.deepEqual(fw.owned(), expected);
  assert.equal(fw.messages().length, sent);
});

test('where another operator has marked the table too, it is let go at once and nothing is written', async () => {
  const name = 'contested';
  await using fw = await registered(name);
  fw.simulator.plant({ add: [{ ip: '192.0.2.1', tags: ['k8s-prod._owner.0123456789ab'] }] });
  await remove(name);
  await untilGone(name);
  assert.match((await eventNotes(cluster, name, 'PurgeAbandoned')).join(), /0123456789ab/);
  assert.deepEqual(fw.owned(), expected);
  assert.equal(fw.marks().length, 2);
});

test("a second PanFirewall on the same table goes without taking the elder one's tags along", async () => {
  await using fw = await registered('elder');
  const { spec } = await cluster.get<{ spec: object; metadata: object }>('PanFirewall', { name: 'elder' });
  // Of two in one second the smaller uid would be the elder.
  await waitFor(() => Date.now() % 1000 < 100, { what: 'the next second', timeoutMs: 3000, intervalMs: 20 });
  await cluster.create('PanFirewall', { metadata: { name: 'younger' }, spec });
  await stage.says('PanFirewall', { name: 'younger' }, 'OwnershipConflict');
  // Whoever is deleted before the operator has put its finalizer there goes without an Event.
  const isFinalized = async () => (await finalizersOf('younger')).includes(finalizer);
  await waitFor(isFinalized, { what: 'the finalizer of younger' });
  await remove('younger');
  await untilGone('younger');
  assert.match((await eventNotes(cluster, 'younger', 'PurgeAbandoned')).join(), /elder/);
  assert.deepEqual(fw.owned(), expected);
  assert.equal(fw.marks().length, 1);
  await remove('elder');
  await untilGone('elder');
});

test('under a prefix that was never marked, only what the cluster claims is taken along', async () => {
  const name = 'first-contact';
  const leftOver = { [addressOf(1)]: ['theirs'], '10.7.0.1': ['theirs'] };
  await using fw = await stage.firewall({
    name,
    foreignOn: [],
    leftOver,
    markedBy: [],
    spec: { deletionPolicy: 'Purge' },
  });
  await stage.policy({ name }, { firewallNames: [name], namespaceSelector: {}, tags: [{ template: 'all' }] });
  await fw.holds({ ...expected, [addressOf(1)]: ['all', 'theirs'], '10.7.0.1': ['theirs'] });
  await stage.says('PanFirewall', { name }, 'RemovalsHeld');
  await remove(name);
  await untilGone(name);
  assert.deepEqual(fw.owned(), leftOver);
  assert.match((await eventNotes(cluster, name, 'PurgeAbandoned')).join(), /never marked as ours/);
});

test('one whose deletion began while no operator ran is purged by the next', async () => {
  const name = 'absent';
  await using fw = await registered(name);
  await operator.stop();
  await remove(name);
  assert.deepEqual(await finalizersOf(name), [finalizer]);
  operator = await stage.startOperator();
  await untilGone(name, 30_000);
  assert.deepEqual([fw.owned(), fw.marks()], [{}, []]);
});

test('a policy that is deleted and a namespace whose Pods go leave nothing behind, under the guard', async () => {
  const name = 'lesser';
  await using fw = await registered(name);
  await cluster.createNamespace('brief');
  await cluster.createPod({ namespace: 'brief', name: 'p', ips: ['10.8.0.1'] });
  await fw.holds({ ...expected, '10.8.0.1': ['all'] });
  // As the namespace controller does: the Pods first, then the namespace itself.
  await cluster.deletePod({ namespace: 'brief', name: 'p' });
  await cluster.remove('Namespace', { name: 'brief' });
  await fw.holds(expected);
  await cluster.remove('ClusterPanTagPolicy', { name });
  await fw.holds({});
  await stage.says('PanFirewall', { name }, 'InSync');
  assert.equal(fw.marks().length, 1);
  await remove(name);
  await untilGone(name);
});

test('the deletion of the CRD empties no firewall', async () => {
  const name = 'crd';
  await using fw = await registered(name);
  const definition = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/panfirewalls.pantag.io';
  await cluster.request('DELETE', definition);
  assert.match((await eventNotes(cluster, name, 'PurgeAbandoned')).join(), /CRD/);
  const gone = async () =>
    cluster.request('GET', definition).then(
      () => false,
      () => true,
    );
  await waitFor(gone, { what: 'the CRD to be gone', timeoutMs: 30_000 });
  assert.deepEqual(fw.owned(), expected);
  assert.equal(fw.marks().length, 1);
  await cluster.applyCrds();
});
