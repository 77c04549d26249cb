// Expands spec.tables to tables: those listed, and those of its device groups as last looked up.

import type { Finding } from '../model/finding.ts';
import { type GroupHierarchy, groupsBelow } from './group-hierarchy.ts';
import {
  after,
  type FoundMembers,
  type MemberTable,
  membersOf,
  nobody,
  type DeviceGroups,
} from './group-members.ts';
import { productTiming, type Timing } from '../model/timing.ts';
import { distinctTables, type TableRef, tableKey } from '../model/table-ref.ts';

/**
 * An entry of spec.tables, or a table that it comes to. With a deviceGroup: of an entry, the group whose firewalls, and
 * those of the groups below it, are meant (it has no serial then); of a table, the group that holds its firewall.
 */
export type TableEntry = TableRef & {
  readonly deviceGroup?: string | undefined;
  /** Of a table: the group of spec.tables by which it was found, where that is another one, above its own. */
  readonly listedGroup?: string | undefined;
};

/** What a Panorama told of all of its groups at one look. */
export type GroupsAnswer = {
  readonly members: DeviceGroups;
  /** Why it did not tell which groups are below which, where it refused that. */
  readonly hierarchy: GroupHierarchy | { readonly refused: Finding };
};

/** What the last look for a group's members came to. */
type GroupState =
  | { readonly kind: 'unseen' }
  /** `unsure`: which groups are below it was not told. */
  | { readonly kind: 'found'; readonly unsure?: Finding | undefined }
  /** There is no such group, or nobody is in it. */
  | { readonly kind: 'empty'; readonly unsure?: Finding | undefined }
  | { readonly kind: 'failed'; readonly finding: Finding };

export class GroupMembership {
  /** By group of the spec; never empty: whoever tells of nobody changes nothing. */
  readonly #members = new Map<string, FoundMembers>();
  /** By group of the spec: those that were last known to be below it. */
  readonly #below = new Map<string, readonly string[]>();
  readonly #states = new Map<string, GroupState>();
  /** Groups whose members have been told since it began. */
  readonly #told = new Set<string>();
  readonly #lookMs: number;

  constructor({ groupLookMs }: Pick<Timing, 'groupLookMs'> = productTiming) {
    this.#lookMs = groupLookMs;
  }

  /** Nothing has been looked for yet; who kept these tables before knew of these members. */
  begin(former: readonly TableEntry[]): void {
    for (const known of [this.#members, this.#below, this.#states, this.#told]) known.clear();
    for (const table of former) {
      const { deviceGroup, serial, vsys } = table;
      if (deviceGroup === undefined || serial === undefined) continue;
      const group = listedGroupOf(table);
      const { told } = this.#members.get(group) ?? nobody;
      this.#members.set(group, { told: [...told, { serial, vsys, group: deviceGroup }], missing: [] });
      const below = this.#below.get(group) ?? [];
      if (deviceGroup !== group && !below.includes(deviceGroup))
        this.#below.set(group, [...below, deviceGroup]);
    }
  }

  /** A Panorama has told of all of its groups. @param now monotonic ms. */
  tell({ members, hierarchy }: GroupsAnswer, groups: Iterable<string>, now: number): void {
    const unsure = 'refused' in hierarchy ? hierarchy.refused : undefined;
    for (const group of groups) {
      // One that is not in the hierarchy says nothing about what was below it.
      if (!('refused' in hierarchy) && hierarchy.has(group))
        this.#below.set(group, groupsBelow(hierarchy, group));
      const told = membersOf(members, [group, ...(this.#below.get(group) ?? [])]);
      this.#states.set(group, { kind: told.length === 0 ? 'empty' : 'found', unsure });
      if (told.length === 0) continue;
      this.#members.set(group, after(this.#members.get(group) ?? nobody, told, now, this.#lookMs));
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
    const nobodyThere = `the Panorama tells of no firewall in it${state.unsure ? '' : ', nor in a group below it'}`;
    const next = state.unsure ? withoutHierarchy(state.unsure) : 'correct spec.tables, or fill it';
    return {
      reason: state.unsure?.reason ?? 'DeviceUnavailable',
      message: inGroup(group, `${nobodyThere}; ${next}`),
    };
  }

  /** What is not as it should be with a group whose tables are kept; undefined when all is well. */
  noteOf(group: string): string | undefined {
    const state = this.#stateOf(group);
    const kept = 'its tables are kept as before';
    if (state.kind === 'failed')
      return inGroup(group, `${kept}, as it was not looked up: ${state.finding.message}`);
    if (state.kind === 'unseen') return undefined;
    const unsure = state.unsure && withoutHierarchy(state.unsure);
    if (state.kind === 'found') return unsure && inGroup(group, unsure);
    const empty =
      `${kept}, though the Panorama tells of no firewall in it, nor in a group below it; if that is so for good, take it ` +
      'out of spec.tables';
    return inGroup(group, unsure === undefined ? empty : `${empty}; ${unsure}`);
  }

  #stateOf(group: string): GroupState {
    return this.#states.get(group) ?? { kind: 'unseen' };
  }

  /** Every table once: one that is listed, and found in groups too, as the one that is listed. */
  tables(entries: readonly TableEntry[]): readonly TableEntry[] {
    const listed = entries.filter(({ deviceGroup }) => deviceGroup === undefined);
    const found = (which: (members: FoundMembers) => readonly MemberTable[]) =>
      entries.flatMap((entry) =>
        entry.deviceGroup === undefined
          ? []
          : which(this.#members.get(entry.deviceGroup) ?? nobody).flatMap((table) => asEntry(entry, table)),
      );
    const missing = found((members) => members.missing.map(({ table }) => table));
    return distinctTables([...listed, ...found(({ told }) => told), ...missing]);
  }
}

/** The table of a member, where the entry asks for it. */
function asEntry(
  { deviceGroup, vsys: wanted }: TableEntry,
  { serial, vsys, group }: MemberTable,
): TableEntry[] {
  if (wanted !== undefined && vsys !== undefined && wanted !== vsys) return [];
  const table = { serial, vsys: wanted ?? vsys, deviceGroup: group };
  return [group === deviceGroup ? table : { ...table, listedGroup: deviceGroup }];
}

function withoutHierarchy({ message }: Finding): string {
  return (
    'firewalls that join groups below it are not followed, as the Panorama refuses show dg-hierarchy; allow Operational ' +
    `Requests for all device groups in the administrator's role: ${message}`
  );
}

/** The group of spec.tables by which a table was found. */
export function listedGroupOf({ deviceGroup = '', listedGroup }: TableEntry): string {
  return listedGroup ?? deviceGroup;
}

/** The device groups that entries of spec.tables name, each once. */
export function groupsOf(entries: readonly TableEntry[]): readonly string[] {
  return [...new Set(entries.flatMap(({ deviceGroup }) => deviceGroup ?? []))];
}

/** Whether the entries still ask for tables like this one, which was found in a device group. */
export function asksFor(entries: readonly TableEntry[], table: TableEntry): boolean {
  return entries.some(
    (entry) =>
      entry.deviceGroup !== undefined &&
      entry.deviceGroup === listedGroupOf(table) &&
      (entry.vsys === undefined || entry.vsys === table.vsys),
  );
}

export function isAmong(tables: readonly TableRef[], table: TableRef): boolean {
  return tables.some((one) => tableKey(one) === tableKey(table));
}

function inGroup(group: string, words: string): string {
  return `device group ${group}: ${words}`;
}
