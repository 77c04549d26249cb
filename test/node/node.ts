// A running node as scenarios use it: commands in it, its parts, its DNS, its Pods' addresses.
import { execFile, type ExecFileException } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterAccess } from '../control-plane/access.ts';
import { waitFor } from '../harness/wait-for.ts';
import { writePodNetwork, type PodRange } from './configuration.ts';
import { layoutOf, network, type Identity, type NodeLayout } from './layout.ts';
import { partNames, quote, type PartName } from './parts.ts';

/** What the cluster's DNS says beside the names of Services; '*' in a list is every name. */
export type DnsRules = {
  /** Host name -> IPv4 addresses; before what the cluster knows of it. */
  readonly answers?: Readonly<Record<string, readonly string[]>>;
  /** No reply at all. */
  readonly silent?: readonly string[];
  /** SERVFAIL. */
  readonly failing?: readonly string[];
  /** NXDOMAIN for a Service's name. */
  readonly unknown?: readonly string[];
};

export type ExecOptions = {
  /** On standard input. */
  readonly input?: string;
  /** Default 120,000. */
  readonly timeoutMs?: number;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
};

export type KubeNode = {
  /** The administrator's access, for connect() of test/harness/cluster.ts. */
  readonly access: ClusterAccess;
  readonly layout: NodeLayout;
  /** Path of the kubeconfig of the administrator or of a part. */
  readonly kubeconfig: (identity?: Identity) => string;
  /** Runs a program in the node and returns its standard output; rejects with what it said on standard error. */
  readonly exec: (command: readonly string[], options?: ExecOptions) => Promise<string>;
  /** kubectl as the administrator. */
  readonly kubectl: (args: readonly string[], options?: ExecOptions) => Promise<string>;
  /** Pastes commands into bash in the repository's folder, with kubectl and helm on the PATH; stops at the first failure. */
  readonly shell: (commands: string, options?: ExecOptions) => Promise<string>;
  readonly startPart: (name: PartName) => Promise<void>;
  /** Sends the signal (default SIGTERM) and resolves when the part has ended. */
  readonly stopPart: (name: PartName, signal?: NodeJS.Signals) => Promise<void>;
  /** Stops and starts it; resolves when the API server is ready. */
  readonly restart: (name: PartName, signal?: NodeJS.Signals) => Promise<void>;
  /** Resolves when the API server says that it is ready. */
  readonly apiServerReady: (timeoutMs?: number) => Promise<void>;
  readonly logOf: (name: PartName) => Promise<string>;
  /** Replaces what the DNS says; {} is the normal state. */
  readonly setDns: (rules: DnsRules) => Promise<void>;
  /** Sets the addresses, within network.pods, that new Pods get. undefined: all of them. */
  readonly setPodRange: (range?: PodRange) => Promise<void>;
};

/** What was left in the background would keep the standard output open. */
const endJobs = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT";
const repository = join(import.meta.dirname, '../..');

/** Opens the node that `npm run test:node` has started for the scenarios. */
export async function openNode(): Promise<KubeNode> {
  const state = process.env['PANTAG_TEST_NODE'];
  if (state === undefined) throw new Error('no node runs for this file; use: npm run test:node -- FILE');
  return attach(state);
}

