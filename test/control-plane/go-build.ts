// Sources of a Go program of the tests, and the run of `go build` that makes it.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { startLeashed, type LeashedProcess } from '../harness/leashed-process.ts';
import type { Report } from './cached.ts';

/** The version that go.mod requires of a module: 'v1.36.2'. */
export type VersionOf = (module: string) => string;

/** A program of a module of the tests, or one of others that the module only pins. */
export type GoProgram = {
  /** Of the binary, and in front of each progress line: 'control-plane'. */
  readonly name: string;
  /** The module's directory. */
  readonly source: string;
  /** The program that go.mod pins as a tool: 'helm.sh/helm/v4/cmd/helm'. Absent: the module's own, made of files. */
  readonly tool?: string;
  /** The directory of the module's own program, below source; default '.'. */
  readonly folder?: string;
  /** All that the module's own program is made of, but for go.mod and go.sum; default main.go. */
  readonly files?: readonly string[];
  /** Where there is no Go: why it is wanted ('the tests build ...'), and what to do instead of installing it. */
  readonly purpose: string;
  readonly instead?: string;
  /** What is built, in words: 'etcd v3.6.12 and kube-apiserver v1.36.2 for the tests'. */
  readonly content: (versionOf: VersionOf) => string;
  /** What a build from nothing costs, in words. */
  readonly cost: string;
  /** What `go build -v` names in such a build; only for the progress line. */
  readonly coldPackages: number;
  /** Texts to set in the binary: 'k8s.io/component-base/version.gitVersion' -> 'v1.36.2'. */
  readonly variables?: (versionOf: VersionOf) => Readonly<Record<string, string>>;
};

export type Plan = {
  readonly program: GoProgram;
  /** Where the binary is, or will be; its name carries the key of everything that decides its content. */
  readonly binary: string;
  readonly goVersion: string;
  readonly content: string;
  /** Of `go build`, but for the output. */
  readonly flags: readonly string[];
};

const reportEveryMs = 15_000;

/** Reads the sources and asks Go for its version; rejects with the remedy when there is no Go. */
export async function makePlan(program: GoProgram): Promise<Plan> {
  const goVersion = await findGo(program);
  const [mod = '', ...sources] = await Promise.all(
    ['go.mod', 'go.sum', ...ownFiles(program)].map((name) => readFile(join(program.source, name), 'utf8')),
  );
  const versionOf: VersionOf = (module) => requiredVersion(mod, module);
  const flags = buildFlags(program.variables?.(versionOf) ?? {});
  const parts = [mod, ...sources, goVersion, ...flags];
  const key = createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const binary = join(cache, 'pan-tag-operator', `${program.name}-${key}`);
  return { program, binary, goVersion, content: program.content(versionOf), flags };
}

function ownFiles({ tool, files = ['main.go'] }: GoProgram): readonly string[] {
  return tool === undefined ? files : [];
}

async function findGo({ purpose, instead }: GoProgram): Promise<string> {
  try {
    return (await promisify(execFile)('go', ['version'])).stdout.trim();
  } catch (cause) {
    const remedy = 'install Go from https://go.dev/dl and put it on the PATH';
    throw new Error(
      `${purpose} with Go 1.26 or newer, and \`go version\` does not run here: ${remedy}` +
        (instead === undefined ? '' : `; or ${instead}`),
      { cause },
    );
  }
}

function requiredVersion(mod: string, module: string): string {
  const line = mod.split('\n').find((text) => text.trim().startsWith(`${module} v`));
  const version = line?.trim().split(' ')[1];
  if (version === undefined) throw new Error(`go.mod does not require ${module}`);
  return version;
}

function buildFlags(variables: Readonly<Record<string, string>>): readonly string[] {
  const settings = Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`);
  return ['-v', '-trimpath', '-buildvcs=false', `-ldflags=${['-s', '-w', ...settings].join(' ')}`];
}

/** Builds plan.binary, whole or not at all; rejects with the end of what go said, or when signal aborts. */
export async function build(plan: Plan, report: Report, signal: AbortSignal | undefined): Promise<void> {
  const { program, binary } = plan;
  const say: Report = (line) => report(`${labelOf(program)}: ${line}`);
  say(`building ${plan.content} (${plan.goVersion})`);
  say(`no build of these sources in ${binary}; this happens once`);
  say(program.cost);
  const begun = performance.now();
  const unfinished = `${binary}.${process.pid}`;
  try {
    const go = await startLeashed({
      command: 'go',
      args: ['build', ...plan.flags, '-o', unfinished, program.tool ?? `./${program.folder ?? ''}`],
      cwd: program.source,
      env: { ...process.env, CGO_ENABLED: '0' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await watchBuild(go, { coldPackages: program.coldPackages, say, signal });
    await rename(unfinished, binary);
  } finally {
    await rm(unfinished, { force: true });
  }
  say(`built in ${describeTime(performance.now() - begun)}`);
}

/** How a human knows the program: 'control plane'. */
export function labelOf({ name }: GoProgram): string {
  return name.replaceAll('-', ' ');
}

type Watching = {
  readonly coldPackages: number;
  readonly say: Report;
  readonly signal: AbortSignal | undefined;
};

/** Resolves when go has built; rejects with the end of what it said, or when signal aborts (go is ended then). */
async function watchBuild(go: LeashedProcess, { coldPackages, say, signal }: Watching): Promise<void> {
  const begun = performance.now();
  const lines: string[] = [];
  if (go.child.stderr) createInterface({ input: go.child.stderr }).on('line', (line) => lines.push(line));
  try {
    let exit = go.exit();
    for (let ticks = 1; exit === undefined; ticks += 1) {
      exit = await waitOrAbort(go, ticks * reportEveryMs - (performance.now() - begun), signal);
      if (exit === undefined) {
        const elapsed = describeTime(performance.now() - begun);
        // More than that are compiled where another program, whose packages it shares, was not built before.
        const all = lines.length <= coldPackages ? ` of about ${coldPackages}` : '';
        say(`${elapsed}, ${lines.length}${all} packages`);
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
