// The demo as it is typed: help, flags that it does not know, and a machine that lacks what it needs.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const program = join(import.meta.dirname, '../../demo/main.ts');

type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs the demo on a machine without Go, unless env says otherwise. */
function type(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const options = { env: { HOME: tmpdir(), PATH: '/nonexistent', ...env }, timeout: 60_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

test('--help tells what it does and what it takes', async () => {
  for (const flag of ['--help', '-h']) {
    const { code, stdout, stderr } = await type([flag]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /npm run demo -- --once +one scripted round/);
    assert.match(stdout, /needs Go/);
    assert.match(stdout, /KUBEBUILDER_ASSETS +a directory/);
    assert.match(stdout, /PANTAG_TEST_KUBECONFIG +the kubeconfig/);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 130, line);
  }
});

const mistyped: readonly [string, readonly string[], RegExp][] = [
  ['a misspelt flag is named', ['--onec'], /^unknown --onec: the demo takes --once and --help/],
  ['a word is named', ['twice'], /^unknown twice: the demo takes --once and --help/],
  ['a flag with a value is named', ['--once=yes'], /^unknown --once: /],
];

const hindered: readonly [string, readonly string[], Readonly<Record<string, string>>, RegExp][] = [
  [
    'without Go it says what to install',
    ['--once'],
    {},
    /^the demo cannot start: .*the demo.* Go 1\.\d+ or newer, .* install Go from https:\/\/go\.dev\/dl/,
  ],
  [
    'servers that are not where KUBEBUILDER_ASSETS says are named',
    ['--once'],
    { KUBEBUILDER_ASSETS: '/nonexistent/assets' },
    /^the demo cannot start: KUBEBUILDER_ASSETS: \/nonexistent\/assets\/etcd cannot be run \(ENOENT\)/,
  ],
  [
    'a kubeconfig that cannot be read is named',
    ['--once'],
    { PANTAG_TEST_KUBECONFIG: '/nonexistent/config' },
    /^the demo cannot start: PANTAG_TEST_KUBECONFIG: \/nonexistent\/config cannot be read \(ENOENT\)/,
  ],
];

const refused = [
  ...mistyped.map(([behaviour, args, message]) => [behaviour, args, {}, message, 2] as const),
  ...hindered.map((one) => [...one, 1] as const),
];

for (const [behaviour, args, env, message, exitCode] of refused) {
  test(behaviour, async () => {
    const { code, stderr } = await type(args, env);
    assert.equal(code, exitCode);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split('\n').length, 1, 'one sentence');
  });
}
