// helm uninstall with uninstall.purge=true before a real API server, with one firewall that cannot be purged at first. No
// controller and no kubelet runs here: the test does what they would do with the hook's Job, its own commands included.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { startControlPlane } from '../control-plane/control-plane.ts';
import type { KubernetesObject } from '../harness/api-client.ts';
import { operatorProgram } from '../harness/operator-process.ts';
import { waitFor } from '../harness/wait-for.ts';
import { operatorNamespace as namespace, Stage, type StagedDevice } from '../scenarios/stage.ts';
import { chartDirectory, openHelm } from './helm.ts';

const directory = await mkdtemp(join(tmpdir(), 'pantag-uninstall-'));
const plane = await startControlPlane();
const stage = new Stage(plane, await mkdtemp(join(tmpdir(), 'pantag-uninstall-stage-')));
const helm = await openHelm(plane.kubeconfig);
after(async () => {
  await helm[Symbol.asyncDispose]();
  await stage.close();
  await rm(directory, { recursive: true, force: true });
});
const { cluster } = stage;
const jobPath = `/apis/batch/v1/namespaces/${namespace}/jobs/pan-tag-operator-uninstall`;

type Container = {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly terminationMessagePolicy?: string;
};
type Job = KubernetesObject & {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly initContainers: readonly Container[];
        readonly containers: readonly Container[];
      };
    };
  };
};

/** The first container of the Job: as it is called there, the files of its ServiceAccount at another place. */
async function scaleToZero({ command = [], env = [] }: Container): Promise<string> {
  const secrets = '/var/run/secrets/kubernetes.io/serviceaccount';
  const here = (text: string) => text.replaceAll(secrets, directory);
  await writeFile(join(directory, 'token'), await cluster.serviceAccountToken(namespace, namespace));
  await writeFile(join(directory, 'ca.crt'), await readFile(plane.caFile));
  const { hostname, port } = new URL(plane.url);
  const given = Object.fromEntries(env.map(({ name, value }) => [name, here(value)]));
  const place = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  const options = { env: { ...given, ...place }, timeout: 60_000 };
  return (await promisify(execFile)(process.execPath, command.slice(1).map(here), options)).stdout;
}

type Ended = { readonly code: number | null; readonly log: string; readonly lines: readonly string[] };

