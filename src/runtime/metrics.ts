// Every metric of the operator, under the names that docs and alerts use.

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const stallSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30];

/** Of the library: names that promtool refuses, and gauges that begin anew with each scrape, so that two scrapers halve them. */
const leftOut = /^nodejs_(eventloop_.*|active_\w+_total)$/;

export type Metrics = ReturnType<typeof createMetrics>;

/** One with the label `firewall`, and the names of all of its labels. */
type FirewallMetric = {
  readonly metric: Pick<Gauge<string>, 'get' | 'remove'>;
  readonly names: readonly string[];
};

export function createMetrics(build: { readonly version: string; readonly revision: string }) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const { name } of registry.getMetricsAsArray())
    if (leftOut.test(name)) registry.removeSingleMetric(name);
  const ofFirewalls: FirewallMetric[] = [];
  const noted = <M extends FirewallMetric['metric']>(metric: M, names: readonly string[]): M => {
    if (names.includes('firewall')) ofFirewalls.push({ metric, names });
    return metric;
  };
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    noted(new Counter<L>({ name, help, labelNames, registers }), labelNames);
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    noted(new Gauge<L>({ name, help, labelNames, registers }), labelNames);
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    buckets = seconds,
  ) => noted(new Histogram<L>({ name, help, labelNames, buckets, registers }), labelNames);

  const buildInfo = gauge('pantag_build_info', 'Always 1; the labels tell version, git revision and Node', [
    'version',
    'revision',
    'node',
  ]);
  buildInfo.set({ ...build, node: process.version }, 1);

  const collectors: (() => void | Promise<void>)[] = [];

  return {
    registry,
    /** Sets gauges that are read off the state; called before each scrape. */
    onScrape(collect: () => void | Promise<void>): void {
      collectors.push(collect);
    },
    async text(): Promise<string> {
      for (const collect of collectors) await collect();
      return registry.metrics();
    },
    /** These PanFirewalls are gone, and so are their series. */
    async forgetFirewalls(gone: ReadonlySet<string>): Promise<void> {
      if (gone.size === 0) return;
      for (const { metric, names } of ofFirewalls) {
        const { values } = await metric.get();
        for (const { labels } of values) {
          if (!gone.has(String(labels['firewall']))) continue;
          metric.remove(Object.fromEntries(names.map((name) => [name, labels[name] ?? ''])));
        }
      }
    },
    registrationLatency: histogram(
      'pantag_registration_latency_seconds',
      'From a change seen in the cluster to the firewall having confirmed it; the time that the firewall was in Observe, or away, is ' +
        'part of it',
      ['firewall', 'operation'],
    ),
    podToFirewall: histogram(
      'pantag_pod_to_firewall_seconds',
      "From the Pod's network being up, by the Pod's own timestamps (whole seconds), to the firewall having confirmed its tags",
      ['firewall'],
    ),
    addresses: gauge(
      'pantag_addresses',
      'Addresses by state, over all tables: desired; confirmed (the device holds tags of ours); and of these two, those that are ' +
        'pending (a change is not confirmed yet), rejected (the device refuses a pair) or held (a removal waits for information ' +
        'or approval). The states overlap: do not add them up. Leader only',
      ['firewall', 'state'],
    ),
    tableCapacity: gauge(
      'pantag_table_capacity_addresses',
      "Addresses that the table's device takes, over all its virtual systems; absent where not known. Leader only",
      ['firewall', 'table'],
    ),
    tableUsed: gauge(
      'pantag_table_used_addresses',
      "Addresses that the kept tables of the table's device hold, including other clients'. Leader only",
      ['firewall', 'table'],
    ),
    tableLastRead: gauge(
      'pantag_table_last_read_timestamp_seconds',
      'When the table was last read in full, in Unix time; absent before the first read. Leader only',
      ['firewall', 'table'],
    ),
    firewallState: gauge(
      'pantag_firewall_state',
      "1 for the reason of each PanFirewall's Ready condition. Leader only",
      ['firewall', 'reason'],
    ),
    policyReady: gauge(
      'pantag_policy_ready',
      '1 while a PanTagPolicy or ClusterPanTagPolicy is Ready, 0 while it is not, with the reason; of at most 10,000 policies, ' +
        'those that are not Ready first. Leader only',
      ['kind', 'namespace', 'name', 'reason'],
    ),
    policyPods: gauge(
      'pantag_policy_pods',
      'Pods that the policy selects and that hold an address, of the same policies. Leader only',
      ['kind', 'namespace', 'name'],
    ),
    policies: gauge('pantag_policies', 'All policies, by the reason of their Ready condition. Leader only', [
      'kind',
      'reason',
    ]),
    deviceRequests: counter(
      'pantag_device_requests_total',
      'Calls to the PAN-OS API by kind, and by outcome: ok, or the reason of the failure',
      ['firewall', 'kind', 'outcome'],
    ),
    deviceRequestDuration: histogram(
      'pantag_device_request_duration_seconds',
      'Duration of calls to the PAN-OS API',
      ['firewall', 'kind'],
    ),
    loginTimestamp: gauge(
      'pantag_login_timestamp_seconds',
      'When the key or session in use was obtained for user name and password, in Unix time; absent for a given API key',
      ['firewall'],
    ),
    certificateExpiry: gauge(
      'pantag_device_certificate_expiry_timestamp_seconds',
      'When the certificate that the endpoint presented last ends, in Unix time',
      ['firewall', 'endpoint'],
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
      'pantag_watch_last_activity_timestamp_seconds',
      'When the watch last delivered anything, bookmarks included, in Unix time',
      ['resource'],
    ),
    reconcileErrors: counter(
      'pantag_reconcile_errors_total',
      'Failed attempts to bring a table or a status in line, by reason',
      ['reason'],
    ),
    auditLinesLost: counter(
      'pantag_audit_lines_lost_total',
      'Lines of the audit log that were dropped because nobody read the output in time',
    ),
    leader: gauge(
      'pantag_leader',
      '1 while this process leads: only then it writes to firewalls and to the API. The sum over replicas is 1, or 0 for the ' +
        'seconds of a takeover',
    ),
    eventLoopStall: histogram(
      'pantag_event_loop_stall_seconds',
      'The longest time that the event loop was blocked, second by second',
      [],
      stallSeconds,
    ),
  };
}
