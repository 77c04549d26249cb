// The gauges that are read off the operator's state when Prometheus asks.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from '../runtime/metrics.ts';
import type { Controller } from './controller.ts';
import type { Watched } from './health.ts';
import { firewallReasons } from './status-subjects.ts';

/** Gauges are read off the state when Prometheus asks. */
export function collectGauges(metrics: Metrics, controller: Controller, watched: readonly Watched[]): void {
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  metrics.onScrape(() => {
    metrics.addresses.reset();
    // A standby does not know the tables, and its numbers would be added to the leader's.
    for (const [firewall, { worker }] of controller.leads ? controller.firewalls : []) {
      const tables = worker?.workers.map(({ table }) => table) ?? [];
      const sum = (count: (table: (typeof tables)[number]) => number) =>
        tables.reduce((total, table) => total + count(table), 0);
      const desired = [...controller.desired.addressesOf(firewall)].length;
      metrics.addresses.set({ firewall, state: 'desired' }, desired * Math.max(1, tables.length));
      metrics.addresses.set(
        { firewall, state: 'confirmed' },
        sum((table) => table.owned),
      );
      metrics.addresses.set(
        { firewall, state: 'pending' },
        sum((table) => table.pending),
      );
      metrics.addresses.set(
        { firewall, state: 'rejected' },
        sum((table) => table.refusals.size),
      );
      metrics.addresses.set(
        { firewall, state: 'held' },
        sum((table) => table.waiting + (table.held?.removals.size ?? 0)),
      );
    }
    metrics.firewallState.reset();
    for (const [firewall, reason] of controller.synced
      ? firewallReasons(controller, performance.now())
      : []) {
      metrics.firewallState.set({ firewall, reason }, 1);
    }
    for (const { name, state } of watched) {
      metrics.watchLastActivity.set({ resource: name }, (performance.now() - state().lastActivityAt) / 1000);
    }
    metrics.eventLoopStall.set(loop.max / 1e9);
    loop.reset();
  });
}
