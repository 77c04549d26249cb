// The processes of one local control plane: their flags, their start, and when they are ready.
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { startLeashed, type LeashedProcess } from '../harness/leashed-process.ts';
import { readLogTail, type Layout } from './layout.ts';
import { waitUntilReady } from './readiness.ts';

/** One process that is both (see main.go), or both as envtest has them, in a directory. */
export type Binaries = { readonly whole: string } | { readonly etcd: string; readonly apiserver: string };

export type Start = {
  readonly binaries: Binaries;
  readonly layout: Layout;
  /** 0 takes a free one. */
  readonly port: number;
  readonly extraArgs: readonly string[];
  readonly signal: AbortSignal | undefined;
};

export type Servers = { readonly processes: readonly LeashedProcess[]; readonly port: number };

const portAttempts = 3;
/** An API server spends a third of its CPU on collecting garbage unless it may have some hundred MB more. */
const memory = { GOGC: '400', GOMEMLIMIT: '1GiB' };

/**
 * Resolves when the API server is ready and its first namespaces exist; after 60 s, when a process ends early or
 * signal aborts, it rejects with the end of the log, and nothing runs any more.
 */
export async function startServers(start: Start): Promise<Servers> {
  for (let attempt = 1; ; attempt += 1) {
    const processes: LeashedProcess[] = [];
    try {
      await rm(start.layout.addressFile, { force: true });
      const chosen = await launch(start, processes);
      const { layout, signal } = start;
      return { processes, port: await waitUntilReady({ layout, processes, port: chosen, signal }) };
    } catch (cause) {
      await stopAll(processes);
      start.signal?.throwIfAborted();
      const log = await readLogTail(start.layout);
      if (attempt < portAttempts && log.includes('address already in use')) continue;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`the control plane did not start: ${reason}; its log ends with:\n${log}`, { cause });
    }
  }
}

/** Ends the API server before the etcd that it needs to end well, and for which a paused one is woken first. */
export async function stopAll(processes: readonly LeashedProcess[]): Promise<void> {
  for (const process of processes) process.signal('SIGCONT');
  for (const process of processes.toReversed()) await process.stop(10_000);
}

/** Fills processes as they start, so that a failure in between can end them; returns the port, 0 if not known yet. */
async function launch(start: Start, processes: LeashedProcess[]): Promise<number> {
  const { binaries, layout } = start;
  if ('whole' in binaries) {
    const args = [`--data-dir=${layout.dataDirectory}`, ...apiServerArguments(start, start.port)];
    processes.push(await run(binaries.whole, args, layout));
    return 0;
  }
  const etcdUrl = `http://127.0.0.1:${await findFreePort()}`;
  const port = start.port || (await findFreePort());
  processes.push(await run(binaries.etcd, etcdArguments(layout, etcdUrl), layout));
  const args = [`--etcd-servers=${etcdUrl}`, '--bind-address=127.0.0.1', ...apiServerArguments(start, port)];
  processes.push(await run(binaries.apiserver, args, layout));
  return port;
}

function apiServerArguments({ layout, extraArgs }: Start, port: number): readonly string[] {
  return [
    `--secure-port=${port}`,
    `--cert-dir=${layout.certDirectory}`,
    '--advertise-address=127.0.0.1',
    // The Service 'kubernetes' cannot point at loopback; trying to would be an error in the log every 10 s.
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--allow-privileged=true',
    '--authorization-mode=RBAC',
    // No controller makes ServiceAccounts here, and this plugin refuses Pods without one.
    '--disable-admission-plugins=ServiceAccount',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${layout.verifyingKeyFile}`,
    `--service-account-signing-key-file=${layout.signingKeyFile}`,
    `--token-auth-file=${layout.tokenFile}`,
    // With the default, SIGTERM waits half a minute for open watches.
    '--shutdown-watch-termination-grace-period=2s',
    ...extraArgs,
  ];
}

function etcdArguments(layout: Layout, url: string): readonly string[] {
  return [
    `--data-dir=${layout.dataDirectory}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    '--listen-peer-urls=http://127.0.0.1:0',
    '--unsafe-no-fsync',
    `--quota-backend-bytes=${8 * 2 ** 30}`,
    '--log-level=error',
  ];
}

async function run(command: string, args: readonly string[], layout: Layout): Promise<LeashedProcess> {
  await using output = await open(layout.addressFile, 'a');
  await using log = await open(layout.logFile, 'a');
  return await startLeashed({
    command,
    args,
    cwd: layout.directory,
    env: { ...memory, ...process.env },
    stdio: ['ignore', output.fd, log.fd],
    temporaryDirectory: layout.directory,
  });
}

/** Free now; somebody else may take it before its user does, which then has to try again. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
