// Building the control plane once, whoever asks and whatever happens, with a stand-in for Go.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { text } from 'node:stream/consumers';
import { waitFor } from '../harness/wait-for.ts';
import { tryLock } from './build-lock.ts';

type Bench = { readonly directory: string; readonly env: NodeJS.ProcessEnv; readonly cache: string };

/** A directory with a `go` of our own on the PATH, and an empty cache. */
async function makeBench(t: TestContext, buildScript: string | undefined): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'pantag-build-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const bin = join(directory, 'bin');
  await mkdir(bin);
  for (const tool of ['sh', 'sleep', 'rm']) await symlink(`/bin/${tool}`, join(bin, tool));
  if (buildScript !== undefined) {
    // The arguments of a build end with: -o FILE .
    const script = `#!/bin/sh
      [ "$1" = version ] && { echo go version go1.99 test/test; exit 0; }
      echo $$ >> ${directory}/builds
      while [ "$1" != -o ]; do shift; done
      ${buildScript}`;
    await writeFile(join(bin, 'go'), script);
    await chmod(join(bin, 'go'), 0o755);
  }
  const cache = join(directory, 'cache');
  return { directory, cache, env: { PATH: bin, XDG_CACHE_HOME: cache, HOME: directory } };
}

type Run = { readonly code: number | null; readonly output: string };

function startBuild({ env }: Bench): { interrupt: () => void; end: Promise<Run> } {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'build.ts')], { env });
  const end = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]).then(
    ([out, err, [code]]): Run => ({ code: code as number | null, output: out + err }),
  );
  return { interrupt: () => void child.kill('SIGINT'), end };
}

async function buildIds({ directory }: Bench): Promise<readonly number[]> {
  const lines = await readFile(join(directory, 'builds'), 'utf8').catch(() => '');
  return lines.split('\n').filter(Boolean).map(Number);
}

async function cachedFiles({ cache }: Bench): Promise<readonly string[]> {
  return readdir(join(cache, 'pan-tag-operator')).catch(() => []);
}

test('several processes build once: the others say whom they wait for', async (t) => {
  const bench = await makeBench(t, 'sleep 1; echo binary > "$2"');
  const runs = await Promise.all([1, 2, 3].map(() => startBuild(bench).end));
  assert.deepEqual(
    runs.map(({ code }) => code),
    [0, 0, 0],
  );
  assert.equal((await buildIds(bench)).length, 1);
  const outputs = runs.map(({ output }) => output).sort();
  assert.match(
    outputs[0] ?? '',
    /building etcd v3\S+ and kube-apiserver v1\S+ .*go1\.99[^]*about 4 minutes[^]*built in/,
  );
  assert.match(outputs[1] ?? '', /waiting for process \d+/);
  assert.match(outputs[2] ?? '', /waiting for process \d+/);
  assert.equal((await startBuild(bench).end).output, 'control plane: cached\n');
  assert.equal((await cachedFiles(bench)).length, 1, 'neither lock nor half a binary is left');
});

test('an interrupted build ends Go, leaves nothing, and the next one builds', async (t) => {
  const bench = await makeBench(t, `echo half > "$2"; [ -e "$HOME/quick" ] || sleep 30`);
  const first = startBuild(bench);
  const [go] = await waitFor(async () => (await buildIds(bench)).length > 0 && buildIds(bench), {
    what: 'Go to run',
  });
  first.interrupt();
  const { code, output } = await first.end;
  assert.equal(code, 130);
  assert.match(output, /control plane: SIGINT/);
  assert.throws(() => process.kill(go ?? 0, 0), { code: 'ESRCH' });
  assert.deepEqual(await cachedFiles(bench), []);
  await writeFile(join(bench.directory, 'quick'), '');
  assert.equal((await startBuild(bench).end).code, 0);
});

test('a failed build shows what Go said, and is tried again by the next', async (t) => {
  const bench = await makeBench(t, 'echo "main.go:7: no such thing" >&2; exit 1');
  for (const builds of [1, 2]) {
    const { code, output } = await startBuild(bench).end;
    assert.equal(code, 1);
    assert.match(output, /go build failed:\nmain\.go:7: no such thing/);
    assert.equal((await buildIds(bench)).length, builds);
  }
  assert.deepEqual(await cachedFiles(bench), []);
});

test('without Go the error says what to do', async (t) => {
  const { code, output } = await startBuild(await makeBench(t, undefined)).end;
  assert.equal(code, 1);
  assert.match(output, /install Go from .*KUBEBUILDER_ASSETS.*PANTAG_TEST_KUBECONFIG/);
});

test('nothing is built for a cluster or binaries that the user gives', async (t) => {
  const bench = await makeBench(t, undefined);
  const env = { ...bench.env, KUBEBUILDER_ASSETS: '/somewhere' };
  assert.deepEqual(await startBuild({ ...bench, env }).end, {
    code: 0,
    output: 'control plane: KUBEBUILDER_ASSETS is set, nothing to build\n',
  });
});

test('a lock has one holder, is free after release, and a dead or silent holder loses it', async (t) => {
  const { directory } = await makeBench(t, undefined);
  const file = join(directory, 'lock');
  const lock = await tryLock(file);
  assert.ok('release' in lock);
  assert.deepEqual(await tryLock(file), { holder: String(process.pid) });
  await lock.release();

  const ended = spawn(process.execPath, ['--eval', '']);
  await once(ended, 'exit');
  await writeFile(file, `${ended.pid}\n`);
  const second = await tryLock(file);
  assert.ok('release' in second, 'its holder is dead');

  const longAgo = new Date(Date.now() - 60_000);
  await utimes(file, longAgo, longAgo);
  const third = await tryLock(file);
  assert.ok('release' in third, 'its holder has not touched it for a minute');
  await third.release();
  await second.release();
});
