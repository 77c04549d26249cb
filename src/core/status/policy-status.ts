// The status of a PanTagPolicy or ClusterPanTagPolicy: what it selects, and what its firewalls have confirmed.

import { type Finding, worst } from '../model/finding.ts';
import { type Condition, conditionsFor } from './conditions.ts';
import { type FirewallHealth, seenByPolicies } from './firewall-health.ts';
import type { StatusContext } from './firewall-status.ts';
import type { ConditionReason, SkipReason } from '../model/model.ts';
import { isFailure, wasReady } from './table-health.ts';

export type SkippedStatus = { readonly reason: SkipReason; readonly count: number; readonly example: string };

type PolicyFirewallStatus = {
  readonly name: string;
  readonly state: ConditionReason;
  readonly registered: number;
  readonly pending: number;
  readonly failed: number;
  readonly examples: readonly string[];
  readonly message: string;
};

export type PolicyStatus = {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly pods: number;
  readonly addresses: number;
  readonly skipped: readonly SkippedStatus[];
  /** Distinct tags in use, sorted, the first 64. */
  readonly tags: readonly string[];
  readonly firewalls: readonly PolicyFirewallStatus[];
  /** What kubectl get -o wide cannot work out from the other fields. */
  readonly columns: { readonly tags: number; readonly firewalls: string };
};

/** An address with a tag that the device refuses, in its words; without `tag`: it did not say which. */
export type FailedAddress = {
  readonly address: string;
  readonly tag?: string;
  readonly message: string;
};

/** One firewall that a policy names or selects. */
export type PolicyFirewall = {
  readonly name: string;
  /** Set when the firewall takes nothing from this policy: FirewallMissing, NotAdmitted. */
  readonly unusable: Finding | undefined;
  readonly health: FirewallHealth;
  /** Addresses of this policy there: all, those not confirmed in every table, those the device refuses. */
  readonly addresses: number;
  readonly pending: number;
  readonly failed: readonly FailedAddress[];
  /** What limits keep out there, the worst first; not among the failed. Absent: nothing. */
  readonly limited?: readonly LimitedAddresses[];
};

/** Addresses of a policy that have no place on a firewall, or not room for all of its tags. */
export type LimitedAddresses = {
  readonly finding: Finding;
  readonly addresses: number;
  /** The smallest. */
  readonly examples: readonly string[];
};

export type PolicyView = {
  /** Set when the spec cannot be understood. */
  readonly finding: Finding | undefined;
  readonly pods: number;
  readonly skipped: readonly SkippedStatus[];
  /** Distinct tags in use, sorted; all of them. */
  readonly tags: readonly string[];
  readonly firewalls: readonly PolicyFirewall[];
  /** Asked where no Pod is selected: what the selectors ask for, and which labels there are, in a sentence. */
  readonly whyNothing: () => string;
};

const exampleLimit = 3;
const tagLimit = 64;

export function policyStatus(view: PolicyView, context: StatusContext): PolicyStatus {
  const { generation, previous, time } = context;
  const judged = view.firewalls.map((firewall) => {
    const finding = firewallFinding(firewall, context);
    return { firewall, finding, shown: policyFirewallStatus(firewall, finding) };
  });
  const counting = judged.filter(({ firewall }) => counts(firewall));
  const confirmed = counting.length === 0 ? 0 : Math.min(...counting.map(({ shown }) => shown.registered));
  // Where none counts, that is what there is to say.
  const findings = (counting.length === 0 ? judged : counting).map(({ firewall, finding }) => ({
    reason: finding.reason,
    message: `${firewall.name}: ${finding.message}`,
  }));
  const finding = view.finding ?? worst(findings) ?? noFirewall;
  const waitedFor = counting.map(({ firewall }) => firewall);
  const shown = finding.reason === 'InSync' ? inSync(view, waitedFor) : finding;
  return {
    observedGeneration: generation,
    conditions: conditionsFor({ finding: shown, generation, previous, now: time }),
    pods: view.pods,
    addresses: confirmed,
    skipped: view.skipped,
    tags: view.tags.slice(0, tagLimit),
    firewalls: judged.map((one) => one.shown),
    columns: { tags: view.tags.length, firewalls: view.firewalls.map(({ name }) => name).join(',') },
  };
}

const noFirewall: Finding = {
  reason: 'FirewallMissing',
  message: 'no PanFirewall matches spec.firewallSelector; label one, or change the selector',
};

/** A firewall in Observe, a passive HA peer, or one that is being deleted is not waited for; a wrong reference is the policy's own fault. */
function counts({ unusable, health }: PolicyFirewall): boolean {
  return unusable !== undefined || health.aside === undefined;
}

function firewallFinding(firewall: PolicyFirewall, { generation, previous }: StatusContext): Finding {
  const { unusable, pending, failed, limited = [] } = firewall;
  const health = seenByPolicies(firewall.health);
  if (unusable !== undefined) return unusable;
  if (health.aside !== undefined) return health.aside;
  if (isFailure(health.finding.reason)) return health.finding;
  const exceeded = limited[0]?.finding;
  if (exceeded !== undefined) return exceeded;
  const [example] = byAddress(failed);
  if (example !== undefined) {
    const message = `the device refuses registrations, such as that of ${pairOf(example)}: ${example.message}`;
    return { reason: 'RegistrationRejected', message };
  }
  if (pending > 0 && (health.stuck || !wasReady(previous, generation))) {
    const known = health.finding.reason === 'Progressing';
    const message = known ? health.finding.message : 'the device has not confirmed all addresses yet';
    return { reason: 'Progressing', message };
  }
  return { reason: 'InSync', message: '' };
}

function policyFirewallStatus(firewall: PolicyFirewall, finding: Finding): PolicyFirewallStatus {
  const { name, pending, unusable, limited = [] } = firewall;
  const failed = limited.reduce((sum, { addresses }) => sum + addresses, firewall.failed.length);
  const registered = unusable === undefined ? Math.max(0, firewall.addresses - pending - failed) : 0;
  const refused = byAddress(firewall.failed).map(({ address }) => address);
  return {
    name,
    state: finding.reason,
    registered,
    pending,
    failed,
    examples: [...limited.flatMap(({ examples }) => examples), ...refused].slice(0, exampleLimit),
    message: isFailure(finding.reason) ? finding.message : '',
  };
}

function pairOf({ address, tag }: FailedAddress): string {
  return tag === undefined ? address : `${address} ${tag}`;
}

function byAddress(failed: PolicyFirewall['failed']): PolicyFirewall['failed'] {
  return failed.toSorted((a, b) => (a.address < b.address ? -1 : 1));
}

function inSync({ pods, skipped, whyNothing }: PolicyView, firewalls: readonly PolicyFirewall[]): Finding {
  const names = firewalls.map((firewall) => firewall.name).join(', ');
  if (firewalls.some((firewall) => firewall.addresses > 0)) {
    return { reason: 'InSync', message: `registered on ${names}` };
  }
  if (pods === 0 && skipped.length === 0) return { reason: 'NoPods', message: whyNothing() };
  return { reason: 'InSync', message: 'no selected Pod gets a tag; see status.skipped for the reasons' };
}
