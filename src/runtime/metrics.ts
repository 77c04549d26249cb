// Every metric of the operator, under the names that docs and alerts use.

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(build: { readonly version: string; readonly revision: string }) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Histogram<L>({ name, help, labelNames, buckets: seconds, registers });

  const buildInfo = gauge('pantag_build_info', 'Always 1; the labels tell version, git revision and Node', [
    'version',
    'revision',
    'node',
  ]);
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
    registrationLatency: histogram(
      'pantag_registration_latency_seconds',
      'From a change seen in the cluster to the firewall having confirmed it',
      ['firewall', 'operation'],
    ),
    podToFirewall: histogram(
      'pantag_pod_to_firewall_seconds',
      "From the Pod's network being up, by the Pod's own timestamps (whole seconds), to the firewall having confirmed its tags",
      ['firewall'],
    ),
    addresses: gauge(
      'pantag_addresses',
      'Addresses by state: desired, confirmed, pending, rejected (refused by the device), held (a removal waits for knowledge)',
      ['firewall', 'state'],
    ),
    tableCapacity: gauge(
      'pantag_table_capacity_addresses',
      "Addresses that the table's device takes, over all its virtual systems, where that is known",
      ['firewall', 'table'],
    ),
    tableUsed: gauge(
      'pantag_table_used_addresses',
      "Addresses that the kept tables of the table's device hold, including other clients'",
      ['firewall', 'table'],
    ),
    firewallState: gauge(
      'pantag_firewall_state',
      "1 for the reason of each PanFirewall's Ready condition, as the leader sees it",
      ['firewall', 'reason'],
    ),
    deviceRequests: counter(
      'pantag_device_requests_total',
      'Calls to the PAN-OS API by kind and outcome (ok, or the reason of the failure)',
      ['firewall', 'kind', 'outcome'],
    ),
    deviceRequestSeconds: histogram('pantag_device_request_seconds', 'Duration of calls to the PAN-OS API', [
      'firewall',
      'kind',
    ]),
    loginTimestamp: gauge(
      'pantag_login_timestamp_seconds',
      'When the key or session in use was obtained for user name and password, in Unix time; none for a given API key',
      ['firewall'],
    ),
    deviceEntries: counter(
      'pantag_device_entries_total',
      '(address, tag) pairs sent, by operation (register, unregister, refresh) and outcome (confirmed, rejected, unanswered)',
      ['firewall', 'operation', 'outcome'],
    ),
    tableLost: counter(
      'pantag_table_lost_total',
      'Tables found without our mark of ownership after it had been there: emptied, or the mark taken away',
      ['firewall'],
    ),
    watchMissedChanges: counter(
      'pantag_watch_missed_changes_total',
      'Changes that a relist found and the watch had not delivered',
      ['resource'],
    ),
    watchRestarts: counter(
      'pantag_watch_restarts_total',
      'Watches that ended other than by their own time limit, by reason',
      ['resource', 'reason'],
    ),
    watchLastActivity: gauge(
      'pantag_watch_last_activity_seconds',
      'Seconds since the watch last delivered anything, bookmarks included',
      ['resource'],
    ),
    reconcileErrors: counter(
      'pantag_reconcile_errors_total',
      'Failed attempts to bring a table or a status in line, by reason',
      ['reason'],
    ),
    leader: gauge(
      'pantag_leader',
      '1 while this process leads: only then it writes to firewalls and to the API',
    ),
    eventLoopStall: gauge(
      'pantag_event_loop_stall_seconds',
      'Longest time that the event loop was blocked since the last scrape',
    ),
  };
}
