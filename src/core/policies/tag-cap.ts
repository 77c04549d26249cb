// Caps our tags on one address at 64, whatever tenants write.

import type { Grant } from './grant.ts';
import type { Firewall } from '../model/model.ts';
import { compareRanks } from './rank.ts';
import { type TagSet, tagSet } from '../model/tag-set.ts';

/** The most that any platform takes (PAN-OS release notes: 64 from 10.2 on, 32 before). */
export const mostTags = 64;

/**
 * The smallest texts, at most `mostTags` of them: a policy ranks all of its tags alike, so none behind these can ever have
 * a place. @param cut is called where that leaves some out.
 */
export function mostOf(texts: ReadonlySet<string>, cut: () => void): ReadonlySet<string> {
  if (texts.size <= mostTags) return texts;
  cut();
  return new Set([...texts].sort().slice(0, mostTags));
}

/**
 * The grants of one claimant, cut where a firewall would get more than `mostTags` tags for its addresses: the highest ranks keep
 * theirs, and of tags of the same rank the smaller texts. A function of the policies, so that every replica cuts alike.
 */
export function capped(grants: readonly Grant[]): readonly Grant[] {
  const total = grants.reduce((sum, { tags }) => sum + Math.max(0, ...tags.map(({ length }) => length)), 0);
  if (total <= mostTags) return grants;
  const byRank = [...Map.groupBy(grants, ({ rank }) => (rank === undefined ? '' : JSON.stringify(rank)))]
    .map(([, equals]) => equals)
    .sort(([a], [b]) => compareRanks(a?.rank, b?.rank));
  const cuts = new Map<Grant, Map<string, TagSet>>();
  for (const { prefix, reaching, names } of groupsOf(grants)) {
    const fitting = new Set<string>();
    for (const equals of byRank) {
      const here = equals.filter((grant) => reaching.has(grant)).flatMap((grant) => behind(grant, prefix));
      for (const tag of tagSet(here)) if (fitting.size < mostTags) fitting.add(tag);
    }
    for (const grant of reaching) {
      const tags = behind(grant, prefix);
      const left = tags.filter((tag) => fitting.has(tag));
      if (left.length === tags.length) continue;
      const cut = cuts.get(grant) ?? new Map<string, TagSet>();
      for (const name of names) cut.set(name, left);
      cuts.set(grant, cut);
    }
  }
  return grants.map((grant) => {
    const cut = cuts.get(grant);
    return cut === undefined ? grant : { ...grant, cut };
  });
}

/** Whether the grant gives an address on this firewall fewer tags than its policy asks for. */
export function isCut({ cut, overflows }: Grant, firewall: Firewall): boolean {
  return overflows || cut?.has(firewall.name) === true;
}

type Group = {
  readonly prefix: string;
  readonly reaching: ReadonlySet<Grant>;
  /** The firewalls that all of these grants reach, and no others. */
  readonly names: readonly string[];
};

/** Firewalls that get the same, together: with one list of firewalls for all policies there is one group a prefix. */
function groupsOf(grants: readonly Grant[]): Iterable<Group> {
  const byReach = Map.groupBy(grants, ({ reach }) => reach);
  const reachesOf = new Map<Firewall, Set<number>>();
  for (const [index, [reach]] of [...byReach].entries()) {
    for (const firewall of reach.firewalls) {
      const reaches = reachesOf.get(firewall) ?? new Set();
      reachesOf.set(firewall, reaches.add(index));
    }
  }
  const lists = [...byReach.values()];
  const groups = new Map<string, { prefix: string; reaching: Set<Grant>; names: string[] }>();
  for (const [{ name, tagPrefix }, reaches] of reachesOf) {
    const key = `${tagPrefix} ${[...reaches].join(' ')}`;
    const known = groups.get(key);
    if (known !== undefined) known.names.push(name);
    else {
      const reaching = new Set([...reaches].flatMap((index) => lists[index] ?? []));
      groups.set(key, { prefix: tagPrefix, reaching, names: [name] });
    }
  }
  return groups.values();
}

function behind({ reach, tags }: Grant, prefix: string): TagSet {
  return tags[reach.prefixes.indexOf(prefix)] ?? [];
}
