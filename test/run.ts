// Runs the tests with node's runner: compiled code is kept from run to run, scenarios share control planes, operators start
// from a bundle. Arguments go to node; without one all tests run, those that take long first,
// but for the scenarios on a node (npm run test:node).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { startControlPlane } from './control-plane/control-plane.ts';
import { openPool } from './control-plane/pool.ts';
import { bundle } from './harness/bundle.ts';
import { inOrder } from './order.ts';

const root = join(import.meta.dirname, '..');
/** Files of scenarios wait most of the time; with many more at once than cores the limits of some seconds in them fail. */
const concurrency = availableParallelism() + 2;

const source = 'src/main.ts';
await using bundles = await bundle([source]);
const pool = await openPool(() => startControlPlane());
// What all files of tests have in common.
Object.assign(process.env, {
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(root, 'node_modules/.cache/compiled'),
  PANTAG_TEST_POOL: pool.socket,
  PANTAG_TEST_OPERATOR: bundles.fileOf(source),
});
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
try {
  await (process.argv.length > 2 ? runSome(process.argv.slice(2)) : runAll());
} finally {
  // Node ends its files first; the control planes go last.
  await pool.close();
}

async function runAll(): Promise<void> {
  const events = run({ cwd: root, files: inOrder(root), concurrency, signal: stop.signal });
  events.on('test:fail', () => {
    process.exitCode = 1;
  });
  await pipeline(events, spec(), process.stdout);
}

async function runSome(args: readonly string[]): Promise<void> {
  const files = args.some((arg) => !arg.startsWith('-')) ? [] : inOrder(root);
  const child = spawn(process.execPath, ['--test', `--test-concurrency=${concurrency}`, ...args, ...files], {
    cwd: root,
    stdio: 'inherit',
  });
  stop.signal.addEventListener('abort', () => child.kill());
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}
