// The reflector against a real kube-apiserver: its WatchList, its pages, its protobuf, its refusals and its restarts.
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import type { PodRecord } from '../../../src/kubernetes/codec/pod-record.ts';
import { createPodDecoder, rawDecoder, type RawObject } from '../../../src/kubernetes/codec/decoders.ts';
import { createKubeHttp, type KubeHttp } from '../../../src/kubernetes/client/http.ts';
import { KubeApiError } from '../../../src/kubernetes/errors/kube-errors.ts';
import { listPages } from '../../../src/kubernetes/reflector/list-pages.ts';
import { createReflector } from '../../../src/kubernetes/reflector/reflector.ts';
import { connectToCluster } from '../../../src/kubernetes/client/kube-connection.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { type Cluster, connect } from '../../harness/cluster.ts';
import { waitFor } from '../../harness/wait-for.ts';
import { type Observed, type ObservedOptions, observeReflector } from './observed-reflector.ts';

const unfinished = { fieldSelector: 'status.phase!=Failed,status.phase!=Succeeded' };
const pods = { path: '/api/v1/pods', name: 'pods', query: unfinished };

let controlPlane: ControlPlane;
let cluster: Cluster;

before(async () => {
  controlPlane = await startControlPlane();
  cluster = connect(controlPlane);
  await cluster.createNamespace('shop');
});

after(async () => {
  await cluster.close();
  await controlPlane.stop();
});

function httpFor(context: TestContext, kubeconfig: string): KubeHttp {
  const connection = connectToCluster(kubeconfig);
  context.after(() => connection.close());
  return createKubeHttp({ connection, userAgent: 'pan-tag-operator/test' });
}

/** A reflector of Pods in real time. */
function observe(context: TestContext, http: KubeHttp, options: ObservedOptions = {}): Observed {
  const observed = observeReflector(http, { resource: pods, protobuf: true, speed: 1, ...options });
  context.after(() => observed.stop());
  return observed;
}

/** What a sink knows, by uid. */
function records(observed: Observed): Map<string, PodRecord> {
  const known = new Map<string, PodRecord>();
  for (const { type, record } of observed.batches.flat()) {
    if (type === 'set') known.set(record.uid, record);
    else known.delete(record.uid);
  }
  return known;
}

const synced = (observed: Observed) => observed.until('synced', ({ reflector }) => reflector.state().synced);

/** Pods of every kind that a record tells apart. */
async function createVariety(namespace: string): Promise<void> {
  await cluster.createPods([
    { namespace, name: 'pending', node: '' },
    {
      namespace,
      name: 'dual',
      ips: ['10.20.0.1', 'fd00:10::0:30'],
      labels: { app: 'web', 'example.com/tier': 'gold' },
    },
    { namespace, name: 'host', hostNetwork: true, ips: ['10.0.0.9'], serviceAccount: 'agent' },
    { namespace, name: 'draining', ips: ['10.20.0.2'], labels: { app: 'web', 'example.com/tier': 'gold' } },
    { namespace, name: 'keys', labels: { constructor: 'a', '1': 'b', toString: 'c', A: 'd', a: 'e' } },
    { namespace, name: 'old', ips: ['10.20.0.3'], networkReadyAt: new Date('2026-01-02T03:04:05Z') },
    { namespace, name: 'done', ips: ['10.20.0.4'] },
  ]);
  await cluster.terminatePod({ namespace, name: 'draining' });
  await cluster.setPodPhase({ namespace, name: 'done' }, 'Succeeded');
}

/** The same http, which tells what type of answer each stream got. */
function withTypes(http: KubeHttp, types: unknown[]): KubeHttp {
  return {
    ...http,
    stream: async (request) => {
      const stream = await http.stream(request);
      types.push(stream.headers['content-type']);
      return stream;
    },
  };
}

