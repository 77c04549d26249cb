// The program as it is typed: commands, flags, environment, and starts that cannot work.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { operatorProgram } from './harness/operator-process.ts';
import { version } from '../src/version.ts';

const sources = join(import.meta.dirname, '../src/main.ts');

type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

function type(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  program = operatorProgram,
): Promise<Outcome> {
  const options = { env: { HOME: '/nonexistent', ...env }, timeout: 20_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

test('version tells version, Node and git revision', async () => {
  const { code, stdout } = await type(['version'], {}, sources);
  assert.equal(code, 0);
  assert.match(
    stdout,
    new RegExp(`^pan-tag-operator ${version} \\(Node v\\d+\\.\\d+\\.\\d+, revision \\w+\\)\\n$`),
  );
});

test('--help lists every flag', async () => {
  const { code, stdout } = await type(['--help']);
  assert.equal(code, 0);
  for (const flag of ['namespace', 'kubeconfig', 'http-address', 'leader-elect', 'log-level', 'log-format']) {
    assert.match(stdout, new RegExp(`--${flag} `));
  }
});

type Refusals = readonly (readonly [
  behaviour: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  message: RegExp,
])[];

const misused: Refusals = [
  [
    'an unknown flag names the nearest known one',
    ['--log-levle', 'info'],
    {},
    /unknown flag --log-levle; did you mean --log-level\?/,
  ],
  [
    'an unknown command names the nearest known one',
    ['versoin'],
    {},
    /unknown command "versoin"; did you mean "version"\?/,
  ],
  [
    'a flag with one dash is told',
    ['-log-level', 'info'],
    {},
    /unknown flag -log-level; did you mean --log-level\?/,
  ],
  ['of purge, too', ['purge', '--dryrun'], {}, /unknown flag --dryrun; did you mean --dry-run\?/],
  ['a flag of purge is none of run', ['run', '--yes'], {}, /--yes is a flag of the command purge/],
  ['a flag without its value is named', ['--log-level'], {}, /'--log-level <value>' argument missing/],
  ['a wrong value names its flag', ['--log-level', 'loud'], {}, /--log-level \(PANTAG_LOG_LEVEL\): .*"info"/],
  [
    'a wrong variable names itself',
    [],
    { PANTAG_HTTP_ADDRESS: 'nowhere' },
    /PANTAG_HTTP_ADDRESS\): must be host:port/,
  ],
  ['a namespace must be one', ['--namespace', 'Not/One'], {}, /--namespace .*must be a namespace name/],
  ['a stray argument is refused', ['run', 'fast'], {}, /"run" takes no arguments, but got "fast"/],
  ['a word that is near none has no hint', ['frobnicate'], {}, /^unknown command "frobnicate"\nSee --help/],
  [
    'completion without a shell names them',
    ['completion'],
    {},
    /^completion: name one shell of bash, zsh, fish, as in/,
  ],
  [
    'completion of an unknown shell names it',
    ['completion', 'tcsh'],
    {},
    /^completion: .*, not "tcsh", as in/,
  ],
  ['an output that check does not know', ['check', '-o', 'yaml'], {}, /^--output: must be text or json/],
  ['a flag of check is none of run', ['run', '-o', 'json'], {}, /--output is a flag of the command check/],
];

const unusable: Refusals = [
  [
    'without any cluster it says how to name one',
    [],
    {},
    /no API server is configured: name a kubeconfig with --kubeconfig/,
  ],
  [
    'a missing kubeconfig is named',
    ['--kubeconfig', '/nonexistent/config'],
    {},
    /kubeconfig \/nonexistent\/config cannot be read: ENOENT.* Name another one with --kubeconfig/,
  ],
  [
    'so it is for purge',
    ['purge', '--kubeconfig', '/nonexistent/config'],
    {},
    /kubeconfig \/nonexistent\/config cannot be read/,
  ],
  [
    'a directory is no kubeconfig',
    ['--kubeconfig', '/'],
    {},
    /kubeconfig \/ cannot be read: EISDIR.* Name another one with --kubeconfig/,
  ],
];

for (const [refusals, exitCode] of [
  [misused, 2],
  [unusable, 1],
] as const) {
  for (const [behaviour, args, env, message] of refusals) {
    test(behaviour, async () => {
      const { code, stderr } = await type([...args, ...(args.length > 0 ? [] : ['run'])], env);
      assert.equal(code, exitCode);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack for what the user can mend');
    });
  }
}

test('an unknown variable with our prefix is a warning, and a context without a cluster an error', async (context) => {
  const kubeconfig = write(context, { 'current-context': 'gone', contexts: [], clusters: [], users: [] });
  const { code, stdout, stderr } = await type(['--kubeconfig', kubeconfig], { PANTAG_LOGLEVEL: 'debug' });
  assert.equal(code, 1);
  assert.match(stdout, /unknown environment variable PANTAG_LOGLEVEL ignored/);
  assert.match(stderr, /names no cluster: set its current-context/);
});

test('an entry of NO_PROXY that cannot be read is told once at the start', async (context) => {
  const kubeconfig = write(context, { 'current-context': 'gone', contexts: [], clusters: [], users: [] });
  const proxies = { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '10.1.2.3/8,10.0.0.0/33,.svc' };
  const { stdout } = await type(['--kubeconfig', kubeconfig], proxies);
  const told = stdout.split('\n').filter((line) => line.includes('NO_PROXY'));
  assert.equal(told.length, 1);
  const { entry, level, msg } = JSON.parse(told[0] ?? '') as Record<string, unknown>;
  assert.deepEqual([entry, level, msg], ['10.0.0.0/33', 'warn', 'NO_PROXY entry not understood']);
});

test('an address that cannot be listened on names the flag, the cause and the way out', async (context) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  context.after(() => holder.close());
  const taken = `127.0.0.1:${(holder.address() as AddressInfo).port}`;
  const cluster = { name: 'a', cluster: { server: 'https://127.0.0.1:1' } };
  const user = { name: 'a', user: { token: 'x' } };
  const contexts = [{ name: 'a', context: { cluster: 'a', user: 'a' } }];
  const kubeconfig = write(context, { 'current-context': 'a', contexts, clusters: [cluster], users: [user] });
  for (const [address, why] of [
    [taken, 'EADDRINUSE\\)\\. Another process has the port; give a free one'],
    ['203.0.113.9:8080', 'EADDRNOTAVAIL\\)\\. This machine has no such address'],
    ['name.invalid:8080', '\\w+\\)\\. This machine has no such address'],
  ] as const) {
    const { code, stderr } = await type(['--kubeconfig', kubeconfig, '--http-address', address]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(
        `^--http-address \\(PANTAG_HTTP_ADDRESS\\): cannot listen on ${address.replaceAll('.', '\\.')} \\(${why}`,
      ),
    );
    assert.equal(stderr.trim().split('\n').length, 1, 'one sentence');
  }
});

function write(context: TestContext, content: object): string {
  const directory = mkdtempSync(join(tmpdir(), 'pan-tag-main-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'config');
  writeFileSync(path, JSON.stringify(content));
  return path;
}