/** The second one: the arguments of the Job, under the rights of its ServiceAccount. */
async function purge({ args = [], terminationMessagePolicy }: Container): Promise<Ended> {
  assert.equal(terminationMessagePolicy, 'FallbackToLogsOnError', 'the end of its log is its message');
  const token = await cluster.serviceAccountToken(namespace, namespace);
  const env = { KUBECONFIG: await plane.kubeconfigFor({ token }) };
  const child = spawn(process.execPath, [operatorProgram, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [log, told] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    log += String(chunk);
    told += String(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    log += String(chunk);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, log, lines: told.trimEnd().split('\n') };
}

/** What the Job's controller writes when its only Pod has ended. */
async function endJob(succeeded: boolean): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const [before, last] = succeeded ? ['SuccessCriteriaMet', 'Complete'] : ['FailureTarget', 'Failed'];
  const reason = succeeded ? 'CompletionsReached' : 'BackoffLimitExceeded';
  const message = succeeded
    ? 'Reached expected number of succeeded pods'
    : 'Job has reached the backoff limit';
  const conditions = [before, last].map((type) => ({
    type,
    status: 'True',
    reason,
    message,
    lastProbeTime: now,
    lastTransitionTime: now,
  }));
  const counts = succeeded ? { succeeded: 1, completionTime: now } : { failed: 1 };
  const job = await cluster.request<Job>('GET', jobPath);
  const status = { startTime: now, conditions, ...counts };
  await cluster.request('PUT', `${jobPath}/status`, { ...job, status });
}

type Uninstall = Ended & { readonly scaled: string; readonly helm: string | undefined };

/** Runs helm uninstall, and the Job that it makes. `helm`: why it failed. */
async function uninstall(): Promise<Uninstall> {
  const former = await cluster.request<Job>('GET', jobPath).catch(() => undefined);
  const running = helm
    .run('uninstall', 'pan-tag-operator', '--namespace', namespace, '--timeout', '100s')
    .then(
      () => undefined,
      (error: unknown) => String(error),
    );
  const made = async (): Promise<Job | undefined> => {
    const job = await cluster.request<Job>('GET', jobPath).catch(() => undefined);
    return job?.metadata.uid === former?.metadata.uid ? undefined : job;
  };
  const job = (await waitFor(made, { what: "the hook's Job", timeoutMs: 30_000 })) ?? assert.fail();
  const { initContainers, containers } = job.spec.template.spec;
  const scaled = await scaleToZero(initContainers[0] ?? assert.fail());
  const ended = await purge(containers[0] ?? assert.fail());
  await endJob(ended.code === 0);
  return { ...ended, scaled, helm: await running };
}

async function registered(name: string): Promise<StagedDevice> {
  const fw = await stage.firewall({
    name,
    foreignOn: ['10.1.0.1'],
    spec: { deletionPolicy: 'Purge', purgeTimeoutSeconds: 3 },
  });
  await stage.policy({ name }, { firewallNames: [name], namespaceSelector: {}, tags: [{ template: 'all' }] });
  await fw.holds({ '10.1.0.1': ['all'] });
  await waitFor(() => fw.marks().length === 1, { what: 'the mark of ownership' });
  return fw;
}

const exists = (kind: 'Deployment' | 'ServiceAccount') => {
  const [group, plural] = kind === 'Deployment' ? ['apis/apps', 'deployments'] : ['api', 'serviceaccounts'];
  const path = `/${group}/v1/namespaces/${namespace}/${plural}/pan-tag-operator`;
  return cluster.request('GET', path).then(
    () => true,
    () => false,
  );
};

test('an uninstall that cannot purge one firewall names it and the way on, and is tried anew once that is mended', {
  timeout: 240_000,
}, async () => {
  await cluster.createNamespace(namespace);
  const values = await helm.valuesFile({ uninstall: { purge: true } });
  await helm.run('install', 'pan-tag-operator', chartDirectory, '--namespace', namespace, '--values', values);
  await cluster.createNamespace('shop');
  await cluster.createPods([{ namespace: 'shop', name: 'web', ips: ['10.1.0.1'] }]);
  const operator = await stage.startOperator();
  await using alive = await registered('alive');
  await using dead = await registered('dead');
  for (const name of ['alive', 'dead']) await stage.says('PanFirewall', { name }, 'InSync');
  // As the kubelet would, once the Deployment is scaled to 0.
  await operator.stop();
  dead.simulator.inject({ fault: 'reset' });

  const first = await uninstall();
  assert.match(first.scaled, /is scaled to 0\n/);
  assert.equal(first.code, 1, first.log);
  assert.ok(first.lines.includes('alive: purged, 1 addresses unregistered'), first.log);
  assert.ok(first.lines.some((line) => line.startsWith('dead: NOT purged, tags may remain: ')));
  // What a Pod's status keeps of a log: 2048 bytes.
  const message = first.log.slice(-2048);
  assert.match(message, /next step for dead: .* helm uninstall.* again.*: kubectl delete panfw dead\n/);
  assert.doesNotMatch(first.log, /delete panfw alive/);
  assert.match(first.helm ?? '', /pan-tag-operator-uninstall not ready\. status: Failed/);
  await cluster.request('GET', jobPath);
  assert.equal(await exists('Deployment'), true);
  assert.deepEqual([alive.owned(), alive.marks()], [{}, []]);
  assert.deepEqual(dead.owned(), { '10.1.0.1': ['all'] });
  const { conditions } = await stage.says('PanFirewall', { name: 'dead' }, 'Purging');
  assert.match(conditions?.[0]?.message ?? '', /^NOT purged, .*: kubectl delete panfw dead$/);

  dead.simulator.clearFaults();
  const second = await uninstall();
  assert.equal(second.code, 0, second.log);
  assert.deepEqual(second.lines.toSorted(), [
    'alive: purged, 0 addresses unregistered',
    'dead: purged, 1 addresses unregistered',
  ]);
  assert.equal(second.helm, undefined);
  for (const fw of [alive, dead]) assert.deepEqual([fw.owned(), fw.marks()], [{}, []]);
  for (const kind of ['Deployment', 'ServiceAccount'] as const) assert.equal(await exists(kind), false, kind);
  assert.equal((await helm.run('list', '--short', '--namespace', namespace)).trim(), '');
  const left = (await cluster.list('PanFirewall')).flatMap(({ metadata }) => metadata.finalizers ?? []);
  assert.deepEqual(left, []);
});
