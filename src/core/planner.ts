// What one address of a table needs, after everybody who has a say: gate, guard, and what the device refused before.

import type { Mirror } from './mirror.ts';
import { type AddressPlan, planAddress } from './plan.ts';
import type { Refusals } from './refusals.ts';
import { goesAtOnce, type RemovalCauses } from './removal-causes.ts';
import type { RemovalGate } from './removal-gate.ts';
import type { RemovalGuard } from './removal-guard.ts';
import { type TagSet, union } from './tag-set.ts';

/** The desired side of one firewall, asked per address. */
export type DesiredTags = {
  tagsOf(address: string): TagSet;
  addresses(): Iterable<string>;
};

export type PlannerParts = {
  readonly desired: DesiredTags;
  readonly mirror: Mirror;
  readonly causes: RemovalCauses;
  readonly refusals: Refusals;
  readonly guard: RemovalGuard;
};

export class Planner {
  readonly #parts: PlannerParts;
  /** What removals wait for that do not go at once. */
  gate: RemovalGate;

  constructor(parts: PlannerParts, gate: RemovalGate) {
    this.#parts = parts;
    this.gate = gate;
  }

  /** What guard and refusals remember of the address shrinks to what is still wanted. */
  plan(address: string): AddressPlan {
    const { desired, mirror, causes, guard } = this.#parts;
    const plan = planAddress({
      desired: desired.tagsOf(address),
      held: mirror.at(address),
      causeOf: (tag) => causes.causeOf(address, tag),
      gate: this.gate,
      admits: (tag) => guard.admits(address, tag),
    });
    const admitted = plan.unregister.filter((tag) => guard.admits(address, tag));
    guard.retain(address, [...plan.guarded, ...plan.waiting, ...admitted]);
    return this.#withoutRefused(address, plan);
  }

  /** Nothing stays at the address, and a live Pod was seen to leave it. */
  isVacated(address: string, { unregister }: AddressPlan): boolean {
    const { desired, causes } = this.#parts;
    if (desired.tagsOf(address).length > 0) return false;
    return unregister.some((tag) => goesAtOnce(causes.causeOf(address, tag)));
  }

  /** There are tags of ours that nobody deserves, and nobody was seen to lose. */
  isUnclaimed(address: string): boolean {
    const { causes } = this.#parts;
    const desired = this.#parts.desired.tagsOf(address);
    return this.#perhapsHeld(address).some(
      (tag) => !desired.includes(tag) && causes.causeOf(address, tag) === 'unclaimed',
    );
  }

  /** Without these tags the address would have none of ours. */
  leavesNothing(address: string, going: TagSet): boolean {
    if (this.#parts.desired.tagsOf(address).length > 0) return false;
    return this.#perhapsHeld(address).every((tag) => going.includes(tag));
  }

  #perhapsHeld(address: string): TagSet {
    const { tags, unsure } = this.#parts.mirror.at(address);
    return union(tags, unsure);
  }

  #withoutRefused(address: string, plan: AddressPlan): AddressPlan {
    const { refusals } = this.#parts;
    if (!refusals.has(address)) return plan;
    refusals.retain(address, { ...plan, unregister: union(plan.unregister, plan.guarded) });
    return {
      register: refusals.admit(address, 'register', plan.register),
      unregister: refusals.admit(address, 'unregister', plan.unregister),
      guarded: refusals.admit(address, 'unregister', plan.guarded),
      waiting: plan.waiting,
    };
  }
}
