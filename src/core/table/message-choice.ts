// Chooses the next message: pairs that nobody suspects, or one group of suspects by itself.

import type { BatchLimits, BatchItem } from '../message/batch.ts';
import { type Group, keep, type Share } from '../message/bisection.ts';
import type { Refusals } from '../message/refusals.ts';
import type { Suspects } from '../message/suspects.ts';
import type { Portion } from './composition.ts';
import { type Outgoing, outgoing } from './outgoing.ts';
import type { Table } from './table.ts';
import { membership, noTags } from '../model/tag-set.ts';

/** Undefined when there is nothing to send now. What is chosen is on its way until its end is told. */
export function chooseMessage(
  table: Table,
  suspects: Suspects,
  { limits, now }: { readonly limits: BatchLimits; readonly now: number },
): Outgoing | undefined {
  if (!table.known) return undefined;
  const sides = { table, suspects };
  const first = suspects.next(now, (group) => table.next(limits, now, within(group)));
  if (first !== undefined) return outgoing(sides, first, now);
  if (!suspects.othersAreDue(now)) return undefined;
  const apart: Share[] = [];
  const message = table.next(limits, now, {
    admit: (item) => {
      if (suspects.has(item.address)) return undefined;
      const parts = partsOf(item, table.refusals);
      if (parts.apart !== undefined) apart.push(parts.apart);
      return parts.now;
    },
  });
  suspects.add(apart);
  if (message !== undefined) return outgoing(sides, suspects.began(message), now);
  if (apart.length === 0) return undefined;
  const second = suspects.next(now, (group) => table.next(limits, now, within(group)));
  return second && outgoing(sides, second, now);
}

/** What spoilt a message before goes apart, and with it the whole address where a removal is concerned. */
function partsOf(item: BatchItem, refusals: Refusals): { readonly now?: BatchItem; readonly apart?: Share } {
  const [spoiling] = keep([item], (section, tag) => refusals.spoils(section, tag));
  if (spoiling === undefined) return { now: item };
  const { address, unregister } = item;
  if (spoiling.unregister.length > 0) return { apart: { address, unregister, register: item.register } };
  const apart = { address, unregister: noTags, register: spoiling.register };
  const register = item.register.filter((tag) => !refusals.spoils('register', tag));
  return register.length + unregister.length === 0 ? { apart } : { apart, now: { ...item, register } };
}

/** Of what there is to send, what belongs to the group. */
function within(group: Group): Portion {
  const shares = new Map(group.map((share) => [share.address, share]));
  return {
    addresses: shares.keys(),
    admit: (item) => {
      const share = shares.get(item.address);
      const register = item.register.filter(membership(share?.register ?? noTags));
      const unregister = item.unregister.filter(membership(share?.unregister ?? noTags));
      if (register.length + unregister.length === 0) return undefined;
      const causes = new Map(unregister.map((tag) => [tag, item.causes.get(tag) ?? 'unclaimed']));
      const { refresh: _, ...alone } = item;
      return { ...alone, register, unregister, causes };
    },
  };
}
