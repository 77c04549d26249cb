// Firewalls of a device group as last looked up, including those that are missing but not given up yet.

/** A firewall in a device group. */
type GroupMember = {
  readonly serial: string;
  /** Those of its virtual systems that are in the group; empty: all of them, or the only one. */
  readonly vsys: readonly string[];
};

/** The members that each group of a Panorama holds itself, by its name. */
export type DeviceGroups = ReadonlyMap<string, readonly GroupMember[]>;

/** A firewall's virtual system in a group; undefined: the firewall as a whole. */
export type MemberTable = {
  readonly serial: string;
  readonly vsys: string | undefined;
  /** The group that holds it. */
  readonly group: string;
};

export type FoundMembers = {
  readonly told: readonly MemberTable[];
  /** Not among those of the last look. `since`: when it was first missing, monotonic ms. */
  readonly missing: readonly { readonly table: MemberTable; readonly since: number }[];
};

export const nobody: FoundMembers = { told: [], missing: [] };

/** All that the groups have. */
export function membersOf(answer: DeviceGroups, groups: Iterable<string>): readonly MemberTable[] {
  return [...groups].flatMap((group) =>
    (answer.get(group) ?? []).flatMap((member) => tablesOf(member, group)),
  );
}

/**
 * What is known after another look. One answer may be that of a Panorama that does not know all yet, such as one that has
 * just become the active one of its pair: who is missing from it stays until another look, a period later, agrees.
 * @param now monotonic ms. @param lookMs looks that are so far apart are two.
 */
export function after(
  before: FoundMembers,
  told: readonly MemberTable[],
  now: number,
  lookMs: number,
): FoundMembers {
  const keys = new Set(told.map(keyOf));
  const isTold = ({ serial, vsys }: MemberTable) =>
    keys.has(keyOf({ serial, vsys: undefined })) || keys.has(keyOf({ serial, vsys }));
  const missing = [...before.told.map((table) => ({ table, since: now })), ...before.missing];
  return {
    told,
    missing: missing.filter(({ table, since }) => !isTold(table) && now - since < lookMs),
  };
}

function tablesOf({ serial, vsys }: GroupMember, group: string): readonly MemberTable[] {
  return vsys.length === 0
    ? [{ serial, vsys: undefined, group }]
    : vsys.map((name) => ({ serial, vsys: name, group }));
}

function keyOf({ serial, vsys = '' }: Pick<MemberTable, 'serial' | 'vsys'>): string {
  return `${serial}/${vsys}`;
}
