// Which tables spec.tables comes to: those that it lists, and those of the device groups that it names, as last told.

import type { Finding } from './conditions.ts';
import { distinctTables, type TableRef, tableKey } from './table-ref.ts';

/**
 * An entry of spec.tables, or a table that it comes to. With a deviceGroup: of an entry, the group whose firewalls are
 * meant (it has no serial then); of a table, the group in which its firewall was found.
 */
export type TableEntry = TableRef & { readonly deviceGroup?: string | undefined };

/** A firewall in a device group. */
export type GroupMember = {
  readonly serial: string;
  /** Those of its virtual systems that are in the group; empty: all of them, or the only one. */
  readonly vsys: readonly string[];
};

/** The members of each group of a Panorama, by its name. */
export type DeviceGroups = ReadonlyMap<string, readonly GroupMember[]>;

/** What the last look for a group's members came to. */
export type GroupState =
  | { readonly kind: 'unseen' }
  | { readonly kind: 'found' }
  /** There is no such group, or nobody is in it. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'failed'; readonly finding: Finding };

export class GroupMembership {
  /** By group; never empty: whoever tells of nobody changes nothing. */
  readonly #members = new Map<string, readonly GroupMember[]>();
  readonly #states = new Map<string, GroupState>();
  /** Groups whose members have been told since it began. */
  readonly #told = new Set<string>();

  /** Nothing has been looked for yet; who kept these tables before knew of these members. */
  begin(former: readonly TableEntry[]): void {
    for (const known of [this.#members, this.#states, this.#told]) known.clear();
    for (const { deviceGroup, serial, vsys } of former) {
      if (deviceGroup === undefined || serial === undefined) continue;
      const members = this.#members.get(deviceGroup) ?? [];
      const known = members.find((member) => member.serial === serial);
      // A table without a vsys is one of a member that is not in the group by its vsys.
      const isWhole = vsys === undefined || known?.vsys.length === 0;
      const member = { serial, vsys: isWhole ? [] : [...(known?.vsys ?? []), vsys] };
      this.#members.set(deviceGroup, [...members.filter((one) => one.serial !== serial), member]);
    }
  }

  /** A Panorama has told of all of its groups. */
  tell(answer: DeviceGroups, groups: Iterable<string>): void {
    for (const group of groups) {
      const members = answer.get(group) ?? [];
      this.#states.set(group, { kind: members.length === 0 ? 'empty' : 'found' });
      if (members.length === 0) continue;
      this.#members.set(group, members);
      this.#told.add(group);
    }
  }

  fail(finding: Finding, groups: Iterable<string>): void {
    for (const group of groups) this.#states.set(group, { kind: 'failed', finding });
  }

  /** Whether its members have been told since it began: whoever is not among them is known not to be in it. */
  isTold(group: string): boolean {
    return this.#told.has(group);
  }

  /** Whether it is still to be looked for, for the first time since it began. */
  isUnseen(group: string): boolean {
    return this.#stateOf(group).kind === 'unseen';
  }

  /** Whether its members are known by now, if it has any. */
  isKnown(group: string): boolean {
    return this.isTold(group) || this.#stateOf(group).kind === 'empty';
  }

  /** What is wrong with a group in which nobody is known to be; undefined for others. */
  findingOf(group: string): Finding | undefined {
    if (this.#members.has(group)) return undefined;
    const state = this.#stateOf(group);
    if (state.kind === 'failed') return { ...state.finding, message: inGroup(group, state.finding.message) };
    if (state.kind === 'unseen') return { reason: 'Progressing', message: inGroup(group, 'being looked up') };
    const message = inGroup(
      group,
      'the Panorama tells of no firewall in it; correct spec.tables, or fill it',
    );
    return { reason: 'DeviceUnavailable', message };
  }

  /** Why the tables of a group are kept as they were known, though it was looked for; undefined when all is well. */
  noteOf(group: string): string | undefined {
    const state = this.#stateOf(group);
    const kept = 'its tables are kept as before';
    if (state.kind === 'failed')
      return inGroup(group, `${kept}, as it was not looked up: ${state.finding.message}`);
    if (state.kind !== 'empty') return undefined;
    return inGroup(
      group,
      `${kept}, though the Panorama tells of no firewall in it; if that is so for good, take it out of spec.tables`,
    );
  }

  #stateOf(group: string): GroupState {
    return this.#states.get(group) ?? { kind: 'unseen' };
  }

  /** Every table once: one that is listed, and found in groups too, as the one that is listed. */
  tables(entries: readonly TableEntry[]): readonly TableEntry[] {
    const listed = entries.filter(({ deviceGroup }) => deviceGroup === undefined);
    const found = entries.flatMap((entry) => this.#tablesOf(entry));
    return distinctTables([...listed, ...found]);
  }

  #tablesOf({ deviceGroup, vsys: wanted }: TableEntry): TableEntry[] {
    if (deviceGroup === undefined) return [];
    return (this.#members.get(deviceGroup) ?? []).flatMap(({ serial, vsys }) => {
      if (wanted === undefined && vsys.length > 0)
        return vsys.map((name): TableEntry => ({ serial, vsys: name, deviceGroup }));
      const isIn = wanted === undefined || vsys.length === 0 || vsys.includes(wanted);
      return isIn ? [{ serial, vsys: wanted, deviceGroup }] : [];
    });
  }
}

/** The device groups that entries of spec.tables name, each once. */
export function groupsOf(entries: readonly TableEntry[]): readonly string[] {
  return [...new Set(entries.flatMap(({ deviceGroup }) => deviceGroup ?? []))];
}

/** Whether the entries still ask for tables like this one, which was found in a device group. */
export function asksFor(entries: readonly TableEntry[], { deviceGroup, vsys }: TableEntry): boolean {
  return entries.some(
    (entry) =>
      entry.deviceGroup !== undefined &&
      entry.deviceGroup === deviceGroup &&
      (entry.vsys === undefined || entry.vsys === vsys),
  );
}

export function isAmong(tables: readonly TableRef[], table: TableRef): boolean {
  return tables.some((one) => tableKey(one) === tableKey(table));
}

function inGroup(group: string, words: string): string {
  return `device group ${group}: ${words}`;
}
