// Explains one address on the cluster's side: who holds it, its desired tags on each firewall, and why.

import { takes } from '../policies/eligibility.ts';
import { type Excerpt, excerptOf } from '../model/excerpt.ts';
import type { Claimant } from '../model/claimant.ts';
import type { Claimants } from './claimants.ts';
import type { Firewall, PolicyId } from '../model/model.ts';
import type { TagSet } from '../model/tag-set.ts';

type ExplainedPod = Pick<Claimant, 'namespace' | 'name' | 'uid' | 'terminating'> & {
  readonly hostNetwork: boolean;
};

/** The desired tags of an address on one firewall. */
type ExplainedDeserts = {
  readonly firewall: string;
  readonly tags: Excerpt<string>;
  readonly policies: Excerpt<{ readonly policy: PolicyId; readonly tags: Excerpt<string> }>;
  /** Policies ask for more tags than one address may carry. */
  readonly isCut: boolean;
  /** Why the address has no desired tags; absent: it has some. */
  readonly why?: string;
};

/** JSON-able. Its lists tell at most ten of what they count. */
export type DesiredExplanation = {
  readonly address: string;
  /** The Pod that holds the address. Absent: none. */
  readonly holder?: ExplainedPod;
  /** Other Pods that report it. Those on the host's network are looked for only where nobody holds the address. */
  readonly others: Excerpt<ExplainedPod>;
  readonly firewalls: Excerpt<ExplainedDeserts>;
};

type Parts = {
  readonly desired: {
    tagsOf(firewall: string, address: string): TagSet;
    tagsBehind(firewall: string, address: string): Iterable<readonly [PolicyId, TagSet]>;
    isCutAt(firewall: string, address: string): boolean;
    admits(firewall: string, namespace: string): boolean;
  };
  readonly claimants: Claimants;
  /** Those that are to be told of. */
  readonly firewalls: readonly Firewall[];
};

export function explainDesired(
  { desired, claimants, firewalls }: Parts,
  address: string,
): DesiredExplanation {
  const holder = claimants.holderOf(address);
  const deserts = (firewall: Firewall): ExplainedDeserts => {
    const { name } = firewall;
    const tags = desired.tagsOf(name, address);
    const policies = [...desired.tagsBehind(name, address)].sort(([a], [b]) => (a < b ? -1 : 1));
    const why = tags.length > 0 ? undefined : whyNone(firewall, address, holder, desired);
    return {
      firewall: name,
      tags: excerptOf(tags),
      policies: excerptOf(policies.map(([policy, given]) => ({ policy, tags: excerptOf(given) }))),
      isCut: desired.isCutAt(name, address),
      ...(why === undefined ? {} : { why }),
    };
  };
  const { count, first } = excerptOf(firewalls);
  return {
    address,
    ...(holder === undefined ? {} : { holder: explainedPod(holder) }),
    others: excerptOf(othersAt(claimants, address, holder).map(explainedPod)),
    firewalls: { count, first: first.map(deserts) },
  };
}

function whyNone(
  firewall: Firewall,
  address: string,
  holder: Claimant | undefined,
  desired: Parts['desired'],
): string {
  if (holder === undefined) return 'no Pod holds the address';
  if (!takes(firewall, address))
    return 'the address is outside spec.addressCIDRs, or is never registered, such as loopback';
  if (!desired.admits(firewall.name, holder.namespace))
    return `spec.namespaceSelector does not select namespace ${holder.namespace}`;
  return 'no policy for this firewall gives the Pod a tag';
}

function othersAt(claimants: Claimants, address: string, holder: Claimant | undefined): readonly Claimant[] {
  // Pods on the host's network hold nothing, so only a look at all Pods finds them.
  const reporting = holder === undefined ? claimants.all() : claimants.claiming([address]);
  return [...reporting]
    .map(({ claimant }) => claimant)
    .filter(({ uid, addresses }) => uid !== holder?.uid && addresses.includes(address));
}

function explainedPod({ namespace, name, uid, terminating, ineligible }: Claimant): ExplainedPod {
  return { namespace, name, uid, terminating, hostNetwork: ineligible === 'HostNetwork' };
}
