// Looks at what an administrator sees: the firewall's registered-ip table, and the statuses as kubectl prints them.

import { isDeepStrictEqual } from 'node:util';
import {
  blank,
  byNumber,
  faint,
  type Line,
  type Statuses,
  statusLines,
  strong,
  type Table,
  tableLines,
} from './frame.ts';
import type { Pods } from './script.ts';
import { type Stage, tagPrefix } from './stage.ts';

const serverPrinted = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const kinds = ['panfirewalls', 'pantagpolicies', 'clusterpantagpolicies'] as const;
/** They are wide, and nothing moves in them. */
const leftOut = new Set(['ENDPOINT', 'AGE']);

type PrintedTable = {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
};

/** Where the operator keeps its own mark, by which it knows the table as its own; no Pod's address. */
export const markerAddress = '192.0.2.1';

/** As the firewall has it, addresses in order. */
export function registeredIps({ firewall }: Stage): Map<string, readonly string[]> {
  const entries = Object.entries(firewall.tables()['vsys1'] ?? {}).map(
    ([ip, { tags }]) => [ip, [...tags].sort()] as const,
  );
  return new Map(entries.sort(([a], [b]) => byNumber(a, b)));
}

/** The addresses that carry our prefix, with those tags only; the operator's mark left out. */
export function ours(table: Table): Map<string, readonly string[]> {
  const owned = [...table]
    .filter(([ip]) => ip !== markerAddress)
    .map(([ip, tags]) => [ip, tags.filter((tag) => tag.startsWith(tagPrefix))] as const);
  return new Map(owned.filter(([, tags]) => tags.length > 0));
}

/** Addresses that carry this tag, given without the prefix. */
function countOf(table: Table, tag: string): number {
  return [...table.values()].filter((tags) => tags.includes(tagPrefix + tag)).length;
}

/** True when every object is Ready and counts what the table holds. */
export function agree({ columns, rows }: Statuses, table: Table, pods: Pods): boolean {
  const expected: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    'panfw/edge-a': { ADDRESSES: ours(table).size, PENDING: 0 },
    'ptp/web': { ADDRESSES: countOf(table, 'ns_shop.web'), PODS: pods.web },
    'cptp/prod': { ADDRESSES: countOf(table, 'env.prod'), PODS: pods.prod },
  };
  return rows.every((cells) => {
    const of = (column: string) => cells[columns.indexOf(column)];
    const counts = Object.entries(expected[of('NAME') ?? ''] ?? {});
    return of('READY') === 'True' && counts.every(([column, count]) => of(column) === String(count));
  });
}

export function holds(stage: Stage, expected: Table): boolean {
  return isDeepStrictEqual(ours(registeredIps(stage)), expected);
}

/** What `kubectl get` prints, made by the API server from the columns that the CRDs define, in one table. */
export async function printedStatuses({ cluster }: Stage): Promise<Statuses> {
  const printed = await Promise.all(
    kinds.map(async (plural) => ({
      plural,
      table: await cluster.request<PrintedTable>('GET', `/apis/pantag.io/v1alpha1/${plural}`, undefined, {
        accept: serverPrinted,
      }),
    })),
  );
  const rows = printed.flatMap(({ plural, table }) =>
    table.rows.map((row) => cellsOf(plural, table, row.cells)),
  );
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  return { columns, rows: rows.map((row) => columns.map((column) => row.get(column) ?? '')) };
}

function cellsOf(
  plural: string,
  { columnDefinitions }: PrintedTable,
  cells: readonly unknown[],
): Map<string, string> {
  const shown = columnDefinitions.flatMap(({ name, priority }, i) => {
    const column = name.toUpperCase();
    const cell = cells[i];
    const text = typeof cell === 'string' || typeof cell === 'number' ? String(cell) : '';
    return priority > 0 || leftOut.has(column)
      ? []
      : [[column, column === 'NAME' ? `${short[plural]}/${text}` : text] as const];
  });
  return new Map(shown);
}

const short: Readonly<Record<string, string>> = {
  panfirewalls: 'panfw',
  pantagpolicies: 'ptp',
  clusterpantagpolicies: 'cptp',
};

/** What a frame shows: the table before and after a change, and the statuses. */
export type Picture = {
  readonly before: Table;
  readonly after: Table;
  readonly statuses: Statuses;
  /** Whether the counts of the statuses are those of the table. */
  readonly agreed: boolean;
};

export function pictureLines({ before, after, statuses, agreed }: Picture): Line[] {
  return [
    [
      ...strong('registered-ip table of the firewall'),
      ...faint(`   (${markerAddress}: the operator's mark)`),
    ],
    ...tableLines(before, after),
    blank,
    [
      ...strong('kubectl get panfw,ptp,cptp -A'),
      ...faint(agreed ? '' : '   (… counts follow within a second)'),
    ],
    ...statusLines(statuses, agreed),
  ];
}
