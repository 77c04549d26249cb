// Content of the image, laid out in a folder, and its command line: the Dockerfile's entry point, word for word.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { bundle, operator } from '../../scripts/bundle.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { type OperatorProcess, startCommandLine } from '../harness/operator-process.ts';

export type ImageRun = {
  /** As the Pod's spec has them. */
  readonly args: readonly string[];
  readonly token: string;
  readonly plane: ControlPlane;
};

export type Image = {
  /** Runs it as a container would: non-root, with a ServiceAccount's files, and nothing else in its environment. */
  readonly start: (options: ImageRun & { readonly logFile: string }) => Promise<OperatorProcess>;
  /** The same for a command that ends by itself: what it prints. Rejects when it fails. */
  readonly run: (options: ImageRun) => Promise<string>;
  /** Node with the entry point's grants, on a program of the test's own: what it prints. */
  readonly argv: (args: readonly string[]) => readonly string[];
} & AsyncDisposable;

/** The image's user. */
const user = '65532';
const runLimitMs = 60_000;
const secrets = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The image in a folder of its own. No container engine is asked for: a root file system that is read-only and a user
 * that is not root are what Node's permission model and the system's own rights make of it.
 */
export async function buildImage(): Promise<Image> {
  const directory = await mkdtemp(join(tmpdir(), 'pantag-image-'));
  await chmod(directory, 0o755);
  // The checkout may be where only its owner may read.
  await copyFile(process.execPath, join(directory, 'node'));
  for (const [name, content] of await bundle(operator, 'image')) {
    await writeFile(join(directory, name), content, { mode: 0o444 });
  }
  const entryPoint = await readEntryPoint();
  let pods = 0;
  const argv = (args: readonly string[], serviceAccount = join(directory, 'nobody')): readonly string[] => {
    const here = (text: string): string =>
      text
        .replace('/nodejs/bin/node', join(directory, 'node'))
        .replace(/^\/app\//, `${directory}/`)
        .replace(secrets, serviceAccount);
    return [...asUser(), ...entryPoint.map(here), ...args];
  };
  const inPod = async ({ args, token, plane }: ImageRun) => {
    const serviceAccount = join(directory, `pod-${(pods += 1)}`);
    const kubeconfig = await writeServiceAccount(serviceAccount, token, plane);
    // Two operators cannot both have port 8080 of this machine.
    const env = { KUBECONFIG: kubeconfig, PANTAG_HTTP_ADDRESS: '127.0.0.1:0' };
    return { argv: argv(args, serviceAccount), env };
  };
  return {
    argv,
    start: async ({ logFile, ...pod }) => startCommandLine({ ...(await inPod(pod)), logFile }),
    async run(pod) {
      const { argv: words, env } = await inPod(pod);
      const [command = '', ...args] = words;
      return (await promisify(execFile)(command, args, { env, timeout: runLimitMs })).stdout;
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Of the last stage: the operator's. */
async function readEntryPoint(): Promise<readonly string[]> {
  const dockerfile = await readFile(join(import.meta.dirname, '../../Dockerfile'), 'utf8');
  const line = dockerfile.match(/^ENTRYPOINT (\[.*\])$/gm)?.at(-1);
  assert.ok(line !== undefined, 'the Dockerfile has no ENTRYPOINT');
  const words = JSON.parse(line.replace('ENTRYPOINT ', '')) as readonly string[];
  assert.equal(words[0], '/nodejs/bin/node');
  assert.ok(words.includes('--permission'));
  return words;
}

/** Where the tests run as root, the image's user runs it; elsewhere nobody is root anyway. */
function asUser(): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  return [
    '/usr/bin/setpriv',
    '--reuid',
    user,
    '--regid',
    user,
    '--clear-groups',
    '--no-new-privs',
    '--bounding-set',
    '-all',
  ];
}

/** The files that a kubelet mounts, and a kubeconfig that refers to them as client-node does inside a Pod. */
async function writeServiceAccount(folder: string, token: string, plane: ControlPlane): Promise<string> {
  await mkdir(folder);
  await writeFile(join(folder, 'token'), token);
  await writeFile(join(folder, 'ca.crt'), await readFile(plane.caFile));
  const kubeconfig = join(folder, 'kubeconfig');
  const readsToken = { name: 'tokenFile', config: { tokenFile: join(folder, 'token') } };
  await writeFile(
    kubeconfig,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'pod',
      contexts: [{ name: 'pod', context: { cluster: 'pod', user: 'pod' } }],
      clusters: [
        { name: 'pod', cluster: { server: plane.url, 'certificate-authority': join(folder, 'ca.crt') } },
      ],
      users: [{ name: 'pod', user: { 'auth-provider': readsToken } }],
    }),
  );
  return kubeconfig;
}
