// A real Kubernetes API server for tests: kube-apiserver and etcd on loopback, without containers or downloads.
import { access, constants, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderKubeconfig, type ClusterAccess } from './access.ts';
import { ensureControlPlaneBinary } from './build.ts';
import { readGivenCluster } from './given-cluster.ts';
import { borrow } from './pool.ts';
import { makeLayout, readLogTail, type Layout } from './layout.ts';
import { startServers, stopAll, type Binaries, type Servers } from './servers.ts';

export type ControlPlaneOptions = {
  /** Where etcd keeps its data; stays when the control plane stops. Default: in the temporary directory. */
  readonly dataDir?: string;
  /** kube-apiserver's own flags, after those that every test gets: '--feature-gates=WatchList=false'. */
  readonly extraArgs?: readonly string[];
  /** Gives up the start; a control plane that has started is stopped by stop(). */
  readonly signal?: AbortSignal;
};

export type ControlPlane = ClusterAccess & {
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of a PEM file with caData. */
  readonly caFile: string;
  /** Writes a kubeconfig and returns its path; token defaults to the administrator's, url to this server's. */
  readonly kubeconfigFor: (user: { readonly token?: string; readonly url?: string }) => Promise<string>;
  /** Others had it before: what they left is still there. */
  readonly isUsed: boolean;
  /** The processes, for measuring them; none for a given cluster. */
  readonly processIds: () => readonly number[];
  /** The end of the servers' log. */
  readonly logTail: (lines?: number) => Promise<string>;
  /** Ends the processes and removes what they wrote, but for dataDir. Harmless when repeated. */
  readonly stop: () => Promise<void>;
  /** Ends what runs and starts again on the same port and data; every earlier resourceVersion is then too old. */
  readonly restart: () => Promise<void>;
  /** SIGKILL: what a lost node looks like. restart() brings it back. */
  readonly kill: () => Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  readonly pause: () => void;
  readonly resume: () => void;
} & AsyncDisposable;

/**
 * Starts a control plane in about 2 s: the cluster of PANTAG_TEST_KUBECONFIG when that is set (as it is: it cannot
 * be restarted or paused), else etcd and kube-apiserver from the directory KUBEBUILDER_ASSETS, else the built one.
 * There are no controllers: Pods run when their status says so, and deleted namespaces stay. It never outlives this
 * process. Rejects within 60 s (a missing build comes on top) with the end of the server's log.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const given = process.env['PANTAG_TEST_KUBECONFIG'];
  return given ? useGivenCluster(given) : startLocal(options);
}

async function startLocal(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { dataDir, extraArgs = [], signal } = options;
  const binaries = await findBinaries(signal);
  const layout = await makeLayout(dataDir);
  let servers: Servers;
  try {
    servers = await startServers({ binaries, layout, port: 0, extraArgs, signal });
  } catch (error) {
    await rm(layout.directory, { recursive: true, force: true });
    throw error;
  }
  const { port } = servers;
  const clusterAccess = await readAccess(layout, port);
  const stop = async (): Promise<void> => {
    await stopAll(servers.processes);
    await rm(layout.directory, { recursive: true, force: true });
  };
  const signalAll = (name: NodeJS.Signals): void =>
    servers.processes.forEach((process) => process.signal(name));
  return {
    ...(await describe(clusterAccess, layout.directory)),
    caFile: layout.caFile,
    isUsed: false,
    processIds: () => servers.processes.map(({ pid }) => pid),
    logTail: (lines) => readLogTail(layout, lines),
    stop,
    async restart() {
      await stopAll(servers.processes);
      servers = await startServers({ binaries, layout, port, extraArgs, signal: undefined });
    },
    async kill() {
      signalAll('SIGKILL');
      await stopAll(servers.processes);
    },
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    [Symbol.asyncDispose]: stop,
  };
}

async function findBinaries(signal: AbortSignal | undefined): Promise<Binaries> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets) {
    const [etcd, apiserver] = [join(assets, 'etcd'), join(assets, 'kube-apiserver')];
    for (const file of [etcd, apiserver]) {
      await access(file, constants.X_OK).catch((cause: NodeJS.ErrnoException) => {
        const remedy = 'name a directory with etcd and kube-apiserver, or unset it';
        throw new Error(`KUBEBUILDER_ASSETS: ${file} cannot be run (${cause.code}); ${remedy}`, { cause });
      });
    }
    return { etcd, apiserver };
  }
  return { whole: await ensureControlPlaneBinary(signal ? { signal } : {}) };
}

async function readAccess(layout: Layout, port: number): Promise<ClusterAccess> {
  const caData = await readFile(layout.caFile, 'utf8');
  return { url: `https://127.0.0.1:${port}`, caData, adminToken: layout.adminToken };
}

/**
 * One of PANTAG_TEST_POOL, in the state in which its last user left it, for this process alone until stop(); without a
 * pool one of its own. It cannot be restarted or paused.
 */
export async function borrowControlPlane(): Promise<ControlPlane> {
  const pool = process.env['PANTAG_TEST_POOL'];
  if (!pool || process.env['PANTAG_TEST_KUBECONFIG']) return startControlPlane();
  const { access, giveBack } = await borrow(pool);
  const why = 'this control plane is lent to one test after the other';
  return useCluster({ access, isUsed: true, leave: giveBack, why });
}

async function useGivenCluster(file: string): Promise<ControlPlane> {
  const access = await readGivenCluster(file);
  const why = 'PANTAG_TEST_KUBECONFIG names a running cluster';
  return useCluster({ access, isUsed: false, leave: () => {}, why });
}

async function useCluster({
  access,
  isUsed,
  leave,
  why,
}: {
  readonly access: ClusterAccess;
  readonly isUsed: boolean;
  readonly leave: () => void;
  readonly why: string;
}): Promise<ControlPlane> {
  const directory = await mkdtemp(join(tmpdir(), 'pantag-given-cluster-'));
  const caFile = join(directory, 'ca.crt');
  await writeFile(caFile, access.caData);
  const refuse = (): never => {
    throw new Error(`${why}: a test may not restart, kill or pause it`);
  };
  const stop = async (): Promise<void> => {
    leave();
    await rm(directory, { recursive: true, force: true });
  };
  return {
    ...(await describe(access, directory)),
    caFile,
    isUsed,
    processIds: () => [],
    logTail: async () => '',
    stop,
    restart: async () => refuse(),
    kill: async () => refuse(),
    pause: refuse,
    resume: refuse,
    [Symbol.asyncDispose]: stop,
  };
}

type Described = ClusterAccess & Pick<ControlPlane, 'kubeconfig' | 'kubeconfigFor'>;

/** Adds to the access its kubeconfig files, kept in directory. */
async function describe(access: ClusterAccess, directory: string): Promise<Described> {
  let count = 0;
  const write = async (content: ClusterAccess): Promise<string> => {
    count += 1;
    const path = join(directory, `kubeconfig-${count}.yaml`);
    await writeFile(path, renderKubeconfig(content), { mode: 0o600 });
    return path;
  };
  const { url, caData, adminToken, clientCertificate } = access;
  return {
    ...access,
    kubeconfig: await write(access),
    kubeconfigFor(user) {
      const server = user.url ?? url;
      if (user.token !== undefined) return write({ url: server, caData, adminToken: user.token });
      return write({ url: server, caData, adminToken, ...(clientCertificate ? { clientCertificate } : {}) });
    },
  };
}
