// What one address of one table needs: the difference between desired and held, and what must wait.

import type { RemovalCause } from './model.ts';
import { goesAtOnce } from './removal-causes.ts';
import type { RemovalGate } from './removal-gate.ts';
import { noTags, type TagSet, without } from './tag-set.ts';

/** What the device is known to hold of ours at one address. */
export type Held = {
  readonly tags: TagSet;
  /** False after a message without an answer: then `tags` is all that may be there. */
  readonly sure: boolean;
};

export const holdsNothing: Held = { tags: noTags, sure: true };

export type AddressPlan = {
  readonly register: TagSet;
  readonly unregister: TagSet;
  /** Removals that the gate keeps back. */
  readonly waiting: TagSet;
};

export type PlanInput = {
  readonly desired: TagSet;
  readonly held: Held;
  readonly causeOf: (tag: string) => RemovalCause;
  readonly gate: RemovalGate;
};

/**
 *   desired  held           -> register  unregister
 *   a b      a b            -> -         -
 *   a b      a              -> b         -
 *   a        a b            -> -         b   (if its cause goes at once or the gate agrees, else it waits)
 *   a        a b (unsure)   -> a         b   (register and unregister are idempotent)
 */
export function planAddress({ desired, held, causeOf, gate }: PlanInput): AddressPlan {
  const register = held.sure ? without(desired, held.tags) : desired;
  const surplus = without(held.tags, desired);
  if (surplus.length === 0) return { register, unregister: noTags, waiting: noTags };
  const unregister = surplus.filter((tag) => goesAtOnce(causeOf(tag)) || gate(tag) === undefined);
  return { register, unregister, waiting: without(surplus, unregister) };
}

export function isEmpty(plan: AddressPlan): boolean {
  return plan.register.length === 0 && plan.unregister.length === 0;
}
