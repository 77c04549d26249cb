// The test control plane: what tests build on, tried on the real thing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { Agent, request } from 'undici';
import { connect } from '../harness/cluster.ts';
import { waitFor } from '../harness/wait-for.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';

const shared = await startControlPlane();
after(() => shared.stop());

/** The status of one call, or the error code when there is no answer within a second or two. */
async function call(
  plane: Pick<ControlPlane, 'url' | 'caData'>,
  path: string,
  token = '',
): Promise<number | string> {
  await using agent = makeAgent(plane);
  try {
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
    const { statusCode, body } = await request(`${plane.url}${path}`, { dispatcher: agent, headers });
    await body.dump();
    return statusCode;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

function makeAgent({ caData }: Pick<ControlPlane, 'caData'>): Agent & AsyncDisposable {
  const agent = new Agent({ allowH2: false, headersTimeout: 1_000, connect: { ca: caData, timeout: 1_000 } });
  return Object.assign(agent, { [Symbol.asyncDispose]: () => agent.destroy() });
}

test('it is ready, with the namespaces that every cluster has', async () => {
  await using cluster = connect(shared);
  assert.equal(await call(shared, '/readyz'), 200);
  const namespaces = await cluster.list('Namespace');
  assert.deepEqual(
    ['default', 'kube-system'].filter((name) => namespaces.some(({ metadata }) => metadata.name === name)),
    ['default', 'kube-system'],
  );
});

test('an unknown token is refused and the administrator is let in', async () => {
  assert.equal(await call(shared, '/api/v1/pods', 'not-a-token'), 401);
  assert.equal(await call(shared, '/api/v1/pods'), 403);
  assert.equal(await call(shared, '/api/v1/pods', shared.adminToken), 200);
});

test("the administrator's kubeconfig signs in and verifies the server by its CA", async () => {
  const config = new KubeConfig();
  config.loadFromFile(shared.kubeconfig);
  assert.notEqual(config.getCurrentCluster()?.skipTLSVerify, true);
  const pods = await config.makeApiClient(CoreV1Api).listNamespace();
  assert.ok(pods.items.length > 0);
});

test('a ServiceAccount token may do what its role grants, also through a kubeconfig of its own', async () => {
  await using admin = connect(shared);
  const ref = { namespace: 'default', name: 'reader' };
  await admin.create('ServiceAccount', { metadata: ref });
  const token = await admin.serviceAccountToken(ref.namespace, ref.name);
  assert.equal(await call(shared, '/api/v1/pods', token), 403);
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }];
  await admin.create('ClusterRole', { metadata: { name: 'reader' }, rules });
  await admin.create('ClusterRoleBinding', {
    metadata: { name: 'reader' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', ...ref }],
  });
  const config = new KubeConfig();
  config.loadFromFile(await shared.kubeconfigFor({ token }));
  const list = (): Promise<{ items: unknown[] }> => config.makeApiClient(CoreV1Api).listPodForAllNamespaces();
  assert.ok(Array.isArray((await waitFor(list, { what: 'the role to take effect' })).items));
  assert.equal(await call(shared, '/api/v1/secrets', token), 403);
});

test('a watch with sendInitialEvents lists what is there, marks the end, and goes on', async () => {
  await using cluster = connect(shared);
  await cluster.createNamespace('watched');
  await cluster.createPods(['a', 'b'].map((name) => ({ name, namespace: 'watched', ips: ['10.0.0.1'] })));
  const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  await using agent = makeAgent(shared);
  const { body } = await request(`${shared.url}/api/v1/namespaces/watched/pods?${query}`, {
    dispatcher: agent,
    headers: { authorization: `Bearer ${shared.adminToken}` },
    signal: AbortSignal.timeout(10_000),
  });
  const events: string[] = [];
  const lines = createInterface({ input: body });
  lines.on('line', (line) => events.push(describeEvent(line)));
  lines.on('error', () => undefined);
  await waitFor(() => events.length >= 3, { what: 'the initial events' });
  assert.deepEqual(events, ['ADDED a', 'ADDED b', 'BOOKMARK initial-events-end']);
  await cluster.deletePod({ namespace: 'watched', name: 'a' });
  await waitFor(() => events.includes('DELETED a'), { what: 'the deletion' });
});

test('a restart keeps address, certificate, tokens and data, also after a kill', async () => {
  await using plane = await startControlPlane();
  await using cluster = connect(plane);
  await cluster.createNamespace('kept');
  await cluster.create('ServiceAccount', { metadata: { name: 'kept', namespace: 'kept' } });
  const token = await cluster.serviceAccountToken('kept', 'kept');
  await plane.restart();
  assert.equal((await cluster.get('Namespace', { name: 'kept' })).metadata.name, 'kept');
  await plane.kill();
  assert.equal(await call(plane, '/readyz'), 'ECONNREFUSED');
  await plane.restart();
  assert.equal((await cluster.get('Namespace', { name: 'kept' })).metadata.name, 'kept');
  assert.equal(
    await call(plane, '/api/v1/pods', token),
    403,
    'the token is still known, its holder may do nothing',
  );
});

test('a paused control plane keeps connections and says nothing until it is resumed', async () => {
  await using plane = await startControlPlane();
  plane.pause();
  assert.match(String(await call(plane, '/readyz')), /_TIMEOUT$/);
  plane.resume();
  await waitFor(async () => (await call(plane, '/readyz')) === 200, { what: 'an answer' });
  plane.pause();
  await plane.stop();
  assert.equal(await call(plane, '/readyz'), 'ECONNREFUSED');
});

test('stop ends the process in a few seconds though a watch is open, and removes its directory', async () => {
  const plane = await startControlPlane();
  await using agent = makeAgent(plane);
  const { body } = await request(`${plane.url}/api/v1/namespaces?watch=1`, {
    dispatcher: agent,
    headers: { authorization: `Bearer ${plane.adminToken}` },
  });
  body.on('error', () => undefined).resume();
  const begun = performance.now();
  await plane.stop();
  assert.ok(performance.now() - begun < 8_000, 'far from the 10 s after which it is killed');
  assert.equal(await call(plane, '/readyz'), 'ECONNREFUSED');
  assert.equal(existsSync(dirname(plane.kubeconfig)), false);
  await plane.stop();
});

for (const state of ['running', 'paused']) {
  test(`a ${state} control plane ends with the process that started it, and leaves no directory`, async () => {
    const { parent, plane } = await startInAnotherProcess(state === 'paused');
    assert.ok(existsSync(dirname(plane.kubeconfig)));
    parent.kill('SIGKILL');
    await waitFor(async () => (await call(plane, '/readyz')) === 'ECONNREFUSED', {
      what: 'the process to end',
    });
    await waitFor(() => !existsSync(dirname(plane.kubeconfig)), { what: 'the directory to go' });
  });
}

test('a start that fails says why, with the end of the log, and at once', async () => {
  const begun = performance.now();
  await assert.rejects(
    startControlPlane({ extraArgs: ['--no-such-flag'] }),
    /did not start.*unknown flag.*no-such-flag/s,
  );
  assert.ok(performance.now() - begun < 20_000);
});

test('an aborted start rejects with the reason and leaves nothing', async () => {
  const reason = new Error('changed my mind');
  const start = startControlPlane({ signal: AbortSignal.abort(reason) });
  await assert.rejects(start, reason);
  const stop = new AbortController();
  const late = startControlPlane({ signal: stop.signal });
  setTimeout(() => stop.abort(reason), 300);
  await assert.rejects(late, reason);
});

function describeEvent(line: string): string {
  const { type, object } = JSON.parse(line) as {
    type: string;
    object: { metadata: { name?: string; annotations?: Record<string, string> } };
  };
  const atEnd = object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
  return `${type} ${atEnd ? 'initial-events-end' : object.metadata.name}`;
}

type Started = Pick<ControlPlane, 'url' | 'caData' | 'kubeconfig'>;

async function startInAnotherProcess(
  pause: boolean,
): Promise<{ parent: { kill(name: 'SIGKILL'): void }; plane: Started }> {
  const script = `
    import { startControlPlane } from ${JSON.stringify(join(import.meta.dirname, 'control-plane.ts'))};
    const plane = await startControlPlane();
    if (${pause}) plane.pause();
    console.log(JSON.stringify({ url: plane.url, caData: plane.caData, kubeconfig: plane.kubeconfig }));
    setTimeout(() => undefined, 60_000);
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line', {
    signal: AbortSignal.timeout(60_000),
  })) as [string];
  return { parent: { kill: (name) => void parent.kill(name) }, plane: JSON.parse(line) as Started };
}
