// The simulator as the chart runs it to try things out: bundled, under Node's permission model, with the chart's Secret and hook.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { bundle, simulator } from '../../scripts/bundle.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { connect } from '../harness/cluster.ts';
import { startLeashed } from '../harness/leashed-process.ts';
import { waitFor } from '../harness/wait-for.ts';
import { chartDirectory, only, openHelm } from './helm.ts';

const directory = await mkdtemp(join(tmpdir(), 'pantag-try-'));
const namespace = 'pan-tag-operator';
const plane = await startControlPlane();
const cluster = connect(plane);
const helm = await openHelm(plane.kubeconfig);
await cluster.createNamespace(namespace, { 'pod-security.kubernetes.io/enforce': 'restricted' });
after(async () => {
  await helm[Symbol.asyncDispose]();
  await cluster.close();
  await plane.stop();
  await rm(directory, { recursive: true, force: true });
});

type Container = {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly lifecycle: { readonly postStart: { readonly exec: { readonly command: readonly string[] } } };
};
type Deployment = { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };

const name = 'pan-tag-operator-simulator';
const secretPath = `/api/v1/namespaces/${namespace}/secrets/${name}`;

/** What the kubelet does with the container: starts it, then runs its hook. Ends with the block. */
async function startContainer({
  command,
  args,
  lifecycle,
}: Container): Promise<{ readonly port: string } & AsyncDisposable> {
  // The folder itself lies below /tmp.
  const here = (text: string): string =>
    text
      .replace('/tmp/', `${directory}/tmp/`)
      .replace(/^\/app\//, `${directory}/`)
      .replace(/^(--(?:control-)?port)=\d+$/, '$1=0');
  const process = await startLeashed({
    command: globalThis.process.execPath,
    args: [...command.slice(1), ...args].map(here),
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  process.child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const what = { what: 'its endpoint and its control port', timeoutMs: 20_000 };
  const control = await waitFor(() => /control port +http:\/\/(\S+)/.exec(said)?.[1], what);
  const port = /https:\/\/\S+?:(\d+)/.exec(said)?.[1] ?? assert.fail(said);
  const { hostname, port: apiPort } = new URL(plane.url);
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  const hook = lifecycle.postStart.exec.command
    .slice(1)
    .map((text) => text.replace(account, directory).replace('127.0.0.1:8444', control));
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: apiPort };
  await promisify(execFile)(globalThis.process.execPath, hook, { env, timeout: 60_000 });
  const stop = async (): Promise<void> => {
    await process.stop(10_000);
  };
  return { port, [Symbol.asyncDispose]: stop };
}

type Secret = { readonly data: Readonly<Record<string, string>> };

/** Asks for an API key as the operator would: with what the Secret holds, at the name that the notes tell. */
async function keyFrom(port: string): Promise<string> {
  const { data } = await cluster.request<Secret>('GET', secretPath);
  const held = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString();
  const trusted = { ca: held('ca.crt'), servername: `${name}.${namespace}.svc` };
  const dispatcher = new Agent({ connect: trusted });
  const body = new URLSearchParams({ type: 'keygen', user: held('username'), password: held('password') });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const url = `https://127.0.0.1:${port}/api/`;
  const answer = await request(url, { method: 'POST', dispatcher, body: body.toString(), headers });
  const text = await answer.body.text();
  await dispatcher.close();
  return text;
}

test('its Secret holds what the notes name: credentials that it takes, and the CA of its certificate after each start', async () => {
  const values = await helm.valuesFile({ simulator: { enabled: true } });
  const place = [namespace, chartDirectory, '--namespace', namespace, '--values', values];
  await helm.run('install', ...place);
  const rendered = only(await helm.render({ simulator: { enabled: true } }), 'Deployment', name);
  const container = (rendered['spec'] as Deployment).template.spec.containers[0] ?? assert.fail();
  await mkdir(join(directory, 'tmp'));
  for (const [file, content] of await bundle(simulator, 'test'))
    await writeFile(join(directory, file), content);
  await writeFile(join(directory, 'ca.crt'), await readFile(plane.caFile));
  await writeFile(join(directory, 'token'), await cluster.serviceAccountToken(namespace, name));
  for (const _start of [1, 2]) {
    await using running = await startContainer(container);
    assert.match(await keyFrom(running.port), /<response status = 'success'>.*<key>/);
    await helm.run('upgrade', ...place, '--set', 'replicaCount=1');
    assert.match(await keyFrom(running.port), /<response status = 'success'>.*<key>/, 'after an upgrade');
  }
});

test('its ServiceAccount may change its own Secret, and read none', async () => {
  const may = async (verb: string, secret: string): Promise<boolean> => {
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:serviceaccount:${namespace}:${name}`,
        resourceAttributes: { verb, resource: 'secrets', name: secret, namespace },
      },
    };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    return (await cluster.request<{ status: { allowed: boolean } }>('POST', path, review)).status.allowed;
  };
  assert.deepEqual(
    await Promise.all([may('patch', name), may('patch', 'edge-a'), may('get', name), may('list', '')]),
    [true, false, false, false],
  );
});
