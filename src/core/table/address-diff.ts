// Difference between desired and registered tags of one address, and what of it must wait.

import type { Present } from '../mirror/mirror.ts';
import type { RemovalCause } from '../model/model.ts';
import { goesAtOnce } from '../removals/removal-causes.ts';
import type { RemovalGate } from '../removals/removal-gate.ts';
import { noTags, type TagSet, union, without } from '../model/tag-set.ts';

export type AddressDiff = {
  readonly register: TagSet;
  readonly unregister: TagSet;
  /** Removals that the gate lets through and the guard has not admitted (yet). */
  readonly guarded: TagSet;
  /** Removals that the gate keeps back. */
  readonly waiting: TagSet;
};

type DiffInput = {
  readonly desired: TagSet;
  readonly present: Present;
  readonly causeOf: (tag: string) => RemovalCause;
  readonly gate: RemovalGate;
  /** Whether the guard lets this tag go. */
  readonly admits: (tag: string) => boolean;
};

/**
 *   desired  present  -> register  unregister
 *   a b      a b      -> -         -
 *   a b      a        -> b         -
 *   a        a b      -> -         b    (if its cause goes at once, or gate and guard agree; else it waits)
 *   a b      a b? c?  -> b         c    (register and unregister are idempotent; ? unsure)
 */
export function diffAddress({ desired, present, causeOf, gate, admits }: DiffInput): AddressDiff {
  const register = without(desired, present.tags);
  const surplus = without(union(present.tags, present.unsure), desired);
  if (surplus.length === 0) return { register, unregister: noTags, guarded: noTags, waiting: noTags };
  const fate = (tag: string): 'unregister' | 'guarded' | 'waiting' => {
    if (goesAtOnce(causeOf(tag))) return 'unregister';
    if (gate(tag) !== undefined) return 'waiting';
    return admits(tag) ? 'unregister' : 'guarded';
  };
  const of = Object.groupBy(surplus, fate);
  return {
    register,
    unregister: of.unregister ?? noTags,
    guarded: of.guarded ?? noTags,
    waiting: of.waiting ?? noTags,
  };
}

export function isEmpty(diff: AddressDiff): boolean {
  return diff.register.length === 0 && diff.unregister.length === 0;
}
