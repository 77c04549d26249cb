// Counts, policy by policy, the addresses of one PanFirewall that are pending, refused or over a limit.

import type { Desired } from '../desired/desired.ts';
import type { LimitedShare } from '../limits/limit-tally.ts';
import type { PolicyId } from '../model/model.ts';
import type { FailedAddress, LimitedAddresses } from './policy-status.ts';
import type { Table } from '../table/table.ts';

/** Of one policy on one PanFirewall. An address is in one of the three. */
type PolicyWork = {
  /** Addresses that are not confirmed in every table. */
  readonly pending: number;
  /** Addresses with a tag that a device refuses. */
  readonly failed: readonly FailedAddress[];
  /** Addresses that limits keep out: as findings, and as counts of Pods. */
  readonly limited: readonly LimitedAddresses[];
  readonly shares: readonly LimitedShare[];
};

/** Without the policies of which nothing is open. */
export type OpenWork = ReadonlyMap<PolicyId, PolicyWork>;

export const nothingOpen: PolicyWork = { pending: 0, failed: [], limited: [], shares: [] };

type Behind = Pick<Desired, 'policiesBehind' | 'tagsBehind'>;

type WorkingFirewall = {
  readonly name: string;
  /** Those that policies wait for. */
  readonly tables: readonly Pick<Table, 'refusals' | 'pendingAddresses'>[];
  readonly limits: {
    /** The policies of which limits keep something out. */
    limitedPolicies(): Iterable<PolicyId>;
    limitedOf(policy: PolicyId): readonly LimitedAddresses[];
    sharesOf(policy: PolicyId): readonly LimitedShare[];
    /** A limit keeps something out that the policy gives the address. */
    isOut(policy: PolicyId, address: string): boolean;
  };
};

/**
 * One pass over what is open, usually little. A refusal counts against the policies that give its tag; of several at one
 * address the first is reported.
 */
export function openWork(desired: Behind, firewall: WorkingFirewall): OpenWork {
  const { name, tables, limits } = firewall;
  const failed = new Map<PolicyId, FailedAddress[]>();
  const pending = new Map<PolicyId, number>();
  const blamed = new Set<string>();
  for (const [policy, one] of refusedOn(desired, firewall)) {
    const key = `${policy} ${one.address}`;
    if (blamed.has(key) || limits.isOut(policy, one.address)) continue;
    blamed.add(key);
    const list = failed.get(policy) ?? [];
    failed.set(policy, list);
    list.push(one);
  }
  for (const address of new Set(tables.flatMap((table) => [...table.pendingAddresses()]))) {
    for (const policy of desired.policiesBehind(name, address)) {
      if (blamed.has(`${policy} ${address}`) || limits.isOut(policy, address)) continue;
      pending.set(policy, (pending.get(policy) ?? 0) + 1);
    }
  }
  const policies = new Set([...failed.keys(), ...pending.keys(), ...limits.limitedPolicies()]);
  return new Map(
    [...policies].map((policy) => [
      policy,
      {
        pending: pending.get(policy) ?? 0,
        failed: failed.get(policy) ?? [],
        limited: limits.limitedOf(policy),
        shares: limits.sharesOf(policy),
      },
    ]),
  );
}

/** The first refused pair of each address and policy that gives it: one look at each pair, and at each tag that is given. */
function* refusedOn(
  desired: Behind,
  { name, tables }: WorkingFirewall,
): Iterable<readonly [PolicyId, FailedAddress]> {
  for (const { refusals } of tables) {
    for (const address of refusals.addresses()) {
      const refused = refusals.at(address);
      const whole = refused.findIndex(({ tag }) => tag === undefined);
      const places = new Map(refused.map(({ tag }, place) => [tag, place] as const).toReversed());
      for (const [policy, tags] of desired.tagsBehind(name, address)) {
        const named = tags.flatMap((tag) => places.get(tag) ?? []);
        const first = refused[Math.min(...named, ...(whole < 0 ? [] : [whole]))];
        if (first === undefined) continue;
        const { tag, message } = first;
        yield [policy, tag === undefined ? { address, message } : { address, tag, message }];
      }
    }
  }
}
