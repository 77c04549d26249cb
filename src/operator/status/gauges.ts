// The gauges that are read off the operator's state when Prometheus asks.

import { tableName } from '../../core/model/table-ref.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { Controller } from '../cluster/controller.ts';
import type { FirewallWorker } from '../firewall/firewall-worker.ts';
import type { Watched } from '../cluster/readiness.ts';
import { firewallReasons } from './firewall-snapshot.ts';

/** A call that was under way when a PanFirewall went has ended by then. */
const lastAnswerMs = 120_000;

/** Gauges are read off the state when Prometheus asks; what is told of a PanFirewall that is gone ends then, too. */
export function collectGauges(metrics: Metrics, controller: Controller, watched: readonly Watched[]): void {
  /** PanFirewalls that were there -> when they were first missed, monotonic ms. */
  const seen = new Map<string, number>();
  metrics.onScrape(async () => {
    const now = performance.now();
    for (const name of controller.firewalls.keys()) seen.set(name, Number.POSITIVE_INFINITY);
    const gone = [...seen].filter(([name]) => !controller.firewalls.has(name));
    await metrics.forgetFirewalls(new Set(gone.map(([name]) => name)));
    for (const [name, missedAt] of gone) {
      if (now - missedAt > lastAnswerMs) seen.delete(name);
      else seen.set(name, Math.min(missedAt, now));
    }
  });
  metrics.onScrape(() => {
    const now = performance.now();
    metrics.addresses.reset();
    metrics.firewallState.reset();
    metrics.tableCapacity.reset();
    metrics.tableUsed.reset();
    metrics.tableLastRead.reset();
    // A standby does not know the tables, and its numbers would be added to the leader's.
    if (controller.leads && controller.synced) {
      for (const [name, { worker }] of controller.firewalls) {
        countAddresses(metrics, controller, name);
        if (worker !== undefined) tellTables(metrics, name, worker, now);
      }
      for (const [firewall, reason] of firewallReasons(controller, now)) {
        metrics.firewallState.set({ firewall, reason }, 1);
      }
    }
    for (const { name, state } of watched) {
      metrics.watchLastActivity.set({ resource: name }, unixTime(state().lastActivityAt, now));
    }
  });
}

/** Monotonic ms -> Unix time in seconds, by the wall clock of now. */
function unixTime(at: number, now: number): number {
  return (Date.now() - (now - at)) / 1000;
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

function tellTables(
  metrics: Metrics,
  firewall: string,
  { tables, limits }: FirewallWorker,
  now: number,
): void {
  for (const { ref, lastReadAt } of tables.all) {
    const { capacity, used } = limits.of(ref).limits;
    const labels = { firewall, table: tableName(ref) };
    if (capacity !== undefined) metrics.tableCapacity.set(labels, capacity);
    metrics.tableUsed.set(labels, used);
    if (lastReadAt !== undefined) metrics.tableLastRead.set(labels, unixTime(lastReadAt, now));
  }
}
