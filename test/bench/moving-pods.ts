// Pods whose changes are timed: each change makes exactly one new thing true of the firewall's table.
import type { Cluster } from '../harness/cluster.ts';
import { inParallel } from '../harness/in-parallel.ts';
import type { BenchContext } from './bench.ts';

export const podNamespace = 'bench';
export const tagPrefix = 'bench.';

const kinds = ['label', 'address', 'deletion'] as const;
export type ChangeKind = (typeof kinds)[number];

/** Of 5 changes 3 are labels, 1 gives an address to a new Pod, 1 deletes a Pod. */
const pattern: readonly ChangeKind[] = ['label', 'address', 'label', 'deletion', 'label'];

export type Change = {
  readonly kind: ChangeKind;
  readonly pod: string;
  /** When the write was begun: ms since the epoch with a fraction. */
  readonly writtenAt: number;
  /** Of the event that tells of it; undefined for a deletion, whose event is the Pod's DELETED. */
  readonly resourceVersion: string | undefined;
  /** What the firewall is told in consequence: 'register 10.20.0.7 bench.ns_bench.v.2'. */
  readonly pair: string;
};

type Pod = { readonly name: string; readonly ip: string; readonly version: number };

export type MovingPods = {
  /** Makes the Pods that so many changes need; label changes reuse Pods of which each changes once in that time. */
  readonly populate: (
    changes: readonly number[],
    context: Pick<BenchContext, 'progress' | 'signal'>,
  ) => Promise<void>;
  /** Writes the next change; which kind follows from how many there were. */
  readonly change: () => Promise<Change>;
  /** What the table must hold: address -> tag. */
  readonly expected: () => ReadonlyMap<string, string>;
};

/** The policy that gives each Pod one tag. */
export const policySpec = (firewall: string): object => ({
  firewallNames: [firewall],
  podSelector: { matchLabels: { bench: 'latency' } },
  tags: [{ template: "v.{{ labels['version'] }}" }],
});

export function makeMovingPods(cluster: Cluster): MovingPods {
  const running: Pod[] = [];
  const waiting: Pod[] = [];
  let made = 0;
  let changes = 0;
  const create = async (hasAddress: boolean): Promise<void> => {
    const pod = makePod(made++);
    const { name, ip, version } = pod;
    const labels = { bench: 'latency', version: String(version) };
    await cluster.createPod({ namespace: podNamespace, name, labels, ...(hasAddress ? { ips: [ip] } : {}) });
    (hasAddress ? running : waiting).push(pod);
  };
  const change = {
    label: async (): Promise<Change> => {
      const { name, ip, version } = take(running);
      const changed = { name, ip, version: version + 1 };
      const labels = { version: String(changed.version) };
      const done = await timed(() => cluster.patch('Pod', ref(name), { metadata: { labels } }));
      running.push(changed);
      return { kind: 'label', pod: name, ...done, pair: `register ${ip} ${tagOf(changed)}` };
    },
    address: async (): Promise<Change> => {
      const pod = take(waiting);
      const { name, ip } = pod;
      const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], startTime: new Date().toISOString() };
      const done = await timed(() => cluster.patchStatus('Pod', ref(name), { status }));
      running.push(pod);
      return { kind: 'address', pod: name, ...done, pair: `register ${ip} ${tagOf(pod)}` };
    },
    deletion: async (): Promise<Change> => {
      const pod = take(running);
      const { writtenAt } = await timed(() => cluster.deletePod(ref(pod.name)));
      const pair = `unregister ${pod.ip} ${tagOf(pod)}`;
      return { kind: 'deletion', pod: pod.name, writtenAt, resourceVersion: undefined, pair };
    },
  };
  return {
    async populate(phases, { progress, signal }) {
      const total = phases.reduce((sum, count) => sum + count, 0);
      const share = (count: number, kind: ChangeKind): number =>
        Math.ceil((count * pattern.filter((one) => one === kind).length) / pattern.length);
      const pods = [
        ...Array<boolean>(share(Math.max(...phases), 'label') + share(total, 'deletion')).fill(true),
        ...Array<boolean>(share(total, 'address')).fill(false),
      ];
      progress(`${pods.length} Pods are being created`);
      await inParallel(pods, (hasAddress) => {
        signal.throwIfAborted();
        return create(hasAddress);
      });
    },
    change: () => change[pattern[changes++ % pattern.length] ?? 'label'](),
    expected: () => new Map(running.map((pod) => [pod.ip, tagOf(pod)])),
  };
}

function makePod(index: number): Pod {
  return { name: `pod-${index}`, ip: `10.20.${index >> 8}.${index & 255}`, version: 1 };
}

function tagOf({ version }: Pod): string {
  return `${tagPrefix}ns_${podNamespace}.v.${version}`;
}

function ref(name: string): { readonly namespace: string; readonly name: string } {
  return { namespace: podNamespace, name };
}

function take(pods: Pod[]): Pod {
  const pod = pods.shift();
  if (pod === undefined) throw new Error('too few Pods were made for this many changes');
  return pod;
}

type Written = { readonly writtenAt: number; readonly resourceVersion: string | undefined };

async function timed(
  write: () => Promise<{ readonly metadata: { readonly resourceVersion?: string } } | void>,
): Promise<Written> {
  const writtenAt = performance.timeOrigin + performance.now();
  const answer = await write();
  return { writtenAt, resourceVersion: answer?.metadata.resourceVersion };
}
