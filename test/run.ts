// Runs the tests with node --test: compiled code is kept from run to run, scenarios share control planes, operators start
// from a bundle.
// Arguments go to node; without a file among them all tests run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { startControlPlane } from './control-plane/control-plane.ts';
import { openPool } from './control-plane/pool.ts';
import { bundle } from './harness/bundle.ts';

const root = join(import.meta.dirname, '..');
/** Files of scenarios wait most of the time; with many more at once than cores the limits of some seconds in them fail. */
const concurrency = availableParallelism() + 1;

const args = process.argv.slice(2);
const files = args.some((arg) => !arg.startsWith('-')) ? [] : ['test/**/*.test.ts'];
const source = 'src/main.ts';
await using bundles = await bundle([source]);
const pool = await openPool(() => startControlPlane());
const env = {
  ...process.env,
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(root, 'node_modules/.cache/compiled'),
  PANTAG_TEST_POOL: pool.socket,
  PANTAG_TEST_OPERATOR: bundles.fileOf(source),
};
const child = spawn(process.execPath, ['--test', `--test-concurrency=${concurrency}`, ...args, ...files], {
  cwd: root,
  env,
  stdio: 'inherit',
});
// Node ends its files first; the control planes go last.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
const [code] = (await once(child, 'exit')) as [number | null];
await pool.close();
process.exitCode = code ?? 1;
