// Splits simultaneous removals by cause, and picks those that become a plan of their own.

import type { Removals } from './held-plan.ts';
import { type TagSet, tagSet } from '../model/tag-set.ts';
import type { Scope } from '../model/policy-scope.ts';

const nothing: Removals = new Map();
/** Tenants whose removals are held apart, of those that trip the guard at the same moment: somebody has to read the plans. */
const mostApart = 8;

/**
 * The plans that these parts become, each of which has to be held: one of what is no tenant's (''), one of each tenant, those
 * with the most addresses first, and one of all tenants beyond that number.
 */
export function plansOf(parts: ReadonlyMap<Scope, Removals>): readonly Removals[] {
  const tenants = [...parts]
    .filter(([tenant]) => tenant !== '')
    .sort(([aName, a], [bName, b]) => b.size - a.size || (aName < bName ? -1 : 1))
    .map(([, part]) => part);
  const surplus = together(tenants.slice(mostApart));
  const plans = [parts.get('') ?? nothing, ...tenants.slice(0, mostApart), surplus];
  return plans.filter(({ size }) => size > 0);
}

export function holds(removals: Removals, isSo: (address: string, tag: string) => boolean): boolean {
  for (const [address, tags] of removals) if (tags.some((tag) => isSo(address, tag))) return true;
  return false;
}

/** The candidates by whose doing they are. */
export function partsOf(
  candidates: Removals,
  tenantOf: (address: string, tag: string) => Scope,
): Map<Scope, Map<string, TagSet>> {
  const parts = new Map<Scope, Map<string, TagSet>>();
  for (const [address, tags] of candidates) {
    for (const [key, of] of Map.groupBy(tags, (tag) => tenantOf(address, tag))) {
      const part = parts.get(key) ?? new Map<string, TagSet>();
      part.set(address, of);
      parts.set(key, part);
    }
  }
  return parts;
}

export function together(parts: readonly Removals[]): Removals {
  const all = new Map<string, TagSet>();
  for (const part of parts) {
    for (const [address, tags] of part) all.set(address, tagSet([...(all.get(address) ?? []), ...tags]));
  }
  return all;
}
