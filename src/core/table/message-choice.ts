// Chooses the next message: ordinary changes, or one group of suspects by itself.

import type { Batch, BatchLimits, PlannedAddress } from '../message/batch.ts';
import { type Group, keep, type Pair } from '../message/bisection.ts';
import type { Suspects } from '../message/suspects.ts';
import type { Table } from './table.ts';
import { membership, noTags } from '../model/tag-set.ts';

export type Choice = {
  readonly batch: Batch;
  /** It consists of suspects. */
  readonly isTrial: boolean;
};

/** Undefined when there is nothing to send now. Whatever is chosen has begun, for the table and for the suspects. */
export function nextMessage(
  table: Table,
  suspects: Suspects,
  { limits, now }: { readonly limits: BatchLimits; readonly now: number },
): Choice | undefined {
  if (!table.known) return undefined;
  const trial = () => suspects.next(now, (group) => table.next(limits, now, within(group)));
  const first = trial();
  if (first !== undefined) return { batch: first, isTrial: true };
  if (!suspects.othersAreDue(now)) return undefined;
  const apart: PlannedAddress[] = [];
  const batch = table.next(limits, now, { admit });
  suspects.add(keep(apart, () => true));
  if (batch !== undefined) {
    suspects.began(batch);
    return { batch, isTrial: false };
  }
  const second = apart.length > 0 ? trial() : undefined;
  return second && { batch: second, isTrial: true };

  /** What spoilt a message before goes apart, and with it the whole address where a removal is concerned. */
  function admit(planned: PlannedAddress): PlannedAddress | undefined {
    if (suspects.has(planned.address)) return undefined;
    const spoils = (section: Pair['section'], tag: string) => table.refusals.spoils(section, tag);
    const [spoiling] = keep([planned], spoils);
    if (spoiling === undefined) return planned;
    if (spoiling.unregister.length > 0) {
      apart.push(planned);
      return undefined;
    }
    apart.push({ ...planned, unregister: noTags, register: spoiling.register });
    const register = planned.register.filter((tag) => !spoils('register', tag));
    return register.length + planned.unregister.length === 0 ? undefined : { ...planned, register };
  }
}

/** Of what there is to send, what belongs to the group. */
function within(group: Group) {
  const shares = new Map(group.map((share) => [share.address, share]));
  return {
    addresses: shares.keys(),
    admit: (planned: PlannedAddress): PlannedAddress | undefined => {
      const share = shares.get(planned.address);
      const register = planned.register.filter(membership(share?.register ?? noTags));
      const unregister = planned.unregister.filter(membership(share?.unregister ?? noTags));
      if (register.length + unregister.length === 0) return undefined;
      const causes = new Map(unregister.map((tag) => [tag, planned.causes.get(tag) ?? 'unclaimed']));
      const { refresh: _, ...alone } = planned;
      return { ...alone, register, unregister, causes };
    },
  };
}
