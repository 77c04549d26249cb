// Policies, good and bad, on which zod and the API server must agree.

import {
  type BadCase,
  clusterPolicy,
  type GoodCase,
  type Manifest,
  numbered,
  policy,
  type Spec,
} from './manifests.ts';

const requirement = (change: Spec): Manifest =>
  policy({ podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists', ...change }] } });

const labelled = (count: number): Spec =>
  Object.fromEntries(numbered(count, (i) => [`key-${i}`, 'x']) as [string, string][]);

export const goodPolicies: GoodCase[] = [
  { name: 'the smallest PanTagPolicy', manifest: policy() },
  { name: 'the smallest ClusterPanTagPolicy', manifest: clusterPolicy() },
  ...[-1000, 1000].map((priority) => ({
    name: `priority ${priority}`,
    manifest: clusterPolicy({ priority }),
  })),
  {
    name: 'a policy with a firewallSelector and all four operators',
    manifest: policy({
      firewallNames: undefined,
      firewallSelector: { matchLabels: { site: '' } },
      podSelector: {
        matchLabels: { app: 'web', 'example.com/tier': 'Gold_1' },
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['x', ''] },
          { key: 'b', operator: 'NotIn', values: ['y'] },
          { key: 'c', operator: 'Exists' },
          { key: 'd', operator: 'DoesNotExist', values: [] },
        ],
      },
    }),
  },
  {
    name: 'a selector of the longest key',
    manifest: policy({ podSelector: { matchLabels: { [`${'a'.repeat(253)}/x`]: 'x' } } }),
  },
  { name: 'a selector of 64 labels', manifest: policy({ podSelector: { matchLabels: labelled(64) } }) },
  { name: '64 firewalls', manifest: policy({ firewallNames: numbered(64, (i) => `fw-${i}`) }) },
  { name: '32 tags', manifest: policy({ tags: numbered(32, (i) => ({ template: `t${i}` })) }) },
];

export const badPolicies: BadCase[] = [
  ...[-1001, 1001, 0.5, 'high'].map((priority) => ({
    name: `priority ${priority}`,
    manifest: clusterPolicy({ priority }),
    field: 'spec.priority',
  })),
  {
    name: 'no way to a firewall',
    manifest: policy({ firewallNames: undefined }),
    field: 'spec',
    says: 'set exactly one of firewallNames and firewallSelector',
  },
  {
    name: 'two ways to firewalls',
    manifest: clusterPolicy({ firewallSelector: {} }),
    field: 'spec',
    says: 'set exactly one of firewallNames and firewallSelector',
  },
  { name: 'an empty firewallNames', manifest: policy({ firewallNames: [] }), field: 'spec.firewallNames' },
  {
    name: '65 firewalls',
    manifest: policy({ firewallNames: numbered(65, (i) => `fw-${i}`) }),
    field: 'spec.firewallNames',
  },
  {
    name: 'a firewall twice',
    manifest: policy({ firewallNames: ['a', 'b', 'a'] }),
    field: 'spec.firewallNames',
    says: 'must name each PanFirewall once',
  },
  {
    name: 'a firewall that can have no such name',
    manifest: policy({ firewallNames: ['edge-a', 'Edge_B'] }),
    field: 'spec.firewallNames[1]',
    says: 'must be the name of a PanFirewall',
  },
  { name: 'no podSelector', manifest: policy({ podSelector: undefined }), field: 'spec.podSelector' },
  {
    name: 'a cluster policy without namespaceSelector',
    manifest: clusterPolicy({ namespaceSelector: undefined }),
    field: 'spec.namespaceSelector',
  },
  {
    name: 'a selector value with a space',
    manifest: policy({ podSelector: { matchLabels: { app: 'a b' } } }),
    field: 'spec.podSelector.matchLabels',
    says: 'a label value',
  },
  {
    name: 'a selector value of 64',
    manifest: policy({ podSelector: { matchLabels: { app: 'x'.repeat(64) } } }),
    field: 'spec.podSelector.matchLabels',
  },
  ...['-x', 'a/b/c', 'A.com/x', 'x'.repeat(64), `${'a'.repeat(254)}/x`].map((key) => ({
    name: `a selector key ${key.slice(0, 20)}`,
    manifest: clusterPolicy({ namespaceSelector: { matchLabels: { [key]: 'x' } } }),
    field: 'spec.namespaceSelector.matchLabels',
    says: 'label key',
  })),
  {
    name: 'a selector of 65 labels',
    manifest: policy({ podSelector: { matchLabels: labelled(65) } }),
    field: 'spec.podSelector.matchLabels',
  },
  {
    name: 'an expression without operator',
    manifest: requirement({ operator: undefined }),
    field: 'spec.podSelector.matchExpressions[0].operator',
  },
  {
    name: 'an unknown operator',
    manifest: requirement({ operator: 'exists' }),
    field: 'spec.podSelector.matchExpressions[0].operator',
  },
  {
    name: 'an expression key with a space',
    manifest: requirement({ key: 'a b' }),
    field: 'spec.podSelector.matchExpressions[0].key',
    says: 'a label key',
  },
  ...[{ operator: 'In' }, { operator: 'NotIn', values: [] }].map((change) => ({
    name: `${change.operator} without values`,
    manifest: requirement(change),
    field: 'spec.podSelector.matchExpressions[0]',
    says: 'must name at least one value',
  })),
  ...['Exists', 'DoesNotExist'].map((operator) => ({
    name: `${operator} with values`,
    manifest: requirement({ operator, values: ['x'] }),
    field: 'spec.podSelector.matchExpressions[0]',
    says: 'must be left out',
  })),
  {
    name: 'an expression value with a slash',
    manifest: requirement({ operator: 'In', values: ['x', 'a/b'] }),
    field: 'spec.podSelector.matchExpressions[0].values[1]',
    says: 'a label value',
  },
  {
    name: '33 expressions',
    manifest: policy({
      podSelector: { matchExpressions: numbered(33, (i) => ({ key: `k${i}`, operator: 'Exists' })) },
    }),
    field: 'spec.podSelector.matchExpressions',
  },
  {
    name: '129 values',
    manifest: requirement({ operator: 'In', values: numbered(129, (i) => `v${i}`) }),
    field: 'spec.podSelector.matchExpressions[0].values',
  },
];
