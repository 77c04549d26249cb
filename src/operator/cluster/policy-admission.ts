// Decides whether a firewall accepts a policy that names it, and what the policy's status says otherwise.

import type { Desired } from '../../core/desired/desired.ts';
import type { PolicyFirewall } from '../../core/status/policy-status.ts';
import type { Tally } from '../../core/policies/tally.ts';
import type { ParsedPolicy } from '../../kubernetes/resources/parse.ts';

type Cluster = {
  readonly desired: Pick<Desired, 'admits' | 'tallyOf'>;
  /** By name; `ok`: its spec is understood. */
  readonly firewalls: ReadonlyMap<string, { readonly parsed: { readonly ok: boolean } }>;
};

/** Set when the firewall takes nothing from the policy: FirewallMissing, NotAdmitted; undefined when it takes what there is. */
export function unusable(
  name: string,
  { firewalls, desired }: Cluster,
  { meta }: Pick<ParsedPolicy, 'meta'>,
): PolicyFirewall['unusable'] {
  if (!firewalls.has(name)) {
    return {
      reason: 'FirewallMissing',
      message: 'there is no PanFirewall of this name; create it, or correct spec.firewallNames',
    };
  }
  if (!firewalls.get(name)?.parsed.ok) return undefined;
  if (meta.namespace === undefined) return notAdmittedPods(desired.tallyOf(`/${meta.name}`));
  if (desired.admits(name, meta.namespace)) return undefined;
  const message = `its namespaceSelector does not select the namespace ${meta.namespace}; ask the firewall's administrator`;
  return { reason: 'NotAdmitted', message };
}

/** A ClusterPanTagPolicy without effect: no firewall admits the namespace of any of its Pods. */
function notAdmittedPods(tally: Tally | undefined): PolicyFirewall['unusable'] {
  if (tally === undefined || tally.pods === 0 || tally.admitted > 0) return undefined;
  const message =
    'its namespaceSelector selects none of the namespaces in which this policy selects Pods; ' +
    "ask the firewall's administrator, or change spec.namespaceSelector of the policy";
  return { reason: 'NotAdmitted', message };
}
