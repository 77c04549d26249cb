// Starts one node and runs the scenarios on it, one file after the other; `npm run test:node`. See README.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseArgs } from 'node:util';
import { ensureHelm } from '../tools/tools.ts';
import { buildNodeImages } from './images.ts';
import { layoutOf } from './layout.ts';
import { findLeftovers, readNetwork } from './leftovers.ts';
import { findProcess, readLogTails } from './node.ts';
import { ensurePackages } from './packages.ts';
import { ensureKubeNode, ensureKubeRouter, ensureWorkload } from './programs.ts';
import { findMissing } from './requirements.ts';
import { startNode, type NodeParts, type StartedNode } from './start.ts';

const scenarios = join(import.meta.dirname, 'scenarios');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Leaves the node running after the scenarios, until Ctrl-C. */
    keep: { type: 'boolean', default: false },
    /** The state directory of a node that another run keeps. */
    node: { type: 'string' },
    /** How long the soak churns. */
    minutes: { type: 'string' },
  },
});

/** A file that hangs fails in the end. */
const fileLimitMs = (15 + Number(values.minutes ?? 0)) * 60_000;

const report = (line: string): void => console.log(line);
const files = positionals.length > 0 ? positionals : await allScenarios();

if (values.node !== undefined) process.exitCode = await runFiles(values.node);
else await runOnOwnNode();

async function runOnOwnNode(): Promise<void> {
  const missing = await findMissing();
  if (missing !== undefined) return skip(missing);
  const packages = await timed('packages', () => ensurePackages({ report }));
  const still = await findMissing(packages);
  if (still !== undefined) return skip(still);
  const before = await readNetwork();
  const node = await startNode(await prepare(packages));
  try {
    for (const [name, ms] of node.steps) report(`node: ${name} ${seconds(ms)}`);
    process.exitCode = await runFiles(node.layout.state);
    if (process.exitCode !== 0) await showLogs(node);
    if (values.keep) await untilInterrupted(node);
  } finally {
    await timed('end', () => node.stop());
  }
  const left = await findLeftovers(node.layout.state);
  if ((await readNetwork()) !== before) left.push('links or routes');
  if (left.length === 0) return;
  report(`node: left behind: ${left.join(', ')}`);
  process.exitCode = 1;
}

async function showLogs(node: StartedNode): Promise<void> {
  report(await readLogTails(node.layout));
  report(`node: its logs are kept in ${await node.keepLogs()}`);
}

/** Where no node can run, the scenarios are skipped by name; in CI that is a failure unless it is said to be expected. */
function skip(missing: string): void {
  report(missing);
  const { CI, PANTAG_NODE_TESTS } = process.env;
  if (CI === 'true' && PANTAG_NODE_TESTS !== 'optional') process.exitCode = 1;
  for (const file of files) test(file, { skip: missing }, () => undefined);
}

async function prepare(packages: string): Promise<NodeParts> {
  const kubeNode = await timed('Kubernetes', () => ensureKubeNode({ report }));
  const kubeRouter = await timed('kube-router', () => ensureKubeRouter({ report }));
  const workload = await timed('workload', () => ensureWorkload({ report }));
  const helm = await timed('helm', () => ensureHelm({ report }));
  const buildImages = (output: string) => buildNodeImages({ workload, output, report });
  return { packages, kubeNode, kubeRouter, helm, buildImages };
}

async function runFiles(state: string): Promise<number> {
  const processId = await findProcess(layoutOf(state));
  const program = [
    process.execPath,
    '--test',
    '--test-concurrency=1',
    `--test-timeout=${fileLimitMs}`,
    ...files,
  ];
  // Within the node's network its API server, Services and Pods are reached by their own addresses.
  const child = spawn('nsenter', [`--net=/proc/${processId}/ns/net`, '--', ...program], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, PANTAG_TEST_NODE: state, PANTAG_TEST_MINUTES: values.minutes ?? '' },
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function allScenarios(): Promise<readonly string[]> {
  const names = (await readdir(scenarios)).filter((name) => name.endsWith('.test.ts'));
  return names.sort().map((name) => join('test/node/scenarios', name));
}

async function untilInterrupted({ layout }: StartedNode): Promise<void> {
  report(`node: kept; use it with: npm run test:node -- --node ${layout.state} FILES; Ctrl-C ends it`);
  const interrupted = Promise.withResolvers<void>();
  const stayAlive = setInterval(() => undefined, 60_000);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.resolve());
  await interrupted.promise;
  clearInterval(stayAlive);
}

async function timed<T>(name: string, step: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const result = await step();
  report(`node: ${name} ${seconds(performance.now() - begun)}`);
  return result;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
