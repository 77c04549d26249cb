// Follows the Pods of a namespace and one firewall side by side: whether the table is what the API server says, and how it became so.
import assert from 'node:assert/strict';
import { waitFor } from '../../harness/wait-for.ts';
import type { Device, Owned } from '../../scenarios/device.ts';
import type { Installation } from '../installation.ts';
import type { KubeNode } from '../node.ts';
import { watchAddresses } from './address-watch.ts';
import { makeJudge, type Judgement } from './judge.ts';
import { hasEnded, ownAddresses, watchPods, type Pod } from './pod-watch.ts';

export type Following = {
  readonly firewall: Device;
  readonly pods: () => Promise<readonly Pod[]>;
  /** Resolves when the table has the tags of the Pods that the API server has, and no others. */
  readonly agrees: (timeoutMs?: number) => Promise<Owned>;
  /** Of all up to now. */
  readonly judgement: () => Judgement;
} & AsyncDisposable;

export type FollowOptions = {
  readonly node: KubeNode;
  readonly operator: Installation;
  /** Made, with a policy by which each Pod has a tag of its own. */
  readonly namespace: string;
  /** What the device may be behind; default 5,000. */
  readonly limitMs?: number;
};

export const firewallName = 'fw-a';

/** Strangers have tags on every address that a Pod can get. */
export async function follow({ node, operator, namespace, limitMs }: FollowOptions): Promise<Following> {
  await operator.namespace(namespace);
  const foreignOn = Array.from({ length: 240 }, (_, index) => `10.20.0.${index + 10}`);
  const firewall = await operator.firewall({ name: firewallName, foreignOn });
  await operator.policy(
    { namespace, name: 'each' },
    { firewallNames: [firewallName], tags: [{ template: 'pod.{{ pod }}' }] },
  );
  const watch = await watchPods(node.access, namespace);
  const addresses = watchAddresses(node.layout);
  const { tagPrefix, simulator } = firewall;
  const judge = makeJudge({ tagPrefix, ...(limitMs === undefined ? {} : { limitMs }) });
  let lastSeq = 0;
  const look = (): void => {
    const entries = simulator.log(lastSeq);
    const first = entries[0]?.seq ?? lastSeq + 1;
    assert.equal(first, lastSeq + 1, 'entries of the log have been forgotten unseen');
    lastSeq = entries.at(-1)?.seq ?? lastSeq;
    const messages = entries.filter(({ kind, applied }) => kind === 'message' && applied);
    const heard = { events: watch.take(), messages, grants: addresses.take() };
    judge.take(heard, performance.timeOrigin + performance.now());
  };
  const looking = setInterval(look, 500);
  const pods = () => operator.cluster.list<Pod>('Pod', namespace);
  return {
    firewall,
    pods,
    async agrees(timeoutMs = 30_000) {
      const agreed = async (): Promise<Owned> => {
        const expected = expectedOf(await pods(), namespace);
        await firewall.holds(expected, { timeoutMs: 1_000 });
        return expected;
      };
      const held = await waitFor(agreed, { what: 'the table to be what the cluster says', timeoutMs });
      firewall.checkForeign();
      return held;
    },
    judgement() {
      look();
      return judge.judgement();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(looking);
      addresses[Symbol.dispose]();
      await watch[Symbol.asyncDispose]();
    },
  };
}

function expectedOf(pods: readonly Pod[], namespace: string): Owned {
  const staying = pods.filter((pod) => !hasEnded(pod));
  return Object.fromEntries(
    staying.flatMap((pod) =>
      ownAddresses(pod).map((ip) => [ip, [`ns_${namespace}.pod.${pod.metadata.name}`]]),
    ),
  );
}

/** '12 times: p50 3 ms, p99 40 ms, longest 51 ms' */
export function quantilesOf(times: readonly number[]): string {
  if (times.length === 0) return 'never';
  const at = (part: number): string => `${percentile(times, part).toFixed(0)} ms`;
  return `${times.length} times: p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`;
}

/** 0 of no times. */
export function percentile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

/** The figures of a judgement, a line each. */
export function figuresOf(judgement: Judgement): readonly string[] {
  const { pods, messages, pairs, reused } = judgement;
  return [
    `${pods} Pods with an address, ${reused} of them with another one's; ${messages} messages, ${pairs} pairs`,
    `registered after the API server named the address: ${quantilesOf(judgement.registered)}`,
    `registered after the second in which the kubelet says that the network came up: ${quantilesOf(judgement.registeredAfterNetwork)}`,
    `unregistered after the API server told the end: ${quantilesOf(judgement.unregistered)}`,
    `a former Pod's tag stood after the API server named the new one: ${quantilesOf(judgement.outlived)}`,
    `a former Pod's tag stood after the network plugin gave its address away: ${quantilesOf(judgement.outlivedGrant)}`,
  ];
}
