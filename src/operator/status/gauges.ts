// The gauges that are read off the operator's state when Prometheus asks.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { tableName } from '../../core/model/table-ref.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { Controller } from '../cluster/controller.ts';
import type { FirewallWorker } from '../firewall/firewall-worker.ts';
import type { Watched } from '../cluster/readiness.ts';
import { firewallReasons } from './firewall-snapshot.ts';

/** Gauges are read off the state when Prometheus asks. */
export function collectGauges(metrics: Metrics, controller: Controller, watched: readonly Watched[]): void {
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  metrics.onScrape(() => {
    const now = performance.now();
    metrics.addresses.reset();
    metrics.firewallState.reset();
    metrics.tableCapacity.reset();
    metrics.tableUsed.reset();
    // A standby does not know the tables, and its numbers would be added to the leader's.
    if (controller.leads && controller.synced) {
      for (const [name, { worker }] of controller.firewalls) {
        countAddresses(metrics, controller, name);
        if (worker !== undefined) tellCapacity(metrics, name, worker);
      }
      for (const [firewall, reason] of firewallReasons(controller, now)) {
        metrics.firewallState.set({ firewall, reason }, 1);
      }
    }
    for (const { name, state } of watched) {
      metrics.watchLastActivity.set({ resource: name }, (now - state().lastActivityAt) / 1000);
    }
    metrics.eventLoopStall.set(loop.max / 1e9);
    loop.reset();
  });
}

function countAddresses(metrics: Metrics, { firewalls, desired }: Controller, firewall: string): void {
  const tables = firewalls.get(firewall)?.worker?.tables.all.map(({ table }) => table) ?? [];
  const sum = (count: (table: (typeof tables)[number]) => number) =>
    tables.reduce((total, table) => total + count(table), 0);
  const counts = {
    desired: desired.countOf(firewall) * Math.max(1, tables.length),
    confirmed: sum((table) => table.owned),
    pending: sum((table) => table.pending),
    rejected: sum((table) => table.refusals.size),
    held: sum(({ waiting, held }) => held.reduce((total, { size }) => total + size, waiting)),
  };
  for (const [state, count] of Object.entries(counts)) metrics.addresses.set({ firewall, state }, count);
}

function tellCapacity(metrics: Metrics, firewall: string, { tables, limits }: FirewallWorker): void {
  for (const { ref } of tables.all) {
    const { capacity, used } = limits.of(ref).limits;
    const labels = { firewall, table: tableName(ref) };
    if (capacity !== undefined) metrics.tableCapacity.set(labels, capacity);
    metrics.tableUsed.set(labels, used);
  }
}
