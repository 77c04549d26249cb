// What of each policy is not confirmed on each firewall: addresses that wait, and those with a tag that is refused.

import type { Desired } from '../core/desired.ts';
import type { PolicyId } from '../core/model.ts';
import type { FailedAddress } from '../core/policy-status.ts';
import type { Table } from '../core/table.ts';

/** By openWorkKey. */
export type OpenWork = {
  readonly pending: ReadonlyMap<string, number>;
  readonly failed: ReadonlyMap<string, readonly FailedAddress[]>;
};

type Behind = Pick<Desired, 'policiesBehind'>;

/** One firewall. */
export type WorkingFirewall = {
  readonly name: string;
  /** Those that policies wait for. */
  readonly tables: readonly Pick<Table, 'refusals' | 'pendingAddresses'>[];
  /** A limit keeps something out that the policy gives the address. */
  readonly isOut: (policy: PolicyId, address: string) => boolean;
};

export const openWorkKey = (policy: PolicyId, firewall: string) => `${policy} ${firewall}`;

/** One pass over what is open, which is little in ordinary life. A refusal counts against the policies that give its tag. */
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

/** Each refused pair with each policy that gives it. */
function* refusedOn(
  desired: Behind,
  { name, tables }: WorkingFirewall,
): Iterable<readonly [PolicyId, FailedAddress]> {
  for (const { refusals } of tables) {
    for (const address of refusals.addresses()) {
      for (const { tag, message } of refusals.at(address)) {
        const one = tag === undefined ? { address, message } : { address, tag, message };
        const tags = tag === undefined ? undefined : new Set([tag]);
        for (const policy of desired.policiesBehind(name, address, tags)) yield [policy, one];
      }
    }
  }
}
