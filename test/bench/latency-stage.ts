// What `bench latency` measures on: API server, operator, firewall and bare watch, each a process of its own.
import { startControlPlane } from '../control-plane/control-plane.ts';
import { type Cluster, connect } from '../harness/cluster.ts';
import { startOperator } from '../harness/operator-process.ts';
import { waitFor } from '../harness/wait-for.ts';
import { type BareWatch, startBareWatch } from './bare-watch.ts';
import type { BenchContext } from './bench.ts';
import { type Device, startDevice } from './device-process.ts';
import { makeMovingPods, type MovingPods, podNamespace, policySpec, tagPrefix } from './moving-pods.ts';

const operatorNamespace = 'pan-tag-operator';
const firewall = 'edge';
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
  const device = parts.use(await startDevice(deviceMs, signal));
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
  await cluster.applyCrds();
  await cluster.createNamespace(operatorNamespace);
  await cluster.createNamespace(podNamespace);
  const secret = { namespace: operatorNamespace, name: firewall };
  await cluster.createSecret(secret, { apiKey: device.apiKey, 'ca.crt': device.caPem });
  await cluster.create('PanFirewall', {
    metadata: { name: firewall },
    spec: {
      endpoint: device.endpoint,
      tagPrefix,
      credentials: { secretRef: { name: firewall } },
      tls: { caSecretRef: { name: firewall } },
      namespaceSelector: {},
      deletionPolicy: 'Retain',
    },
  });
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
