// Counts for each policy its claimants, addresses and tags, as they change.

import type { Claimants, ClaimantState } from './claimants.ts';
import type { Evaluation } from '../policies/grants.ts';
import type { Grant } from '../policies/grant.ts';
import type { PolicyId } from '../model/model.ts';
import type { PolicyChanges } from './policy-changes.ts';
import type { Rules } from '../policies/rules.ts';

export class PolicyCounts {
  readonly #rules: Rules;
  readonly #claimants: Claimants;
  readonly #moved: (policy: PolicyId) => void;

  /** @param moved is told of each policy whose counts may be others than before. */
  constructor(rules: Rules, claimants: Claimants, moved: (policy: PolicyId) => void) {
    this.#rules = rules;
    this.#claimants = claimants;
    this.#moved = moved;
  }

  /**
   * Counts all that a claimant is given, or takes it out of the counts: before what it holds or is given changes.
   * @param concerned the policies whose counts may come out otherwise; absent: all.
   */
  count(
    { claimant, evaluation }: ClaimantState,
    operation: 'add' | 'subtract',
    concerned?: ReadonlySet<PolicyId>,
  ): void {
    if (evaluation.grants.length === 0) return;
    const own = this.#claimants.ownAddresses(claimant);
    for (const grant of evaluation.grants) {
      this.#rules.policy(grant.policy)?.tally[operation]({ claimant, grant, own });
      if (concerned?.has(grant.policy) !== false) this.#moved(grant.policy);
    }
  }

  /** Counts what policies that changed, whose counts begin at zero, give a claimant by now. */
  addGranted({ claimant }: ClaimantState, granted: readonly Grant[]): void {
    const own = this.#claimants.ownAddresses(claimant);
    for (const grant of granted) this.#rules.policy(grant.policy)?.tally.add({ claimant, grant, own });
  }

  /** What the policies that changed give may cut what others give, or leave them more: those are counted anew. */
  recountCut(
    { claimant, evaluation: before }: ClaimantState,
    after: Evaluation,
    changes: PolicyChanges,
  ): void {
    const cut = ({ grants }: Evaluation) =>
      grants.filter((grant) => grant.cut !== undefined && !changes.has(grant.policy));
    const concerned = new Set([...cut(before), ...cut(after)].map(({ policy }) => policy));
    if (concerned.size === 0) return;
    const own = this.#claimants.ownAddresses(claimant);
    for (const grant of before.grants)
      if (concerned.has(grant.policy))
        this.#rules.policy(grant.policy)?.tally.subtract({ claimant, grant, own });
    for (const grant of after.grants)
      if (concerned.has(grant.policy)) this.#rules.policy(grant.policy)?.tally.add({ claimant, grant, own });
    for (const policy of concerned) this.#moved(policy);
  }
}
