// Every metric of the operator, under the names that docs and alerts use.

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(build: { readonly version: string; readonly revision: string }) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const buildInfo = new Gauge({
    name: 'pantag_build_info',
    help: 'Always 1; the labels tell version, git revision and Node',
    labelNames: ['version', 'revision', 'node'],
    registers,
  });
  buildInfo.set({ ...build, node: process.version }, 1);

  const collectors: (() => void)[] = [];

  return {
    registry,
    /** Sets gauges that are read off the state; called before each scrape. */
    onScrape(collect: () => void): void {
      collectors.push(collect);
    },
    text(): Promise<string> {
      for (const collect of collectors) collect();
      return registry.metrics();
    },
    registrationLatency: new Histogram({
      name: 'pantag_registration_latency_seconds',
      help: 'From a change seen in the cluster to the firewall having confirmed it',
      labelNames: ['firewall', 'operation'],
      buckets: seconds,
      registers,
    }),
    podToFirewall: new Histogram({
      name: 'pantag_pod_to_firewall_seconds',
      help: "From the Pod's network being up, by the Pod's own timestamps (whole seconds), to the firewall having confirmed its tags",
      labelNames: ['firewall'],
      buckets: seconds,
      registers,
    }),
    addresses: new Gauge({
      name: 'pantag_addresses',
      help: 'Addresses by state: desired, confirmed, pending, rejected (refused by the device), held (a removal waits for knowledge)',
      labelNames: ['firewall', 'state'],
      registers,
    }),
    tableCapacity: new Gauge({
      name: 'pantag_table_capacity_addresses',
      help: "Addresses that the table's device takes, over all its virtual systems, where that is known",
      labelNames: ['firewall', 'table'],
      registers,
    }),
    tableUsed: new Gauge({
      name: 'pantag_table_used_addresses',
      help: "Addresses that the kept tables of the table's device hold, including other clients'",
      labelNames: ['firewall', 'table'],
      registers,
    }),
    firewallState: new Gauge({
      name: 'pantag_firewall_state',
      help: "1 for the reason of each PanFirewall's Ready condition, as the leader sees it",
      labelNames: ['firewall', 'reason'],
      registers,
    }),
    deviceRequests: new Counter({
      name: 'pantag_device_requests_total',
      help: 'Calls to the PAN-OS API by kind and outcome (ok, or the reason of the failure)',
      labelNames: ['firewall', 'kind', 'outcome'],
      registers,
    }),
    deviceRequestSeconds: new Histogram({
      name: 'pantag_device_request_seconds',
      help: 'Duration of calls to the PAN-OS API',
      labelNames: ['firewall', 'kind'],
      buckets: seconds,
      registers,
    }),
    loginTimestamp: new Gauge({
      name: 'pantag_login_timestamp_seconds',
      help: 'When the key or session in use was obtained for user name and password, in Unix time; none for a given API key',
      labelNames: ['firewall'],
      registers,
    }),
    deviceEntries: new Counter({
      name: 'pantag_device_entries_total',
      help: '(address, tag) pairs sent, by operation (register, unregister, refresh) and outcome (confirmed, rejected, unanswered)',
      labelNames: ['firewall', 'operation', 'outcome'],
      registers,
    }),
    tableLost: new Counter({
      name: 'pantag_table_lost_total',
      help: 'Tables found without our mark of ownership after it had been there: emptied, or the mark taken away',
      labelNames: ['firewall'],
      registers,
    }),
    watchMissedChanges: new Counter({
      name: 'pantag_watch_missed_changes_total',
      help: 'Changes that a relist found and the watch had not delivered',
      labelNames: ['resource'],
      registers,
    }),
    watchRestarts: new Counter({
      name: 'pantag_watch_restarts_total',
      help: 'Watches that ended other than by their own time limit, by reason',
      labelNames: ['resource', 'reason'],
      registers,
    }),
    watchLastActivity: new Gauge({
      name: 'pantag_watch_last_activity_seconds',
      help: 'Seconds since the watch last delivered anything, bookmarks included',
      labelNames: ['resource'],
      registers,
    }),
    reconcileErrors: new Counter({
      name: 'pantag_reconcile_errors_total',
      help: 'Failed attempts to bring a table or a status in line, by reason',
      labelNames: ['reason'],
      registers,
    }),
    leader: new Gauge({
      name: 'pantag_leader',
      help: '1 while this process leads: only then it writes to firewalls and to the API',
      registers,
    }),
    eventLoopStall: new Gauge({
      name: 'pantag_event_loop_stall_seconds',
      help: 'Longest time that the event loop was blocked since the last scrape',
      registers,
    }),
  };
}
