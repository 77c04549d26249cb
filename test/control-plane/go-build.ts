// What the control plane is built from, and the run of `go build` that makes it.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { startLeashed, type LeashedProcess } from '../harness/leashed-process.ts';

export type Report = (line: string) => void;

export type Plan = {
  /** Where the binary is, or will be; its name carries the key of everything that decides its content. */
  readonly binary: string;
  readonly goVersion: string;
  readonly kubernetes: string;
  readonly etcd: string;
};

const source = import.meta.dirname;
const reportEveryMs = 15_000;
// What `go build -v` names in a cold build; only for the progress line.
const coldPackages = 2_200;

/** Reads the sources and asks Go for its version; rejects with the remedy when there is no Go. */
export async function makePlan(): Promise<Plan> {
  const goVersion = await findGo();
  const [mod, sum, main] = await Promise.all(
    ['go.mod', 'go.sum', 'main.go'].map((name) => readFile(join(source, name), 'utf8')),
  );
  const parts = [mod, sum, main, goVersion, ...buildArguments('', '')];
  const key = createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return {
    binary: join(cache, 'pan-tag-operator', `control-plane-${key}`),
    goVersion,
    kubernetes: requiredVersion(mod, 'k8s.io/kubernetes'),
    etcd: requiredVersion(mod, 'go.etcd.io/etcd/server/v3'),
  };
}

async function findGo(): Promise<string> {
  try {
    return (await promisify(execFile)('go', ['version'])).stdout.trim();
  } catch (cause) {
    throw new Error(
      'the tests build a Kubernetes API server with Go 1.26 or newer, and `go version` does not run here: ' +
        'install Go from https://go.dev/dl and put it on the PATH; or set KUBEBUILDER_ASSETS to a directory with ' +
        'etcd and kube-apiserver, or PANTAG_TEST_KUBECONFIG to the kubeconfig of a cluster to test against',
      { cause },
    );
  }
}

function requiredVersion(mod: string | undefined, path: string): string {
  const version = mod
    ?.split('\n')
    .find((line) => line.trim().startsWith(`${path} v`))
    ?.trim()
    .split(' ')[1];
  if (version === undefined) throw new Error(`go.mod does not require ${path}`);
  return version;
}

/** Without a version in it, the server calls itself v0.0.0-master, and kubectl cannot compare that with its own. */
function buildArguments(kubernetes: string, output: string): readonly string[] {
  const [major = '', minor = ''] = kubernetes.replace('v', '').split('.');
  const variables = { gitVersion: kubernetes, gitMajor: major, gitMinor: minor };
  const settings = Object.entries(variables).map(
    ([name, v]) => `-X k8s.io/component-base/version.${name}=${v}`,
  );
  return [
    'build',
    '-v',
    '-trimpath',
    '-buildvcs=false',
    `-ldflags=-s -w ${settings.join(' ')}`,
    '-o',
    output,
    '.',
  ];
}

/** Builds plan.binary, whole or not at all; rejects with the end of what go said, or when signal aborts. */
export async function build(plan: Plan, report: Report, signal: AbortSignal | undefined): Promise<void> {
  report(
    `control plane: building etcd ${plan.etcd} and kube-apiserver ${plan.kubernetes} for the tests (${plan.goVersion})`,
  );
  report(`control plane: no build of these sources in ${plan.binary}; this happens once`);
  report(
    'control plane: about 4 minutes from nothing on 2 cores; 0.8 GB of Go modules, 2.2 GB of build cache, 110 MB kept',
  );
  const begun = performance.now();
  const unfinished = `${plan.binary}.${process.pid}`;
  try {
    const go = await startLeashed({
      command: 'go',
      args: buildArguments(plan.kubernetes, unfinished),
      cwd: source,
      env: { ...process.env, CGO_ENABLED: '0' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await watchBuild(go, report, signal);
    await rename(unfinished, plan.binary);
  } finally {
    await rm(unfinished, { force: true });
  }
  report(`control plane: built in ${describeTime(performance.now() - begun)}`);
}

/** Resolves when go has built; rejects with the end of what it said, or when signal aborts (go is ended then). */
async function watchBuild(
  go: LeashedProcess,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<void> {
  const begun = performance.now();
  const lines: string[] = [];
  if (go.child.stderr) createInterface({ input: go.child.stderr }).on('line', (line) => lines.push(line));
  try {
    let exit = go.exit();
    for (let ticks = 1; exit === undefined; ticks += 1) {
      exit = await waitOrAbort(go, ticks * reportEveryMs - (performance.now() - begun), signal);
      if (exit === undefined) {
        const elapsed = describeTime(performance.now() - begun);
        report(`control plane: ${elapsed}, ${lines.length} of about ${coldPackages} packages`);
      }
    }
    if (exit.code !== 0) throw new Error(`go build failed:\n${lines.slice(-20).join('\n')}`);
  } finally {
    await go.stop(5_000);
  }
}

async function waitOrAbort(
  go: LeashedProcess,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): ReturnType<LeashedProcess['waitForExit']> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal?.reason);
  signal?.addEventListener('abort', abort);
  try {
    signal?.throwIfAborted();
    return await Promise.race([go.waitForExit(timeoutMs), aborted.promise]);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function describeTime(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
