// Stage of `bench latency`: API server, operator, firewall and bare watch, each a process of its own.
import { startControlPlane } from '../control-plane/control-plane.ts';
import { type Cluster, connect } from '../harness/cluster.ts';
import { startOperator } from '../harness/operator-process.ts';
import { waitFor } from '../harness/wait-for.ts';
import { declareFirewall, firewall, operatorNamespace } from './bench-cluster.ts';
import { type BareWatch, startBareWatch } from './bare-watch.ts';
import type { BenchContext } from './bench.ts';
import { type Device, startDevice } from './device-process.ts';
import { makeMovingPods, type MovingPods, podNamespace, policySpec } from './moving-pods.ts';

const startLimitMs = 60_000;

export type Stage = {
  readonly device: Device;
  readonly watch: BareWatch;
  readonly pods: MovingPods;
} & AsyncDisposable;

export type StageOptions = {
  /** How long the simulated firewall works on a message. */
  readonly deviceMs: number;
  /** How many changes each phase will make; the Pods for them are made. */
  readonly changes: readonly number[];
};

/** Everything is a process of its own, but for the writes, which are this one's only work. */
export async function buildStage({ deviceMs, changes }: StageOptions, context: BenchContext): Promise<Stage> {
  const { progress, signal } = context;
  await using parts = new AsyncDisposableStack();
  progress('API server, simulated firewall and Pods');
  const plane = parts.use(await startControlPlane({ signal }));
  const cluster = parts.use(connect(plane));
  const device = parts.use(await startDevice({ settings: { latencyMs: { message: deviceMs } } }, signal));
  await setUpCluster(cluster, device);
  const pods = makeMovingPods(cluster);
  await pods.populate(changes, context);
  const { kubeconfig } = plane;
  const operator = parts.use(await startOperator({ kubeconfig, namespace: operatorNamespace }));
  const watch = parts.use(await startBareWatch(plane, signal));
  progress(`operator ${operator.pid}: the first synchronisation`);
  await waitFor(() => tableIsRight(device, pods), {
    what: 'the table to hold every Pod',
    timeoutMs: startLimitMs,
    intervalMs: 500,
    signal,
  });
  const all = parts.move();
  return { device, watch, pods, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

async function setUpCluster(cluster: Cluster, device: Device): Promise<void> {
  await declareFirewall(cluster, device);
  await cluster.create('PanTagPolicy', {
    metadata: { namespace: podNamespace, name: 'latency' },
    spec: policySpec(firewall),
  });
}

/** Whether the firewall's table holds exactly what the Pods deserve. */
export async function tableIsRight(device: Device, pods: MovingPods): Promise<boolean> {
  const expected = pods.expected();
  const found = await device.table();
  return found.size === expected.size && [...expected].every(([ip, tag]) => String(found.get(ip)) === tag);
}
