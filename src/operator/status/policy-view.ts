// Gathers what the status of a policy is computed from: what it selects, and what is open on each of its PanFirewalls.

import { type LimitedShare, largestOfEach } from '../../core/limits/limit-tally.ts';
import type { PolicyId } from '../../core/model/model.ts';
import type { PolicyFirewall, PolicyView, SkippedStatus } from '../../core/status/policy-status.ts';
import type { ParsedPolicy } from '../../kubernetes/resources/parse.ts';
import type { Controller } from '../cluster/controller.ts';
import { unusable } from '../cluster/policy-admission.ts';
import { nothingOpen } from '../../core/status/open-work.ts';
import { type FirewallSnapshot, missingFirewall } from './firewall-snapshot.ts';

type PolicyInput = {
  readonly controller: Controller;
  readonly parsed: ParsedPolicy;
  readonly id: PolicyId;
  /** The PanFirewalls that it names or selects. */
  readonly firewalls: ReadonlyMap<string, FirewallSnapshot>;
};

/** PanFirewalls that a policy names, existing or not, or selects; sorted. */
export function firewallNames(
  { desired }: Pick<Controller, 'desired'>,
  parsed: ParsedPolicy,
  id: PolicyId,
): readonly string[] {
  if (!parsed.ok) return [];
  const { firewalls } = parsed.policy;
  return 'names' in firewalls ? [...new Set(firewalls.names)].sort() : desired.firewallsOf(id);
}

export function policyView(input: PolicyInput): PolicyView {
  const { controller, parsed, id, firewalls } = input;
  const { desired } = controller;
  const tally = desired.tallyOf(id);
  const shares = [...firewalls.values()].flatMap(({ work }) => work.get(id)?.shares ?? []);
  return {
    finding: parsed.ok ? undefined : { reason: 'InvalidSpec', message: parsed.problems },
    pods: tally?.pods ?? 0,
    skipped: withLimits(tally?.skipped() ?? [], shares),
    tags: desired.tagsInUse(id),
    whyNothing: () => desired.whyNothing(id),
    firewalls: [...firewalls.keys()].map((name) => policyFirewall(name, input)),
  };
}

function policyFirewall(name: string, { controller, parsed, id, firewalls }: PolicyInput): PolicyFirewall {
  const { shared, work } = firewalls.get(name) ?? missingFirewall;
  const addresses = controller.desired.tallyOf(id)?.addressesOn(name) ?? 0;
  const { pending, failed, limited } = work.get(id) ?? nothingOpen;
  return {
    name,
    unusable: unusable(name, controller, parsed),
    health: shared.health,
    addresses,
    pending: shared.known ? pending : addresses,
    failed,
    limited,
  };
}

/** Pods that are out on several firewalls count where most of them are. */
function withLimits(skipped: readonly SkippedStatus[], shares: readonly LimitedShare[]): SkippedStatus[] {
  const out = largestOfEach(shares).map(({ reason, pods, example }) => ({ reason, count: pods, example }));
  return [...skipped, ...out].sort((a, b) => (a.reason < b.reason ? -1 : 1));
}
