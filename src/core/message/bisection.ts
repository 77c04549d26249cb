// Bisects a refused or unanswered message to find the pairs that cause it.

import type { BatchItem } from './batch.ts';
import type { RefusedPair } from './refusals.ts';
import { membership, noTags, type TagSet } from '../model/tag-set.ts';

/** What a message does to one address, or a part of that. */
export type Share = Pick<BatchItem, 'address' | 'register' | 'unregister' | 'refresh'>;

/** What is suspected together. */
export type Group = readonly Share[];

export type Pair = Pick<RefusedPair, 'section' | 'address'> & { readonly tag: string };

/**
 * Two parts of a group; undefined for a single pair. Removals part from registrations first, so that they go before
 * those and an address that changes hands never carries both; then halves of the addresses, then of one address's tags.
 */
export function halves(group: Group): readonly [Group, Group] | undefined {
  const removals = only('unregister', group);
  const additions = only('register', group);
  if (removals.length > 0 && additions.length > 0) return [removals, additions];
  if (group.length > 1) {
    const middle = Math.ceil(group.length / 2);
    return [group.slice(0, middle), group.slice(middle)];
  }
  const [share] = group;
  const tags = share === undefined ? noTags : [...share.unregister, ...share.register];
  if (share === undefined || tags.length < 2) return undefined;
  const isFirst = membership(tags.slice(0, Math.ceil(tags.length / 2)));
  return [keep([share], (_, tag) => isFirst(tag)), keep([share], (_, tag) => !isFirst(tag))];
}

/** The pairs of a group that the predicate takes; addresses without any are left out. */
export function keep(group: Group, takes: (section: Pair['section'], tag: string) => boolean): Group {
  return group
    .map(({ address, register, unregister }) => ({
      address,
      register: register.filter((tag) => takes('register', tag)),
      unregister: unregister.filter((tag) => takes('unregister', tag)),
    }))
    .filter(({ register, unregister }) => register.length + unregister.length > 0);
}

export function pairsIn(group: Group): readonly Pair[] {
  const of = (section: Pair['section'], address: string, tags: TagSet) =>
    tags.map((tag) => ({ section, address, tag }));
  return group.flatMap(({ address, register, unregister }) => [
    ...of('unregister', address, unregister),
    ...of('register', address, register),
  ]);
}

/** An address was refused, and nothing tells which of several tags is meant. */
export function isVague(refusedPair: RefusedPair, item: Share): boolean {
  return (
    refusedPair.address === item.address &&
    refusedPair.tag === undefined &&
    item[refusedPair.section].length > 1
  );
}

/** The shares of a message that were refused by their address only, each cut in two. */
export function vagueHalves(message: Group, refusedPairs: readonly RefusedPair[]): readonly [Group, Group] {
  const ofAddress = Map.groupBy(refusedPairs, ({ address }) => address);
  const parts = message.flatMap((share) => {
    const here = ofAddress.get(share.address) ?? [];
    const vague = new Set(here.flatMap((one) => (isVague(one, share) ? one.section : [])));
    return [...vague].map((section) => halves(only(section, [share]))).filter((two) => two !== undefined);
  });
  return [parts.flatMap(([first]) => first), parts.flatMap(([, second]) => second)];
}

function only(section: Pair['section'], group: Group): Group {
  return keep(group, (of) => of === section);
}
