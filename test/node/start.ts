// Starts a node: a one-node Kubernetes in namespaces of its own, which ends with the process that started it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { waitFor } from '../harness/wait-for.ts';
import { writeConfiguration } from './configuration.ts';
import { writeCredentials } from './credentials.ts';
import { builtOperator, images } from './images.ts';
import { layoutOf, network, nodeName, type NodeLayout } from './layout.ts';
import { attach, readLogTails, type KubeNode } from './node.ts';
import { type PartPrograms, quote, writeParts } from './parts.ts';

export type NodeParts = PartPrograms & {
  /** Of ensurePackages. */
  readonly packages: string;
  readonly helm: string;
  /** Writes OCI archives, with the images' names in them, into a folder and returns their paths; called during the start. */
  readonly buildImages: (folder: string) => Promise<readonly string[]>;
};

export type StartedNode = KubeNode & {
  /** What each step of the start took, in ms. */
  readonly steps: ReadonlyMap<string, number>;
  /** Copies the logs of the node into a new directory below the system's temporary one, and returns it. */
  readonly keepLogs: () => Promise<string>;
  /** Ends the node and removes all that it left; harmless when repeated. */
  readonly stop: () => Promise<void>;
} & AsyncDisposable;

/**
 * Resolves when the node is Ready, in about 10 s. Nothing of it outlives this process, however that ends. Rejects within
 * about two minutes, with the ends of the logs, and leaves nothing then either.
 */
export async function startNode(parts: NodeParts): Promise<StartedNode> {
  const layout = layoutOf(await mkdtemp(join(tmpdir(), 'pantag-node-')));
  await writeState(layout, parts);
  const supervisor = superviseIn(layout);
  const stop = async (): Promise<void> => {
    supervisor.ref();
    supervisor.stdin?.end();
    if (supervisor.exitCode === null) await once(supervisor, 'exit');
  };
  const steps = new Map<string, number>();
  try {
    const node = await boot(layout, parts, steps);
    return {
      ...node,
      steps,
      async keepLogs() {
        const kept = await mkdtemp(join(tmpdir(), 'pantag-node-logs-'));
        await cp(layout.log, kept, { recursive: true });
        return kept;
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (cause) {
    const logs = await readLogTails(layout);
    await stop();
    throw new Error(`the node did not start: ${String(cause)}; its logs end with:\n${logs}`, { cause });
  }
}

async function writeState(layout: NodeLayout, { packages, helm, ...programs }: NodeParts): Promise<void> {
  const folders = ['bin', 'home', 'keys', 'log', 'run', 'cni', 'kubeconfig', 'parts', 'tmp', 'var-log'];
  const libraries = ['containerd', 'kubelet', 'cni'].map((name) => `var-lib/${name}`);
  for (const name of [...folders, ...libraries]) await mkdir(join(layout.state, name), { recursive: true });
  const settings = { PACKAGES: packages, NODE_NAME: nodeName, NODE_ADDRESS: network.node };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${quote(value)}\n`);
  await writeFile(join(layout.state, 'settings'), lines.join(''));
  const kubectl = join(layout.bin, 'kubectl');
  await writeFile(kubectl, `#!/bin/sh\nexec ${quote(programs.kubeNode)} kubectl "$@"\n`);
  await chmod(kubectl, 0o755);
  await symlink(helm, join(layout.bin, 'helm'));
  await writeCredentials(layout);
  await writeConfiguration(layout);
  await writeParts(layout, programs);
}

/** In a session of its own: Ctrl-C reaches this process only, and the node ends when the pipe does. */
function superviseIn({ state }: NodeLayout): ChildProcess {
  const script = join(import.meta.dirname, 'rig/supervise.sh');
  const supervisor = spawn('bash', [script, state], { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
  supervisor.stdin?.on('error', () => undefined);
  supervisor.unref();
  return supervisor;
}

async function boot(layout: NodeLayout, parts: NodeParts, steps: Map<string, number>): Promise<KubeNode> {
  const timed = async <T>(name: string, step: () => Promise<T>): Promise<T> => {
    const begun = performance.now();
    try {
      return await step();
    } finally {
      steps.set(name, performance.now() - begun);
    }
  };
  const node = await timed('namespaces', async () => {
    await untilThere(join(layout.run, 'ready'));
    return attach(layout.state);
  });
  for (const part of ['containerd', 'etcd', 'kube-apiserver'] as const) await node.startPart(part);
  await Promise.all([
    timed('images', () => importImages(node, parts)),
    timed('API server', () => node.apiServerReady()),
  ]);
  // A Pod before its image would ask a registry that nobody can reach.
  const others = ['kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'dns'] as const;
  for (const part of others) await node.startPart(part);
  await timed('node Ready', async () => {
    await node.kubectl(['wait', '--for=create', `node/${nodeName}`, '--timeout=60s']);
    await node.kubectl(['wait', '--for=condition=Ready', `node/${nodeName}`, '--timeout=60s']);
    await node.kubectl(['wait', '--for=create', 'serviceaccount/default', '--timeout=60s']);
  });
  return node;
}

async function untilThere(file: string): Promise<void> {
  const look = (): Promise<boolean> => access(file).then(() => true);
  await waitFor(look, { what: basename(file), timeoutMs: 20_000, intervalMs: 20 });
}

async function importImages(node: KubeNode, { buildImages }: NodeParts): Promise<void> {
  const folder = join(node.layout.state, 'images');
  const archives = await buildImages(folder);
  const ctr = (...args: readonly string[]): Promise<string> =>
    node.exec(['ctr', '--namespace', 'k8s.io', '--connect-timeout', '2s', ...args]);
  await waitFor(() => ctr('version'), { what: 'containerd', timeoutMs: 30_000, intervalMs: 50 });
  for (const archive of archives) await ctr('images', 'import', archive);
  await rm(folder, { recursive: true, force: true });
  await ctr('images', 'tag', builtOperator, images.operator);
}
