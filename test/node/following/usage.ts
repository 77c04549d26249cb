// Reads from the metrics of the replicas what the operator uses: memory, sockets, stalls, missed changes.
import assert from 'node:assert/strict';
import { longestOf, metricSum, metricValue, stallBuckets } from '../../scenarios/probes.ts';
import { operatorNamespace, type Installation } from '../installation.ts';
import type { Pod } from './pod-watch.ts';

export type Usage = {
  readonly pod: string;
  /** Seconds since the epoch; another one after a restart. */
  readonly startedAt: number;
  /** MiB. */
  readonly resident: number;
  /** MiB, with what has not been collected yet. */
  readonly heap: number;
  readonly sockets: number;
  /** Longest time that the event loop was blocked since the last call, seconds. */
  readonly stall: number;
  readonly missedChanges: number;
  readonly tablesLost: number;
};

/** Of all replicas, by the names of their Pods. */
export async function readUsage({ cluster }: Installation): Promise<readonly Usage[]> {
  const pods = await cluster.list<Pod>('Pod', operatorNamespace);
  return Promise.all(
    pods.map(async ({ metadata, status }) => {
      const answer = await fetch(`http://${status.podIPs?.[0]?.ip}:8080/metrics`);
      const text = await answer.text();
      const value = (name: string, labels = {}): number =>
        metricValue(text, name, labels) ?? assert.fail(`no ${name} in ${text.slice(0, 200)}`);
      return {
        pod: metadata.name,
        startedAt: value('process_start_time_seconds'),
        resident: value('process_resident_memory_bytes') / 2 ** 20,
        heap: value('nodejs_heap_size_used_bytes') / 2 ** 20,
        sockets: value('nodejs_active_resources', { type: 'TCPSocketWrap' }),
        stall: longestOf(stallBuckets(text)),
        missedChanges: metricSum(text, 'pantag_watch_missed_changes_total'),
        tablesLost: metricSum(text, 'pantag_table_lost_total'),
      };
    }),
  );
}

/** 'x2f4k: 91 MiB resident, 25 MiB heap, 8 sockets, longest stall 12 ms' */
export function describe({ pod, resident, heap, sockets, stall }: Usage): string {
  const memory = `${resident.toFixed(0)} MiB resident, ${heap.toFixed(0)} MiB heap`;
  return `${pod.slice(-5)}: ${memory}, ${sockets} sockets, longest stall ${(stall * 1000).toFixed(0)} ms`;
}

/** How much more there is in the last third of the samples than in the one before: the difference of their medians. */
export function growthOf(samples: readonly number[]): number {
  const third = Math.floor(samples.length / 3);
  const median = (some: readonly number[]): number =>
    some.toSorted((a, b) => a - b)[Math.floor(some.length / 2)] ?? 0;
  return median(samples.slice(-third)) - median(samples.slice(-2 * third, -third));
}
