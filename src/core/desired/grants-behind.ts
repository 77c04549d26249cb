// Explains the tags of an address on a firewall: which policies give them, with which rank.

import type { Claimants } from './claimants.ts';
import type { Firewall, PolicyId } from '../model/model.ts';
import { takes } from '../policies/eligibility.ts';
import type { Grant } from '../policies/grant.ts';
import { ranksOn, tagsFrom, type TagRanks } from '../policies/grants.ts';
import { higherRank, type Rank } from '../policies/rank.ts';
import type { Rules } from '../policies/rules.ts';
import { isCut } from '../policies/tag-cap.ts';
import type { TagSet } from '../model/tag-set.ts';

export class GrantsBehind {
  readonly #rules: Rules;
  readonly #claimants: Claimants;

  constructor(rules: Rules, claimants: Claimants) {
    this.#rules = rules;
    this.#claimants = claimants;
  }

  /** The policies that give the holder of this address tags on this firewall, with these. */
  *tags(firewall: string, address: string): Iterable<readonly [PolicyId, TagSet]> {
    for (const { grant, taker } of this.#grantsAt(firewall, address)) {
      const tags = tagsFrom(grant, taker);
      if (tags.length > 0) yield [grant.policy, tags];
    }
  }

  /** The policies that ask for more tags at this address than the 64 that it may carry. */
  *policiesCut(firewall: string, address: string): Iterable<PolicyId> {
    for (const { grant, taker } of this.#grantsAt(firewall, address))
      if (isCut(grant, taker)) yield grant.policy;
  }

  /** The rank of the highest policy that gives the address tags. */
  rankOf(firewall: string, address: string): Rank {
    let highest: Rank;
    for (const { grant, taker } of this.#grantsAt(firewall, address))
      if (tagsFrom(grant, taker).length > 0) highest = higherRank(highest, grant.rank);
    return highest;
  }

  /** The rank of each desired tag of the address. */
  ranks(firewall: string, address: string): TagRanks {
    const taker = this.#rules.firewall(firewall);
    const evaluation = this.#claimants.evaluationAt(address);
    return taker === undefined ? new Map() : ranksOn(evaluation, taker);
  }

  *#grantsAt(
    firewall: string,
    address: string,
  ): Iterable<{ readonly grant: Grant; readonly taker: Firewall }> {
    const taker = this.#rules.firewall(firewall);
    if (taker === undefined || !takes(taker, address)) return;
    for (const grant of this.#claimants.evaluationAt(address).grants)
      if (grant.reach.firewalls.includes(taker)) yield { grant, taker };
  }
}
