// Our content of a simulated device, and that strangers' entries stay as they were planted at the start.
import assert from 'node:assert/strict';
import type { DeviceControls } from '../../simulator/control/device-controls.ts';
import type { Planting, TableEntry } from '../../simulator/simulator.ts';
import { waitFor } from '../harness/wait-for.ts';

export type HeldOptions = {
  /** Of the operator on this device; default 'k8s-prod.'. */
  readonly tagPrefix?: string | undefined;
  /** Addresses of the scenario's own Pods on which strangers have tags as well. */
  readonly foreignOn: readonly string[];
  /** Further entries of strangers in every table, after the others. */
  readonly alsoForeign?: Planting['add'];
  /** Tags of ours (given without prefix) that an earlier operator has left in every table. */
  readonly leftOver?: Owned | undefined;
  /** Ids of operators that have marked our prefix in every table. */
  readonly markedBy?: readonly string[] | undefined;
};

/** Address -> tags without the prefix, sorted. Addresses without a tag of ours are left out. */
export type Owned = Readonly<Record<string, readonly string[]>>;

export type HeldTables = {
  readonly tagPrefix: string;
  /** The tags with our prefix, marks and those learned from agents left out; vsys defaults to the first one. */
  readonly owned: (vsys?: string) => Owned;
  /** The tags at the address of marks, sorted, whoever's. */
  readonly marks: (vsys?: string) => readonly string[];
  /** Resolves when the device holds exactly these tags of ours; rejects with the difference after timeoutMs. */
  readonly holds: (expected: Owned, options?: HoldsOptions) => Promise<void>;
  /** Throws when anything of the strangers' differs from what was planted at the start. */
  readonly checkForeign: () => void;
};

export type HoldsOptions = { readonly vsys?: string; readonly timeoutMs?: number };

const maxShown = 10;
const markerAddress = '192.0.2.1';

/** Plants tags and entries of every kind that could be taken for ours in all tables of a device. */
export function heldTables(
  device: Pick<DeviceControls, 'tables' | 'plant'>,
  options: HeldOptions,
): HeldTables {
  const { tagPrefix = 'k8s-prod.', foreignOn, alsoForeign = [], leftOver = {}, markedBy = [] } = options;
  const vsysNames = Object.keys(device.tables());
  const [firstVsys = ''] = vsysNames;
  const ours = Object.entries(leftOver).map(([ip, tags]) => ({
    ip,
    tags: tags.map((tag) => tagPrefix + tag),
  }));
  const marks = markedBy.map((id) => ({ ip: markerAddress, tags: [`${tagPrefix}_owner.${id}`] }));
  for (const vsys of vsysNames)
    device.plant({ vsys, add: [...strangers(tagPrefix, foreignOn), ...alsoForeign, ...ours, ...marks] });
  const isOurs = (tag: string, { fromAgent }: TableEntry): boolean => !fromAgent && tag.startsWith(tagPrefix);
  const foreign = () => vsysNames.map((vsys) => rest(device.tables()[vsys] ?? {}, isOurs));
  const planted = foreign();

  const owned: HeldTables['owned'] = (vsys = firstVsys) =>
    Object.fromEntries(
      Object.entries(device.tables()[vsys] ?? {}).flatMap(([ip, entry]) => {
        if (ip === markerAddress) return [];
        const tags = entry.tags.filter((tag) => isOurs(tag, entry)).map((tag) => tag.slice(tagPrefix.length));
        return tags.length === 0 ? [] : [[ip, tags.sort()] as const];
      }),
    );
  return {
    tagPrefix,
    owned,
    marks: (vsys = firstVsys) => device.tables()[vsys]?.[markerAddress]?.tags.toSorted() ?? [],
    async holds(expected, { vsys = firstVsys, timeoutMs = 10_000 } = {}) {
      const look = (): true => {
        const difference = differenceOf(owned(vsys), expected);
        if (difference !== '') throw new Error(difference);
        return true;
      };
      await waitFor(look, { what: `the table of ${vsys}`, timeoutMs, intervalMs: 20 });
    },
    checkForeign: () => assert.deepEqual(foreign(), planted, 'entries of strangers were touched'),
  };
}

/** Other prefixes that look like ours, other addresses, ranges, networks, odd spellings, what an agent told. */
function strangers(prefix: string, podAddresses: readonly string[]): NonNullable<Planting['add']> {
  const nearly = [
    prefix.slice(0, -1),
    `x${prefix}web`,
    `${prefix.toUpperCase()}web`,
    'k8s-other.ns_shop.web',
  ];
  return [
    ...podAddresses.map((ip) => ({ ip, tags: ['quarantine', ...nearly] })),
    { ip: '198.51.100.7', tags: ['quarantine', ...nearly] },
    { ip: '198.51.100.8', tags: [`${prefix}ns_shop.web`, `${prefix}all`], fromAgent: true },
    { ip: '198.51.100.16-198.51.100.31', tags: ['pool'] },
    { ip: '198.51.100.64/26', tags: ['network'] },
    { ip: '2001:DB8:FFFF:0:0:0:0:7', tags: ['spelled-differently', ...nearly] },
  ];
}

/** The table without our tags. */
function rest(
  table: Readonly<Record<string, TableEntry>>,
  isOurs: (tag: string, entry: TableEntry) => boolean,
): Readonly<Record<string, TableEntry>> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([ip, entry]) => {
      const tags = entry.tags.filter((tag) => !isOurs(tag, entry)).sort();
      return tags.length === 0 ? [] : [[ip, { ...entry, tags }] as const];
    }),
  );
}

/** The addresses whose tags differ, whatever the order of tags; cheap, as it is asked often and of large tables. */
export function differentAddresses(actual: Owned, expected: Owned): readonly string[] {
  const addresses = new Set([...Object.keys(actual), ...Object.keys(expected)]);
  return [...addresses].filter((ip) => text(actual[ip]) !== text(expected[ip]));
}

function text(tags: readonly string[] | undefined): string {
  return tags?.toSorted().join(' ') ?? 'nothing';
}

/** '' when both are equal. */
function differenceOf(actual: Owned, expected: Owned): string {
  const different = differentAddresses(actual, expected);
  const shown = different
    .slice(0, maxShown)
    .map((ip) => `${ip} has ${text(actual[ip])} instead of ${text(expected[ip])}`);
  return different.length > maxShown ? `${shown.join('; ')}; ${different.length} in all` : shown.join('; ');
}
