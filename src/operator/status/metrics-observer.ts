// Observer of the tables of one PanFirewall: counts their messages and failures in metrics, and records their Events.

import type { Desired } from '../../core/desired/desired.ts';
import type { RecordEvent } from '../../core/status/event-note.ts';
import type { RefusedPair } from '../../core/message/refusals.ts';
import type { Batch } from '../../core/message/batch.ts';
import { noTags } from '../../core/model/tag-set.ts';
import { isUnnamed, tableName } from '../../core/model/table-ref.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { TableObserver } from '../table/table-observer.ts';

/** A Pod whose network came up longer ago than this is not new to the firewall: a label or a policy changed. */
const newPodMs = 300_000;

type MetricsObserverOptions = {
  readonly firewall: string;
  readonly metrics: Metrics;
  readonly desired: Desired;
  readonly changed: () => void;
  readonly record: RecordEvent;
};

export function metricsObserver({
  firewall,
  metrics,
  desired,
  changed,
  record,
}: MetricsObserverOptions): TableObserver {
  const startedAt = Date.now();
  // An increase from nothing is none to Prometheus.
  metrics.tableLost.inc({ firewall }, 0);
  return {
    changed,
    record,
    confirmed(batch, refusedPairs, now) {
      countEntries(metrics, firewall, batch, refusedPairs);
      for (const { address, register, unregister, since } of batch) {
        const seconds = (now - since) / 1000;
        if (register.length > 0) {
          metrics.registrationLatency.observe({ firewall, operation: 'register' }, seconds);
          const upSince = desired.holderOf(address)?.since ?? 0;
          const age = Date.now() - upSince;
          if (upSince >= startedAt && age < newPodMs)
            metrics.podToFirewall.observe({ firewall }, Math.max(0, age) / 1000);
        }
        if (unregister.length > 0)
          metrics.registrationLatency.observe({ firewall, operation: 'unregister' }, seconds);
      }
      changed();
    },
    unanswered(batch) {
      for (const operation of operations)
        metrics.deviceEntries.inc({ firewall, operation, outcome: 'unanswered' }, pairsIn(batch, operation));
    },
    refused(reason) {
      metrics.reconcileErrors.inc({ reason });
    },
    lost(ref) {
      metrics.tableLost.inc({ firewall });
      const table = isUnnamed(ref) ? 'the table' : `the table of ${tableName(ref)}`;
      record({
        reason: 'TableLost',
        note: `the ownership mark is missing from ${table}: the table is read and restored`,
      });
      changed();
    },
    failed({ reason }) {
      metrics.reconcileErrors.inc({ reason });
      changed();
    },
  };
}

const operations = ['register', 'unregister', 'refresh'] as const;

function pairsIn(batch: Batch, operation: (typeof operations)[number]): number {
  return batch.reduce((sum, item) => sum + (item[operation]?.length ?? 0), 0);
}

function countEntries(
  metrics: Metrics,
  firewall: string,
  batch: Batch,
  refusedPairs: readonly RefusedPair[],
): void {
  const refreshes = new Map(batch.map(({ address, refresh = noTags }) => [address, refresh]));
  const operationOf = ({ address, tag, section }: RefusedPair) =>
    tag !== undefined && refreshes.get(address)?.includes(tag) === true ? 'refresh' : section;
  const refused = refusedPairs.map(operationOf);
  for (const operation of operations) {
    const sent = pairsIn(batch, operation);
    const rejected = refused.filter((other) => other === operation).length;
    metrics.deviceEntries.inc({ firewall, operation, outcome: 'confirmed' }, Math.max(0, sent - rejected));
    metrics.deviceEntries.inc({ firewall, operation, outcome: 'rejected' }, rejected);
  }
}
