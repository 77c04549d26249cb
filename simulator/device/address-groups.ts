// Dynamic address groups: filters that are configured, and the registered addresses that they select.

import * as z from 'zod';
import { containsAddress, isAddressSet } from './address.ts';
import { readDagFilter } from './dag-filter.ts';
import type { RegisteredIpTable } from './table.ts';
import { escapeAttribute, escapeText } from '../xml/xml-writer.ts';

export const addressGroupSchema = z.strictObject({
  vsys: z.string().optional().describe('the first one'),
  name: z.string().min(1),
  filter: z.string().min(1),
  inUse: z
    .boolean()
    .default(true)
    .describe('whether a committed rule uses it; only then the device shows members (facts 4.12)'),
});

export type AddressGroupSpec = z.input<typeof addressGroupSchema>;

type AddressGroup = { readonly name: string; readonly filter: string; readonly inUse: boolean };

/**
 * The addresses of a table that a filter selects. A host inside a registered range or network has the tags of that
 * as well (facts 4.10).
 */
export const membersOf = (filter: string, table: RegisteredIpTable): string[] => {
  const matches = readDagFilter(filter);
  const rows = table.rows();
  const sets = rows.filter(({ ip }) => isAddressSet(ip));
  return rows
    .filter(({ ip, tags }) => {
      const inherited = isAddressSet(ip) ? [] : sets.filter((set) => containsAddress(set.ip, ip));
      return matches(new Set([...tags.keys(), ...inherited.flatMap((set) => [...set.tags.keys()])]));
    })
    .map(({ ip }) => ip);
};

/** The entry of one group in `show object dynamic-address-group` (facts 5.10). */
export const groupEntry = (group: AddressGroup, vsys: string, table: RegisteredIpTable): string => {
  const members = group.inUse ? membersOf(group.filter, table) : [];
  const list = members.map((ip) => `<entry name="${escapeAttribute(ip)}" type="registered-ip"/>`).join('');
  const name = `<group-name>${escapeText(group.name)}</group-name><filter>${escapeText(group.filter)}</filter>`;
  return `<entry><vsys>${escapeText(vsys)}</vsys>${name}<member-list>${list}</member-list></entry>`;
};

/** The groups of one device, by vsys. */
export class AddressGroups {
  readonly #groups = new Map<string, Map<string, AddressGroup>>();

  of(vsys: string): readonly AddressGroup[] {
    return [...(this.#groups.get(vsys)?.values() ?? [])];
  }

  /** Adds a group, or replaces it. Throws FilterError. */
  set(vsys: string, group: AddressGroup): void {
    readDagFilter(group.filter);
    const groups = this.#groups.get(vsys) ?? new Map<string, AddressGroup>();
    this.#groups.set(vsys, groups.set(group.name, group));
  }

  /** Whether there was such a group. */
  delete(vsys: string, name: string): boolean {
    return this.#groups.get(vsys)?.delete(name) === true;
  }

  clear(): void {
    this.#groups.clear();
  }
}
