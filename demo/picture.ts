// Draws what an administrator sees: the firewall's registered-ip table, and the statuses as kubectl prints them.

import type { Tables } from '../simulator/simulator.ts';
import type { Cluster } from '../test/harness/cluster.ts';

const serverPrinted = 'application/json;as=Table;v=v1;g=meta.k8s.io';

type PrintedTable = {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
};

/** address -> tags, as the firewall has them, addresses in order. */
export function registeredIps(tables: Tables): Map<string, readonly string[]> {
  const entries = Object.entries(tables['vsys1'] ?? {}).map(
    ([ip, { tags }]) => [ip, [...tags].sort()] as const,
  );
  return new Map(entries.sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })));
}

export function drawTable(table: ReadonlyMap<string, readonly string[]>): string {
  if (table.size === 0) return '(empty)';
  return columns([['ADDRESS', 'TAGS'], ...[...table].map(([ip, tags]) => [ip, tags.join(' ')])]);
}

/** What `kubectl get` prints, made by the API server from the columns that the CRDs define. */
export async function drawStatuses(cluster: Cluster): Promise<string> {
  const get = (plural: string) =>
    cluster.request<PrintedTable>('GET', `/apis/pantag.io/v1alpha1/${plural}`, undefined, {
      accept: serverPrinted,
    });
  const kinds = ['panfirewalls', 'pantagpolicies', 'clusterpantagpolicies'];
  const printed = await Promise.all(kinds.map(get));
  return printed
    .filter(({ rows }) => rows.length > 0)
    .map(drawPrinted)
    .join('\n\n');
}

function drawPrinted({ columnDefinitions, rows }: PrintedTable): string {
  const shown = columnDefinitions
    .map(({ priority }, i) => ({ i, wide: priority > 0 }))
    .filter(({ wide }) => !wide);
  const heads = shown.map(({ i }) => (columnDefinitions[i]?.name ?? '').toUpperCase());
  return columns([heads, ...rows.map(({ cells }) => shown.map(({ i }) => text(cells[i])))]);
}

function text(cell: unknown): string {
  return typeof cell === 'string' || typeof cell === 'number' ? String(cell) : '';
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}
