// Asking for a node where none can run: the scenarios are skipped by name, and in CI that is a failure.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { text } from 'node:stream/consumers';
import { describeMissing } from './requirements.ts';

/** With almost no programs on the PATH. */
async function runBare(t: TestContext, env: NodeJS.ProcessEnv) {
  const bin = await mkdtemp(join(tmpdir(), 'pantag-bare-'));
  t.after(() => rm(bin, { recursive: true, force: true }));
  for (const name of ['bash', 'id', 'uname']) await symlink(`/usr/bin/${name}`, join(bin, name));
  const args = [join(import.meta.dirname, 'run.ts'), 'test/node/scenarios/stranger.test.ts'];
  const child = spawn(process.execPath, args, { env: { PATH: bin, HOME: bin, ...env } });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { output, code: code as number };
}

test('the scenarios are skipped with one sentence that names what is missing', async (t) => {
  const { output, code } = await runBare(t, {});
  assert.match(
    output,
    /no Kubernetes node can run here; missing: .*the program apt-get, .*the program nsenter/,
  );
  assert.match(output, /stranger\.test\.ts.* # no Kubernetes node can run here/);
  assert.equal(code, 0);
});

test('in CI a skip is a failure, unless it is said to be expected there', async (t) => {
  for (const [env, expected] of [
    [{ CI: 'true' }, 1],
    [{ CI: 'true', PANTAG_NODE_TESTS: 'optional' }, 0],
  ] as const) {
    const { output, code } = await runBare(t, env);
    assert.match(output, /no Kubernetes node can run here/);
    assert.equal(code, expected);
  }
});

test('a machine that lacks nothing is told nothing', () => {
  assert.equal(describeMissing([]), undefined);
  assert.equal(
    describeMissing(['root', 'overlayfs']),
    'no Kubernetes node can run here; missing: root, overlayfs',
  );
});
