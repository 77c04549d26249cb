// Unconfirmed work of each policy on each firewall: pending addresses, and those with a refused tag.

import type { Desired } from '../../core/desired/desired.ts';
import type { PolicyId } from '../../core/model/model.ts';
import type { FailedAddress } from '../../core/status/policy-status.ts';
import type { Table } from '../../core/table/table.ts';

/** By openWorkKey. */
export type OpenWork = {
  readonly pending: ReadonlyMap<string, number>;
  readonly failed: ReadonlyMap<string, readonly FailedAddress[]>;
};

type Behind = Pick<Desired, 'policiesBehind' | 'tagsBehind'>;

/** One firewall. */
type WorkingFirewall = {
  readonly name: string;
  /** Those that policies wait for. */
  readonly tables: readonly Pick<Table, 'refusals' | 'pendingAddresses'>[];
  /** A limit keeps something out that the policy gives the address. */
  readonly isOut: (policy: PolicyId, address: string) => boolean;
};

export const openWorkKey = (policy: PolicyId, firewall: string) => `${policy} ${firewall}`;

/**
 * One pass over what is open, which is little in ordinary life. A refusal counts against the policies that give its tag; of
 * several at one address the first speaks for them.
 */
export function openWork(desired: Behind, firewalls: Iterable<WorkingFirewall>): OpenWork {
  const pending = new Map<string, number>();
  const failed = new Map<string, FailedAddress[]>();
  for (const firewall of firewalls) {
    const { name, tables, isOut } = firewall;
    const blamed = new Set<string>();
    for (const [policy, one] of refusedOn(desired, firewall)) {
      const key = openWorkKey(policy, name);
      if (blamed.has(`${policy} ${one.address}`) || isOut(policy, one.address)) continue;
      blamed.add(`${policy} ${one.address}`);
      const list = failed.get(key) ?? [];
      failed.set(key, list);
      list.push(one);
    }
    for (const address of new Set(tables.flatMap((table) => [...table.pendingAddresses()]))) {
      for (const policy of desired.policiesBehind(name, address)) {
        if (blamed.has(`${policy} ${address}`) || isOut(policy, address)) continue;
        const key = openWorkKey(policy, name);
        pending.set(key, (pending.get(key) ?? 0) + 1);
      }
    }
  }
  return { pending, failed };
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
