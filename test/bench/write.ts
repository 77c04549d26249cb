// `bench write`: many changes through a small firewall's speed, beside what that speed alone would take.
import { startControlPlane } from '../control-plane/control-plane.ts';
import { type Cluster, connect } from '../harness/cluster.ts';
import { inParallel } from '../harness/in-parallel.ts';
import { startOperator } from '../harness/operator-process.ts';
import { waitFor } from '../harness/wait-for.ts';
import { declareFirewall, firewall, operatorNamespace } from './bench-cluster.ts';
import { type Bench, type BenchContext, readArguments, readCount } from './bench.ts';
import { type Device, startDevice } from './device-process.ts';
import { podNamespace } from './moving-pods.ts';
import { reportWrite, type WritePhase } from './write-report.ts';

export const write: Bench = {
  name: 'write',
  measures: 'many changes at once through a firewall that is held to the speed of a VM-50, beside that speed',
  takes: 'about 3 minutes',
  usage: ['--changes 10000   registered, then replaced, then unregistered'],
  run: (context) => runWrite(context),
};

const policy = { namespace: podNamespace, name: 'many' };
const startLimitMs = 60_000;
/** Several times what the slowest phase takes for each change. */
const changeLimitMs = 20;
/** They keep their tags, as a table that is emptied is held. */
const bystanders = 10;

type Stage = { readonly cluster: Cluster; readonly device: Device };

async function runWrite(context: BenchContext): Promise<boolean> {
  const { args, progress, print, signal } = context;
  const changes = readCount('changes', readArguments(args, { changes: '10000' }).changes);
  progress('API server and simulated firewall');
  await using plane = await startControlPlane({ signal });
  await using cluster = connect(plane);
  const settings = { limits: { registeredAddresses: 4 * (changes + bystanders) } };
  await using device = await startDevice({ profile: 'VM-50', settings }, signal);
  await populate({ cluster, device }, changes, context);
  await using operator = await startOperator({ kubeconfig: plane.kubeconfig, namespace: operatorNamespace });
  progress(`operator ${operator.pid}: the first synchronisation`);
  await tableHas(device, { addresses: bystanders, tag: 'stays' }, { signal, timeoutMs: startLimitMs });
  const phases: WritePhase[] = [];
  for (const step of steps({ cluster, device }, changes)) {
    progress(`${changes} addresses: ${step.name}`);
    const since = (await device.log(0)).at(-1)?.seq ?? 0;
    const begunAt = performance.timeOrigin + performance.now();
    await step.make();
    const timeoutMs = startLimitMs + changes * changeLimitMs;
    await tableHas(device, step.expected, { signal, timeoutMs });
    const messages = (await device.log(since)).filter(({ kind }) => kind === 'message');
    phases.push({ name: step.name, changes, begunAt, messages });
  }
  return reportWrite(phases, print);
}

async function populate({ cluster, device }: Stage, changes: number, context: BenchContext): Promise<void> {
  await declareFirewall(cluster, device, { removalGuard: { percent: 100, minimum: 100_000 } });
  const policySpec = (group: string, tag: string) => ({
    firewallNames: [firewall],
    podSelector: { matchLabels: { group } },
    tags: [{ template: tag }],
  });
  const metadata = { namespace: podNamespace, name: 'bystanders' };
  await cluster.create('PanTagPolicy', { metadata, spec: policySpec('bystander', 'stays') });
  const spec = policySpec('one-of-many', 'none');
  await cluster.create('PanTagPolicy', {
    metadata: policy,
    spec: { ...spec, tags: [{ template: "{{ labels['nobody-has-it'] }}" }] },
  });
  context.progress(`${changes + bystanders} Pods are being created`);
  await inParallel(
    Array.from({ length: changes + bystanders }, (_, index) => index),
    (index) => {
      context.signal.throwIfAborted();
      const group = index < bystanders ? 'bystander' : 'one-of-many';
      const ip = `10.${20 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
      return cluster.createPod({
        namespace: podNamespace,
        name: `pod-${index}`,
        labels: { group },
        ips: [ip],
      });
    },
  );
}

type Expected = { readonly addresses: number; readonly tag: string };
type Step = {
  readonly name: WritePhase['name'];
  readonly make: () => Promise<unknown>;
  readonly expected: Expected;
};

function steps({ cluster }: Stage, changes: number): readonly Step[] {
  const setTags = (template: string) =>
    cluster.patch('PanTagPolicy', policy, { spec: { tags: [{ template }] } });
  return [
    { name: 'register', make: () => setTags('one'), expected: { addresses: changes, tag: 'one' } },
    { name: 'replace', make: () => setTags('two'), expected: { addresses: changes, tag: 'two' } },
    {
      name: 'unregister',
      make: () => setTags("{{ labels['nobody-has-it'] }}"),
      expected: { addresses: bystanders, tag: 'stays' },
    },
  ];
}

/** So many addresses have this tag, and where it is not the bystanders', nobody but them has another one. */
async function tableHas(
  device: Device,
  { addresses, tag }: Expected,
  limits: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<void> {
  const isRight = async (): Promise<boolean> => {
    const all = [...(await device.table()).values()].map((tags) => tags.join().split('.').at(-1));
    const others = tag === 'stays' ? 0 : bystanders;
    return all.length === addresses + others && all.filter((one) => one === tag).length === addresses;
  };
  // Seldom: while it tells, the firewall answers nobody else.
  await waitFor(isRight, { what: `${addresses} addresses with ${tag}`, intervalMs: 2_000, ...limits });
}
