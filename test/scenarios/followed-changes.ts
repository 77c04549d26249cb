// Changes of a tenant's Pods, one after the other, and how long each takes to reach the table of a device.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../bench/statistics.ts';
import type { Cluster } from '../harness/cluster.ts';
import { waitFor } from '../harness/wait-for.ts';
import type { Device } from './device.ts';

export type Follower = {
  /** Changes the label `turn` of one Pod after the other to `<word>-<n>`; from API write to the table, in ms, for each. */
  readonly follow: (word: string, everyMs: number, changes?: number) => Promise<readonly number[]>;
};

const podCount = 10;
const usualChanges = 60;

/** A Namespace with ten Pods, and a policy that turns their label `turn` into a tag on this firewall; all of it is there. */
export async function startFollower(
  cluster: Cluster,
  { namespace, firewall, device }: { namespace: string; firewall: string; device: Device },
): Promise<Follower> {
  const pods = Array.from({ length: podCount }, (_, i) => ({
    namespace,
    name: `teller-${i}`,
    labels: { turn: 'first' },
    ips: [`10.1.0.${i + 1}`],
  }));
  await cluster.createNamespace(namespace);
  const spec = { podSelector: {}, firewallNames: [firewall], tags: [{ labelKeys: ['turn'] }] };
  await cluster.create('PanTagPolicy', { metadata: { namespace, name: 'turns' }, spec });
  await cluster.createPods(pods);
  await device.holds(
    Object.fromEntries(pods.map(({ ips: [ip = ''] }) => [ip, [`ns_${namespace}.turn.first`]])),
  );
  return {
    async follow(word, everyMs, changes = usualChanges) {
      const latencies: number[] = [];
      for (let n = 0; n < changes; n++) {
        const { name, ips } = pods[n % podCount] ?? assert.fail();
        const [ip = ''] = ips;
        const expected = `ns_${namespace}.turn.${word}-${n}`;
        const startedAt = performance.now();
        const written = cluster.labelPod({ namespace, name }, { turn: `${word}-${n}` });
        const isThere = () => device.owned()[ip]?.join() === expected;
        await waitFor(isThere, { what: `${expected} on ${ip}`, timeoutMs: 10_000, intervalMs: 1 });
        const tookMs = performance.now() - startedAt;
        await written;
        latencies.push(tookMs);
        await sleep(Math.max(0, everyMs - tookMs));
      }
      return latencies;
    },
  };
}

export function told(latencies: readonly number[], stallSeconds: number): string {
  const [p50, p99] = [0.5, 0.99].map((p) => percentile(latencies, p).toFixed(1));
  const stallMs = Math.round(stallSeconds * 1000);
  return `${latencies.length} changes, p50 ${p50} ms, p99 ${p99} ms; longest stall ${stallMs} ms`;
}