test('protobuf and JSON, by WatchList and in pages, tell the same of the same Pods', async (context) => {
  await createVariety('shop');
  const http = httpFor(context, controlPlane.kubeconfig);
  const types: unknown[] = [];
  const protobuf = observe(context, withTypes(http, types));
  await synced(protobuf);
  const json = observe(context, withTypes(http, types), { protobuf: false });
  await synced(json);
  assert.deepEqual(types, ['application/vnd.kubernetes.protobuf;stream=watch', 'application/json']);
  const expected = records(json);
  assert.deepEqual(records(protobuf), expected);
  assert.deepEqual(protobuf.logs, [], 'no fallback to JSON or to pages was needed');

  for (const asked of [true, false]) {
    const reader = { http, resource: pods, decoder: createPodDecoder(), protobuf: asked };
    const listed = new Map<string, PodRecord>();
    let pages = 0;
    for await (const page of listPages(reader, { pageSize: 2, signal: AbortSignal.timeout(10_000) })) {
      pages += 1;
      for (const { uid, record } of page.entries) listed.set(uid, record);
    }
    assert.ok(pages >= 3);
    assert.deepEqual(listed, expected);
  }

  const byName = new Map([...expected.values()].map((record) => [record.name, record]));
  assert.deepEqual([...byName.keys()].sort(), ['draining', 'dual', 'host', 'keys', 'old', 'pending']);
  assert.deepEqual(byName.get('dual')?.addresses, ['10.20.0.1', 'fd00:10::30']);
  assert.equal(byName.get('draining')?.terminating, true);
  assert.equal(byName.get('host')?.hostNetwork, true);
  assert.equal(byName.get('host')?.serviceAccount, 'agent');
  assert.equal(byName.get('pending')?.node, '');
  assert.equal(byName.get('dual')?.node, 'node-1');
  assert.equal(byName.get('old')?.networkReadyAt, Date.parse('2026-01-02T03:04:05Z'));
  assert.equal(byName.get('keys')?.labels.get('constructor'), 'a');
  assert.equal(
    byName.get('dual')?.labels,
    byName.get('draining')?.labels,
    'equal label sets are one instance',
  );
});

test('changes arrive in both encodings, and a Pod that ends is seen to go', async (context) => {
  const http = httpFor(context, controlPlane.kubeconfig);
  await cluster.createNamespace('moving');
  const both = [observe(context, http), observe(context, http, { protobuf: false })];
  await Promise.all(both.map(synced));
  const pod = { namespace: 'moving', name: 'mover' };
  await cluster.createPod({ ...pod, ips: ['10.30.0.1'], labels: { app: 'one' } });
  await cluster.labelPod(pod, { app: 'two' });
  await cluster.setPodIps(pod, ['10.30.0.2']);
  const other = { namespace: 'moving', name: 'other' };
  await cluster.createPod({ ...other, ips: ['10.30.0.3'] });
  await cluster.setPodPhase(other, 'Failed');
  await cluster.deletePod(pod);
  const told = both.map((observed) => async () => {
    const changes = () => observed.batches.flat().filter(({ record }) => record.namespace === 'moving');
    await waitFor(() => changes().filter(({ type }) => type === 'gone').length === 2, { what: 'both to go' });
    return changes();
  });
  const [protobuf, json] = await Promise.all(told.map((changes) => changes()));
  assert.deepEqual(protobuf, json);
  const gone = protobuf?.filter(({ type }) => type === 'gone');
  assert.deepEqual(
    gone?.map(({ record, origin }) => [record.name, origin, record.addresses]),
    [
      ['other', 'watch', ['10.30.0.3']],
      ['mover', 'watch', ['10.30.0.2']],
    ],
  );
});

test('the check of a position passes for a known version and is refused for one of the future', async (context) => {
  const http = httpFor(context, controlPlane.kubeconfig);
  const signal = AbortSignal.timeout(15_000);
  const list = await http.json<{ metadata: { resourceVersion: string } }>({ path: pods.path, signal });
  const version = Number(list.metadata.resourceVersion);
  const check = (resourceVersion: number) =>
    http.json<{ items: unknown[] }>({
      path: pods.path,
      query: { ...unfinished, limit: 1, resourceVersion, resourceVersionMatch: 'NotOlderThan' },
      signal,
    });
  assert.ok((await check(version)).items.length <= 1);
  await assert.rejects(check(version + 1_000_000), (error) => {
    assert.ok(error instanceof KubeApiError);
    assert.match(error.message, /too large resource version/i);
    return true;
  });
});

test('the audit finds nothing to correct on a healthy watch under way', async (context) => {
  const http = httpFor(context, controlPlane.kubeconfig);
  await cluster.createNamespace('audited');
  let audits = 0;
  const counting: KubeHttp = {
    ...http,
    request: (request) => {
      if (request.query?.['resourceVersionMatch'] === 'Exact') audits += 1;
      return http.request(request);
    },
  };
  const observed = observe(context, counting, { resyncMs: 100 });
  await synced(observed);
  for (let i = 0; i < 20; i += 1) {
    await cluster.createPod({ namespace: 'audited', name: `pod-${i}`, ips: [`10.40.0.${i + 1}`] });
    if (i % 2 === 0) await cluster.deletePod({ namespace: 'audited', name: `pod-${i}` });
  }
  await waitFor(() => audits >= 5, { what: 'five audits' });
  assert.equal(observed.missed(), 0);
  assert.deepEqual(observed.logs, []);
});

