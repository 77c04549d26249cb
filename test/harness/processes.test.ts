// Leashed processes and the operator's process, with small stand-ins for the program.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startLeashed, type LeashedProcess } from './leashed-process.ts';
import { startOperator, type OperatorOptions } from './operator-process.ts';
import { waitFor } from './wait-for.ts';

const directory = await mkdtemp(join(tmpdir(), 'pantag-processes-'));
after(() => rm(directory, { recursive: true, force: true }));

function startNode(script: string): Promise<LeashedProcess> {
  return startLeashed({ command: process.execPath, args: ['--eval', script], stdio: 'ignore' });
}

async function program(name: string, script: string): Promise<OperatorOptions> {
  const file = join(directory, `${name}.mjs`);
  await writeFile(file, script);
  return { program: file, kubeconfig: '/nowhere', namespace: 'pan-tag-operator' };
}

const listening = `
  const say = (line) => console.log(JSON.stringify(line));
  say({ msg: 'http server listening', address: '127.0.0.1:41234' });
  setTimeout(() => undefined, 60_000);
`;

test('a command that does not exist is refused', async () => {
  await assert.rejects(startLeashed({ command: '/no/such/program', args: [], stdio: 'ignore' }), {
    code: 'ENOENT',
  });
});

test('stop ends a process by SIGTERM, and by SIGKILL when it does not listen', async () => {
  const willing = await startNode('setTimeout(() => undefined, 60_000)');
  assert.equal(await willing.waitForExit(50), undefined);
  assert.deepEqual(await willing.stop(5_000), { code: null, signal: 'SIGTERM' });
  assert.deepEqual(await willing.stop(5_000), { code: null, signal: 'SIGTERM' });

  const file = join(directory, 'deaf');
  const deaf = await startNode(`
    process.on('SIGTERM', () => undefined);
    require('node:fs').writeFileSync(${JSON.stringify(file)}, 'deaf');
    setTimeout(() => undefined, 60_000);
  `);
  await waitFor(() => readFile(file, 'utf8'), { what: 'the process to be deaf' });
  assert.deepEqual(await deaf.stop(200), { code: null, signal: 'SIGKILL' });
});

test('stop wakes a paused process, so that it can end in order', async () => {
  const paused = await startNode('setTimeout(() => undefined, 60_000)');
  paused.signal('SIGSTOP');
  assert.deepEqual(await paused.stop(5_000), { code: null, signal: 'SIGTERM' });
});

test('the operator gets its flags, and its lines are read as they come', async () => {
  const script = `${listening}
    say({ msg: 'arguments', args: process.argv.slice(2), leaked: process.env.PANTAG_LOG_LEVEL, extra: process.env.EXTRA });
    console.log('not JSON');
    console.error('a warning');
  `;
  process.env['PANTAG_LOG_LEVEL'] = 'trace';
  const logFile = join(directory, 'operator.log');
  const options = {
    ...(await program('flags', script)),
    args: ['--leader-elect=false'],
    env: { EXTRA: '1' },
    logFile,
  };
  await using operator = await startOperator(options);
  delete process.env['PANTAG_LOG_LEVEL'];
  assert.equal(operator.httpUrl, 'http://127.0.0.1:41234');
  const line = await operator.waitForLog(({ msg }) => msg === 'arguments');
  const http = ['--http-address', '127.0.0.1:0', '--log-format', 'json'];
  assert.deepEqual(line, {
    msg: 'arguments',
    args: [
      'run',
      '--kubeconfig',
      '/nowhere',
      '--namespace',
      'pan-tag-operator',
      ...http,
      '--leader-elect=false',
    ],
    extra: '1',
  });
  assert.deepEqual(await operator.waitForLog(({ stream }) => stream === 'stderr'), {
    stream: 'stderr',
    msg: 'a warning',
  });
  assert.ok(operator.logs().some(({ stream, msg }) => stream === 'stdout' && msg === 'not JSON'));
  assert.deepEqual(await operator.stop(), { code: null, signal: 'SIGTERM' });
  await waitFor(async () => (await readFile(logFile, 'utf8')).includes('a warning'), {
    what: 'the copy of the log',
  });
});

test('an operator that ends at its start is an error with its last words', async () => {
  const script = `console.error('unknown flag --nonsense'); process.exitCode = 2;`;
  const options = await program('fails', script);
  await assert.rejects(startOperator(options), /ended \(code 2, signal null\).*unknown flag --nonsense/s);
  const operator = await startOperator({ ...options, waitUntilListening: false });
  assert.deepEqual(await operator.waitForExit(10_000), { code: 2, signal: null });
  assert.throws(() => operator.httpUrl, /not said yet/);
});

test('waiting for a line that does not come ends in time, with the last lines', async () => {
  await using operator = await startOperator(await program('silent', listening));
  const wait = operator.waitForLog(({ msg }) => msg === 'never', 50);
  await assert.rejects(wait, /no such log line within 50 ms.*http server listening/s);
  await operator.kill();
  await assert.rejects(
    operator.waitForLog(({ msg }) => msg === 'never'),
    /ended \(code null, signal SIGKILL\)/,
  );
});

test('a paused operator says nothing and goes on when it is resumed', async () => {
  const script = `${listening} let n = 0; setInterval(() => say({ msg: 'tick', n: n++ }), 10);`;
  await using operator = await startOperator(await program('ticks', script));
  await operator.waitForLog(({ msg }) => msg === 'tick');
  operator.pause();
  await waitFor(async () => (await isQuiet(() => operator.logs().length)) || undefined, { what: 'silence' });
  const { length } = operator.logs();
  operator.resume();
  await waitFor(() => operator.logs().length > length, { what: 'the next line' });
});

async function isQuiet(count: () => number): Promise<boolean> {
  const before = count();
  await new Promise((resolve) => setTimeout(resolve, 100));
  return count() === before;
}
