// Policies that changed since the claimants were last evaluated, so that each claimant is evaluated once for all of them.

import { isDeepStrictEqual } from 'node:util';
import type { Grant } from '../policies/grant.ts';
import { type Evaluation, tagsFrom } from '../policies/grants.ts';
import type { Firewall, Policy, PolicyId } from '../model/model.ts';
import type { GivenUp, Why } from './registrations.ts';
import type { RemovalOrigin } from '../model/removal-origin.ts';
import { noTags } from '../model/tag-set.ts';

/** What a policy is from here on, undefined for none; and whose change that is. */
type PolicyChange = { readonly policy: Policy | undefined; readonly origin: RemovalOrigin };

export type PolicyChanges = ReadonlyMap<PolicyId, PolicyChange>;

/** The last change of each policy counts. */
export class PendingPolicies {
  #changes = new Map<PolicyId, PolicyChange>();

  put(id: PolicyId, change: PolicyChange): void {
    this.#changes.set(id, change);
  }

  /** Those that make a difference; none is pending any more. */
  take(known: (id: PolicyId) => Policy | undefined): PolicyChanges {
    const taken = new Map(
      [...this.#changes].filter(([id, { policy }]) => !isDeepStrictEqual(known(id), policy)),
    );
    this.#changes = new Map();
    return taken;
  }
}

/** Which of the changed policies gave a claimant tags before, and what. */
export function givenUp({ grants }: Evaluation, changes: PolicyChanges): readonly GivenUp[] {
  return grants.flatMap((grant) => {
    const why = whyOf(grant, changes);
    if (why === undefined) return [];
    const gave = (taker: Firewall) =>
      grant.reach.firewalls.some(({ name }) => name === taker.name) ? tagsFrom(grant, taker) : noTags;
    return [{ why, gave }];
  });
}

/** undefined for a grant of a policy that did not change. */
export function whyOf({ policy }: Grant, changes: PolicyChanges): Why | undefined {
  const change = changes.get(policy);
  return change && { cause: 'policy', origin: change.origin };
}