test('without rights nothing is synced and the state says what to grant; a grant is noticed', async (context) => {
  await cluster.create('ServiceAccount', { metadata: { namespace: 'shop', name: 'reader' } });
  const token = await cluster.serviceAccountToken('shop', 'reader');
  const http = httpFor(context, await controlPlane.kubeconfigFor({ token }));
  const observed = observe(context, http);
  await observed.until('the refusal', ({ reflector }) => reflector.state().failing?.reason === 'Forbidden');
  const { failing, synced: isSynced } = observed.reflector.state();
  assert.match(
    failing?.message ?? '',
    /list and watch on pods.*system:serviceaccount:shop:reader.*cannot watch/,
  );
  assert.equal(isSynced, false);
  assert.equal(observed.batches.length, 0);

  const metadata = { name: 'pod-reader' };
  await cluster.create('ClusterRole', {
    metadata,
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] }],
  });
  await cluster.create('ClusterRoleBinding', {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'pod-reader' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'shop', name: 'reader' }],
  });
  await synced(observed);
  assert.equal(observed.reflector.state().failing, undefined);
  assert.ok(records(observed).size > 0);
});

test('a wrong token is told apart from missing rights', async (context) => {
  const http = httpFor(context, await controlPlane.kubeconfigFor({ token: 'nobody' }));
  const observed = observe(context, http);
  await observed.until('the refusal', ({ reflector }) => reflector.state().failing !== undefined);
  assert.equal(observed.reflector.state().failing?.reason, 'Unauthorized');
  assert.doesNotMatch(JSON.stringify(observed.logs), /nobody/);
});

test('a resource of which nothing ever happens is well, though the server sends nothing for it', async (context) => {
  const quiet = { path: '/api/v1/persistentvolumes', name: 'persistentvolumes' };
  const http = httpFor(context, controlPlane.kubeconfig);
  const observed = observe(context, http, { resource: quiet, inactivityMs: 300, protobuf: false });
  let wasFailing = false;
  await observed.until('three silences', ({ reflector, restarts }) => {
    wasFailing ||= reflector.state().failing !== undefined;
    return restarts.length >= 3;
  });
  assert.deepEqual([...new Set(observed.restarts)], ['Inactive']);
  assert.equal(wasFailing, false);
  assert.deepEqual(observed.logs, []);
});

test('raw objects are learnt by WatchList in JSON', async (context) => {
  const http = httpFor(context, controlPlane.kubeconfig);
  const names = new Set<unknown>();
  const controller = new AbortController();
  const done = Promise.withResolvers<void>();
  const reflector = createReflector<RawObject>({
    http,
    resource: { path: '/api/v1/namespaces/shop/secrets', name: 'secrets' },
    decoder: rawDecoder,
    sink: {
      apply: (changes) => {
        for (const { record } of changes) names.add((record.object['metadata'] as { name: string }).name);
      },
      synced: () => done.resolve(),
    },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    observer: { watchRestart: () => undefined, missedChange: () => undefined, activity: () => undefined },
  });
  await cluster.createSecret({ namespace: 'shop', name: 'edge-a' }, { apiKey: 'k' });
  const running = reflector.run(controller.signal);
  await done.promise;
  assert.deepEqual([...names], ['edge-a']);
  controller.abort();
  await running;
});

test('a restarted server, to which every old version has expired, is learnt anew without a false change', async (context) => {
  const http = httpFor(context, controlPlane.kubeconfig);
  const observed = observe(context, http);
  await synced(observed);
  const before = observed.batches.length;
  await controlPlane.restart();
  await cluster.createPod({ namespace: 'shop', name: 'after-restart', ips: ['10.50.0.1'] });
  const isThere = () =>
    [...records(observed).values()].some(
      ({ name, addresses }) => name === 'after-restart' && addresses.length > 0,
    );
  await waitFor(isThere, { what: 'the Pod created after the restart', timeoutMs: 40_000 });
  assert.ok(observed.restarts.includes('Expired'), String(observed.restarts));
  const since = observed.batches.slice(before).flat();
  assert.ok(since.every(({ record, type }) => record.name === 'after-restart' && type === 'set'));
  await observed.until('recovery', ({ reflector }) => reflector.state().failing === undefined);
});

test('a server without WatchList is read in pages of its protobuf', async (context) => {
  const old = await startControlPlane({ extraArgs: ['--feature-gates=WatchList=false'] });
  context.after(() => old.stop());
  const admin = connect(old);
  context.after(() => admin.close());
  await admin.createPods([1, 2, 3].map((i) => ({ name: `pod-${i}`, ips: [`10.60.0.${i}`] })));
  const observed = observe(context, httpFor(context, old.kubeconfig));
  await synced(observed);
  assert.ok(observed.logs.some(({ message }) => message.includes('WatchList')));
  assert.deepEqual(observed.restarts, []);
  await admin.deletePod({ namespace: 'default', name: 'pod-2' });
  await observed.until('the deletion', ({ story }) => story().includes('gone pod-2 watch'));
  assert.equal(records(observed).size, 2);
});