/** @param state the directory of a node that startNode has started. */
export async function attach(state: string): Promise<KubeNode> {
  const layout = layoutOf(state);
  const processId = await findProcess(layout);
  const [adminToken, caData] = await Promise.all([
    readFile(layout.adminToken, 'utf8'),
    readFile(join(layout.keys, 'ca.crt'), 'utf8'),
  ]);
  const exec: KubeNode['exec'] = (command, options) => enter(layout, processId, command, options);
  const kubectl: KubeNode['kubectl'] = (args, options) =>
    exec([join(layout.bin, 'kubectl'), ...args], options);
  const apiServerReady = async (timeoutMs = 60_000): Promise<void> => {
    const look = () => kubectl(['get', '--raw', '/readyz', '--request-timeout=5s']);
    await waitFor(look, { what: 'the API server to be ready', timeoutMs, intervalMs: 100 });
  };
  const idFile = (name: PartName): string => join(layout.run, `${name}.pid`);
  const startPart = async (name: PartName): Promise<void> => {
    await rm(idFile(name), { force: true });
    await writeFile(layout.orders, `${name}\n`);
    await waitFor(() => readFile(idFile(name), 'utf8'), { what: `${name} to start`, intervalMs: 10 });
  };
  const stopPart = async (name: PartName, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    const file = quote(idFile(name));
    const script = `kill -s ${signal.slice(3)} $(cat ${file}); while kill -0 $(cat ${file}); do sleep 0.05; done`;
    await exec(['bash', '-c', `${script} 2>/dev/null || true`]);
  };
  return {
    access: { url: `https://${network.node}:${network.apiServerPort}`, caData, adminToken },
    layout,
    kubeconfig: (identity = 'admin') => layout.kubeconfig(identity),
    exec,
    kubectl,
    shell: (commands, options) =>
      exec(['bash', '-euo', 'pipefail', '-c', `${endJobs}\n${commands}`], options),
    startPart,
    stopPart,
    async restart(name, signal) {
      await stopPart(name, signal);
      await startPart(name);
      await apiServerReady();
    },
    apiServerReady,
    logOf: (name) => readFile(join(layout.log, `${name}.log`), 'utf8'),
    async setDns(rules) {
      await writeFile(`${layout.dnsRules}.new`, JSON.stringify(rules));
      await rename(`${layout.dnsRules}.new`, layout.dnsRules);
    },
    setPodRange: (range = { first: network.firstPod, last: network.lastPod }) =>
      writePodNetwork(layout, range),
  };
}

/** The number that process 1 of the node has outside. */
export async function findProcess({ run }: NodeLayout): Promise<number> {
  const outer = (await readFile(join(run, 'unshare.pid'), 'utf8')).trim();
  const children = await readFile(`/proc/${outer}/task/${outer}/children`, 'utf8');
  const processId = Number.parseInt(children, 10);
  if (Number.isNaN(processId)) throw new Error('process 1 of the node does not run');
  return processId;
}

/** Which command shows what ended a scenario: the ends of all logs. */
export async function readLogTails({ log }: NodeLayout, lines = 15): Promise<string> {
  const tails = [...partNames, 'init'].map(async (name) => {
    const text = await readFile(join(log, `${name}.log`), 'utf8').catch(() => '');
    return text === '' ? '' : `== ${name}\n${text.trimEnd().split('\n').slice(-lines).join('\n')}\n`;
  });
  return (await Promise.all(tails)).join('');
}

async function enter(
  layout: NodeLayout,
  processId: number,
  command: readonly string[],
  { input = '', timeoutMs = 120_000, env = {} }: ExecOptions = {},
): Promise<string> {
  const spaces = ['--mount', '--net', '--pid', '--uts', '--ipc', '--cgroup'];
  const args = ['--target', String(processId), ...spaces, `--wd=${repository}`, '--', ...command];
  const options = {
    env: {
      ...process.env,
      PATH: `${layout.bin}:${process.env['PATH']}`,
      HOME: layout.home,
      KUBECONFIG: layout.kubeconfig('admin'),
      ...env,
    },
    timeout: timeoutMs,
    killSignal: 'SIGKILL' as const,
    maxBuffer: 64 * 2 ** 20,
  };
  return new Promise((resolve, reject) => {
    const child = execFile('nsenter', args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(describe(error, command, stdout + stderr));
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

function describe(error: ExecFileException, command: readonly string[], output: string): Error {
  const how = error.killed ? 'took too long' : `ended with ${error.code ?? error.signal}`;
  return new Error(`${command.join(' ').slice(0, 300)} ${how}:\n${output.trimEnd().slice(-4_000)}`);
}
