// Every metric is in the docs' table with its labels, and the table holds no other.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMetrics } from '../src/runtime/metrics.ts';

const { registry } = createMetrics({ version: '0', revision: '0' });

/** name -> labels, sorted. */
type Described = Readonly<Record<string, readonly string[]>>;

function registered(): Described {
  const metrics = registry.getMetricsAsArray().filter(({ name }) => name.startsWith('pantag_'));
  return Object.fromEntries(metrics.map((metric) => [metric.name, [...labelsOf(metric)].sort()]));
}

/** The library keeps what a metric was made with, and its types do not tell. */
function labelsOf(metric: object): readonly string[] {
  return (metric as { readonly labelNames?: readonly string[] }).labelNames ?? [];
}

async function documented(): Promise<Described> {
  const page = await readFile(join(import.meta.dirname, '../docs/reference/metrics.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(pantag_\w+)` \| \w+ \|([\w, ]*)\|/gm)];
  return Object.fromEntries(rows.map(([, name = '', labels = '']) => [name, words(labels)]));
}

function words(text: string): readonly string[] {
  return (text.match(/\w+/g) ?? []).sort();
}

test("the table of docs/reference/metrics.md and the operator's metrics are the same", async () => {
  assert.deepEqual(await documented(), registered());
});

/** What users build on: the names of the contract. */
const promised: Described = {
  pantag_registration_latency_seconds: ['firewall', 'operation'],
  pantag_pod_to_firewall_seconds: ['firewall'],
  pantag_addresses: ['firewall', 'state'],
  pantag_device_requests_total: ['firewall', 'kind', 'outcome'],
  pantag_device_request_duration_seconds: ['firewall', 'kind'],
  pantag_device_entries_total: ['firewall', 'operation', 'outcome'],
  pantag_watch_missed_changes_total: ['resource'],
  pantag_watch_last_activity_timestamp_seconds: ['resource'],
  pantag_reconcile_errors_total: ['reason'],
  pantag_event_loop_stall_seconds: [],
  pantag_leader: [],
  pantag_policy_ready: ['kind', 'name', 'namespace', 'reason'],
  pantag_policy_pods: ['kind', 'name', 'namespace'],
  pantag_device_certificate_expiry_timestamp_seconds: ['endpoint', 'firewall'],
  pantag_table_last_read_timestamp_seconds: ['firewall', 'table'],
};

test('the metrics that dashboards in the field rest on keep their names and labels', () => {
  const now = registered();
  for (const [name, labels] of Object.entries(promised)) assert.deepEqual(now[name], labels, name);
});
