// A stop that hangs ends, as an ordinary process and as process 1 of a container, whose signals the kernel ignores by default.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';

const program = join(import.meta.dirname, 'hanging-stop.ts');
const asProcessOne = ['unshare', '--pid', '--fork', '--kill-child'];
const canUnshare = spawnSync(asProcessOne[0] ?? '', [...asProcessOne.slice(1), 'true']).status === 0;
const withoutUnshare = 'a pid namespace needs root and unshare';

/** How it ended, and whether by itself; it is killed after ten seconds. */
async function stopOf(hangsAfterMs: number, before: readonly string[], signals: number) {
  const [command, ...args] = [...before, process.execPath, program, String(hangsAfterMs)];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  let output = '';
  let sent = 0;
  for await (const chunk of child.stdout) {
    output += String(chunk);
    const said = output.includes('"stopping"') ? 2 : output.includes('"ready"') ? 1 : 0;
    // unshare waits for its child without passing signals on.
    while (sent < Math.min(said, signals)) {
      process.kill(before.length === 0 ? (child.pid ?? 0) : childOf(child.pid ?? 0), 'SIGTERM');
      sent += 1;
    }
  }
  const [code] = (await exited) as [number | null];
  clearTimeout(killer);
  return { code, output };
}

function childOf(pid: number): number {
  return Number(
    spawnSync('cat', [`/proc/${pid}/task/${pid}/children`])
      .stdout.toString()
      .trim(),
  );
}

for (const [where, before] of [
  ['as a process', []],
  ['as process 1 of a pid namespace', asProcessOne],
] as const) {
  const skip = before.length > 0 && !canUnshare && process.env['CI'] === undefined ? withoutUnshare : false;
  test(`${where}, a stop that hangs ends by the watchdog`, { skip }, async () => {
    const { code, output } = await stopOf(500, before, 1);
    assert.equal(code, 1);
    assert.match(output, /"why":"not stopped within 0.5 s","msg":"stop not completed"/);
  });
  test(`${where}, a stop that hangs ends by a second signal`, { skip }, async () => {
    const { code, output } = await stopOf(60_000, before, 2);
    assert.equal(code, 1);
    assert.match(output, /a second signal: SIGTERM/);
  });
}
