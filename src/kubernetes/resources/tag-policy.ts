// PanTagPolicy and ClusterPanTagPolicy: the schemas of their specs and of the status that they share.

import { z } from 'zod';
import { objectName } from './host.ts';
import { labelSelector } from './label-selector.ts';
import { list, ruled } from './schema.ts';
import { conditions, count, observedGeneration } from './status.ts';
import { clusterTagSources, tagSources } from './tag-source.ts';

const maxFirewalls = 64;
/** As many tags as status shows of those in use. */
const maxShownTags = 64;

const firewallNames = ruled(list(objectName('PanFirewall'), maxFirewalls), {
  cel: 'self.all(one, self.exists_one(other, other == one))',
  message: 'must name each PanFirewall once: remove the repeated name',
  holds: (names) => new Set(names).size === names.length,
}).meta({ 'x-kubernetes-list-type': 'atomic' });

const common = {
  firewallNames: firewallNames
    .optional()
    .describe(
      'The PanFirewalls that get the tags, by name, such as [edge-a, edge-b]. Exactly one of firewallNames and ' +
        'firewallSelector is set. A name that does not exist is reported as FirewallMissing; the others are served.',
    ),
  firewallSelector: labelSelector(
    'The PanFirewalls that get the tags, by their labels, such as {matchLabels: {site: north}}; {} = all. Exactly one ' +
      'of firewallNames and firewallSelector is set.',
  ).optional(),
};

const podSelector = labelSelector(
  'The Pods that get the tags, by their labels, such as {matchLabels: {app: web}}; {} = every Pod. Pods with ' +
    'hostNetwork and Pods without an address are counted under status.skipped.',
);

const oneWayToFirewalls = {
  cel: 'has(self.firewallNames) != has(self.firewallSelector)',
  message: 'set exactly one of firewallNames and firewallSelector',
  holds: (spec: { firewallNames?: unknown; firewallSelector?: unknown }) =>
    (spec.firewallNames === undefined) !== (spec.firewallSelector === undefined),
};

export const panTagPolicySpec = ruled(
  z.object({ ...common, podSelector, tags: tagSources }),
  oneWayToFirewalls,
).describe('Which Pods of this namespace get which tags, on which firewalls.');

export const clusterPanTagPolicySpec = ruled(
  z.object({
    ...common,
    namespaceSelector: labelSelector(
      'The namespaces whose Pods are considered, such as {matchLabels: {env: prod}}; {} = all. Pods of namespaces that ' +
        'a firewall does not admit are left out for that firewall.',
    ),
    priority: z
      .int()
      .min(-1000)
      .max(1000)
      .default(0)
      .describe(
        'Where a firewall takes fewer addresses, or fewer tags of one address, than policies give: the higher goes first, ' +
          '-1000 to 1000; of equals the smaller name. PanTagPolicies come after all ClusterPanTagPolicies. Default: 0.',
      ),
    podSelector,
    tags: clusterTagSources,
  }),
  oneWayToFirewalls,
).describe('Which Pods of which namespaces get which tags, on which firewalls.');

const skipped = z.object({
  reason: z
    .string()
    .describe(
      'HostNetwork, NoAddress, AddressTaken, OutsideCIDR, MissingValue, IllegalTag, TagLimit or Capacity.',
    ),
  count: count('Pods that were skipped, or got fewer tags, for this reason.'),
  example: z.string().describe('One of them: the one whose name comes first.'),
});

const firewallStatus = z.object({
  name: z.string().describe('The PanFirewall.'),
  state: z
    .string()
    .describe('The state of this policy there: InSync, Progressing, or the reason why it is neither.'),
  registered: count("Addresses that the device has confirmed with all of this policy's tags."),
  pending: count('Addresses whose change the device has not confirmed yet.'),
  failed: count('Addresses that the device refuses, or has no room for with all tags of this policy.'),
  examples: z
    .array(z.string())
    .meta({ description: 'Some of the addresses that failed.', 'x-kubernetes-list-type': 'atomic' }),
  message: z.string().describe('The cause in a sentence, with the next step.'),
});

export const tagPolicyStatus = z
  .object({
    observedGeneration: observedGeneration().optional(),
    conditions: conditions(
      'Ready: every selected address is confirmed by every firewall that counts. Reconciling or Stalled when they apply.',
    ).optional(),
    pods: count('Pods that are selected and hold an address.').optional(),
    addresses: count('Addresses that every firewall that counts has confirmed.').optional(),
    skipped: z
      .array(skipped)
      .optional()
      .meta({
        description: 'Pods that are selected but got no tag, or fewer than the policy names, by reason.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['reason'],
      }),
    tags: z
      .array(z.string())
      .max(maxShownTags)
      .optional()
      .meta({
        description:
          `The distinct tags in use, sorted, the first ${maxShownTags}: to be copied into the filter of a dynamic ` +
          'address group.',
        'x-kubernetes-list-type': 'atomic',
      }),
    firewalls: z
      .array(firewallStatus)
      .optional()
      .meta({
        description: 'One entry for each firewall.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      }),
    columns: z
      .object({
        tags: count('How many distinct tags are in use; status.tags may show fewer.').optional(),
        firewalls: z.string().optional().describe('The names of status.firewalls, separated by commas.'),
      })
      .optional()
      .describe('What kubectl get -o wide shows and cannot work out from the other fields.'),
  })
  .describe('Observed state. Written by the operator only.');

export type PanTagPolicySpec = z.output<typeof panTagPolicySpec>;
export type ClusterPanTagPolicySpec = z.output<typeof clusterPanTagPolicySpec>;
export type TagPolicyStatus = z.output<typeof tagPolicyStatus>;
