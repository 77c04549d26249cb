// `bench sync`: what learning all Pods costs our reflector, beside a bare stream reader and a client-go informer.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts';
import { type Cluster, connect } from '../harness/cluster.ts';
import { startOperator } from '../harness/operator-process.ts';
import { type Bench, type BenchContext, readArguments, readCount, UsageError } from './bench.ts';
import { bundle, type Bundles } from '../harness/bundle.ts';
import { ensureClientGo } from './client-go.ts';
import type { Cost } from './cost.ts';
import { countPods, loadPods } from './load-pods.ts';
import { readUsage } from './process-usage.ts';
import { type Program, startNode, startProgram } from './program.ts';
import { reportOperator, reportSync, type SubjectName, type WholeOperator } from './sync-report.ts';

export const sync: Bench = {
  name: 'sync',
  measures:
    'time, CPU and peak memory of learning many Pods: our reflector beside a bare stream reader and a client-go informer',
  takes: 'about 4 minutes, half of it loading the Pods',
  usage: [
    '--pods 20000     how many',
    '--rounds 5       each round runs all three, in another order',
    '--data-dir DIR   keeps the loaded Pods there for the next run with as many; default: a temporary one',
    "--node-args=''   for all Node programs: '--max-semi-space-size=2 --max-old-space-size=96'",
  ],
  run: (context) => runSync(context),
};

const programs = {
  bareStream: 'test/bench/bare-stream.ts',
  learn: 'test/bench/learn.ts',
  operator: 'src/main.ts',
};
const operatorNamespace = 'pan-tag-operator';
const learnLimitMs = 300_000;
/** The server's garbage of one reader is not the next one's matter. */
const restMs = 1_000;

type Settings = {
  readonly pods: number;
  readonly rounds: number;
  readonly dataDir: string | undefined;
  readonly nodeArgs: readonly string[];
};

type Subject = { readonly name: SubjectName; readonly start: () => Promise<Program> };

async function runSync(context: BenchContext): Promise<boolean> {
  const { progress, print, signal } = context;
  const settings = readSettings(context.args);
  const { pods, nodeArgs } = settings;
  const clientGo = await ensureClientGo({ report: progress, signal });
  progress('API server');
  const { dataDir } = settings;
  await using plane = await startControlPlane({ signal, ...(dataDir === undefined ? {} : { dataDir }) });
  await using cluster = connect(plane);
  await fill(cluster, settings, context);
  await using bundles = await bundle(Object.values(programs));
  const subjects = subjectsOf(plane, { clientGo, bundles, nodeArgs, signal });
  const costs = await runRounds(subjects, settings.rounds, context);
  reportSync({ pods, costs, nodeArgs }, print);
  progress('the whole operator');
  const program = bundles.fileOf(programs.operator);
  reportOperator(await learnWhole(plane, { program, nodeArgs, signal }), print);
  const wrong = [...costs.values()].flat().filter((cost) => cost.pods !== pods);
  if (wrong.length > 0) print(`sync: NOT VALID: ${wrong.length} runs did not learn ${pods} Pods`);
  return wrong.length === 0;
}

/** Each round runs all subjects, each time another one first; round 0 only warms up the server. */
async function runRounds(
  subjects: readonly Subject[],
  rounds: number,
  { progress, signal }: BenchContext,
): Promise<ReadonlyMap<SubjectName, readonly Cost[]>> {
  const costs = new Map<SubjectName, Cost[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    const first = round % subjects.length;
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      await sleep(restMs, undefined, { signal });
      const cost = await learn(subject);
      const { pods, seconds, cpuSeconds, peakMiB } = cost;
      const figures = `${seconds.toFixed(2)} s, CPU ${cpuSeconds.toFixed(2)} s, ${peakMiB.toFixed(0)} MiB`;
      const label = round === 0 ? 'warm-up' : `round ${round}`;
      progress(`${label}: ${subject.name}: ${pods} Pods, ${figures}`);
      if (round > 0) costs.get(subject.name)?.push(cost);
    }
  }
  return costs;
}

function readSettings(args: readonly string[]): Settings {
  const given = readArguments(args, { pods: '20000', rounds: '5', 'data-dir': '', 'node-args': '' });
  return {
    pods: readCount('pods', given.pods),
    rounds: readCount('rounds', given.rounds),
    dataDir: given['data-dir'] === '' ? undefined : given['data-dir'],
    nodeArgs: given['node-args'].split(' ').filter((argument) => argument !== ''),
  };
}

async function fill(cluster: Cluster, { pods, dataDir }: Settings, context: BenchContext): Promise<void> {
  const { progress, signal } = context;
  // Also where the Pods are from an earlier run: the operator does not start with older CRDs than it needs.
  await cluster.applyCrds();
  const present = await countPods(cluster);
  if (present === pods) return progress(`${pods} Pods are there already`);
  if (present > 0) {
    throw new UsageError(
      `${dataDir ?? 'the cluster'} holds ${present} Pods, not ${pods}: give it an empty one`,
    );
  }
  await cluster.createNamespace(operatorNamespace);
  await cluster.create('ClusterPanTagPolicy', {
    metadata: { name: 'all' },
    spec: {
      firewallNames: ['none'],
      namespaceSelector: {},
      podSelector: {},
      tags: [{ template: "app.{{ labels['app.kubernetes.io/name'] }}" }],
    },
  });
  await loadPods(cluster, { count: pods, progress, signal });
}

type Programs = {
  readonly clientGo: string;
  readonly bundles: Bundles;
  readonly nodeArgs: readonly string[];
  readonly signal: AbortSignal;
};

function subjectsOf(
  plane: ControlPlane,
  { clientGo, bundles, nodeArgs, signal }: Programs,
): readonly Subject[] {
  const { kubeconfig, url, caData, adminToken, clientCertificate } = plane;
  const access = { url, caData, adminToken, clientCertificate };
  const bareStream = bundles.fileOf(programs.bareStream);
  const learn = bundles.fileOf(programs.learn);
  return [
    { name: 'bare stream', start: () => startNode(bareStream, { nodeArgs, input: access, signal }) },
    { name: 'reflector', start: () => startNode(learn, { nodeArgs, args: [kubeconfig], signal }) },
    { name: 'client-go', start: () => startProgram({ command: clientGo, args: [kubeconfig], signal }) },
  ];
}

async function learn({ start }: Subject): Promise<Cost> {
  await using program = await start();
  return await program.field<Cost>('cost', learnLimitMs);
}

type Operator = {
  readonly program: string;
  readonly nodeArgs: readonly string[];
  readonly signal: AbortSignal;
};

/** From the start of the process until it knows the cluster: all kinds listed, a policy that selects every Pod. */
async function learnWhole({ kubeconfig }: ControlPlane, options: Operator): Promise<WholeOperator> {
  const { program, nodeArgs, signal } = options;
  const begun = performance.now();
  await using operator = await startOperator({
    kubeconfig,
    namespace: operatorNamespace,
    program,
    nodeArgs,
    waitUntilListening: false,
  });
  // Whoever waits for a line of a process that has ended is told so.
  const abort = (): void => void operator.stop();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await operator.waitForLog((line) => line.msg === 'cluster state complete', learnLimitMs);
  } finally {
    signal.removeEventListener('abort', abort);
  }
  const seconds = (performance.now() - begun) / 1000;
  return { seconds, usage: readUsage(operator.pid) };
}
