// Two hundred Pods of every kind in three namespaces, and policies that overlap on them.
import type { Cluster } from '../harness/cluster.ts';
import type { NewPod } from '../harness/pods.ts';
import { inParallel } from '../harness/in-parallel.ts';
import type { PolicySpec } from './stage.ts';

export const namespaces: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shop: { env: 'prod', zone: 'dmz' },
  stock: { env: 'prod' },
  lab: { env: 'dev', zone: 'lab' },
};

const podCount = 200;
const oneOf = <T>(values: readonly T[], i: number): T | undefined => values[i % values.length];

/** The same Pods on every run; the moduli have no common factors, so that all combinations come up. */
export function makeCrowd(): readonly NewPod[] {
  const networkUp = Date.now() - 3_600_000;
  return Array.from({ length: podCount }, (_, i) => ({
    namespace: oneOf(Object.keys(namespaces), i) ?? '',
    name: `pod-${String(i).padStart(3, '0')}`,
    node: `node-${i % 5}`,
    serviceAccount: i % 4 === 0 ? 'robot' : 'default',
    hostNetwork: i % 17 === 3,
    labels: labelsOf(i),
    networkReadyAt: new Date(networkUp + ((i * 37) % podCount) * 1000),
    ...(i % 19 === 5 ? {} : { ips: addressesOf(i) }),
  }));
}

function labelsOf(i: number): Record<string, string> {
  const labels = {
    app: oneOf(['web', 'db', 'cache', undefined], i),
    tier: oneOf(['gold', 'silver', undefined, '', 'bronze'], i),
    'app.kubernetes.io/name': oneOf(['front', undefined, 'back'], i),
    'example.com/cost': oneOf(['low', 'high', undefined, '', 'none', 'some', 'all'], i),
    'example.com/owner': i % 11 === 0 ? 'ann' : undefined,
    // A tenant's try to get into another namespace's group by a cluster policy.
    group: oneOf(['ns_shop.web', 'plain', undefined], i),
    long: i % 13 === 0 ? 'x'.repeat(63) : undefined,
    'long-too': i % 13 === 0 ? 'y'.repeat(63 - (i % 3)) : undefined,
  };
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** Every ninth Pod claims the addresses of the one before; IPv6 is spelled at length, as it may be stored. */
function addressesOf(i: number): string[] {
  if (i % 17 === 3) return [`192.168.0.${i % 5}`];
  const n = i % 9 === 8 ? i - 1 : i;
  const ipv4 = `10.1.${Math.floor(n / 100)}.${(n % 100) + 1}`;
  const ipv6 = `fd00:0010:0:0:0:0:0:${(n + 1).toString(16).toUpperCase()}`;
  return oneOf([[ipv4], [ipv4, ipv6], [ipv6, ipv4], [ipv6]], i % 7) ?? [];
}

/** Some Pods end, some begin to drain. */
export async function age(cluster: Cluster, pods: readonly NewPod[], from: number): Promise<void> {
  await inParallel([...pods.entries()], async ([i, { namespace = '', name }]) => {
    if (i % 23 === from) await cluster.setPodPhase({ namespace, name }, i % 2 === 0 ? 'Succeeded' : 'Failed');
    if (i % 16 === from) await cluster.terminatePod({ namespace, name });
  });
}

/** By namespace/name; ClusterPanTagPolicies have no namespace. */
export const policies: Readonly<Record<string, PolicySpec>> = {
  'shop/web': {
    firewallNames: ['edge-a'],
    podSelector: { matchLabels: { app: 'web' } },
    tags: [
      { template: 'web' },
      { template: 'on.{{ node }}' },
      { template: "app.{{labels['app.kubernetes.io/name']}}" },
      { labelKeys: ['tier', 'example.com/*'] },
    ],
  },
  'shop/tiers': {
    firewallSelector: { matchExpressions: [{ key: 'site', operator: 'In', values: ['north', 'south'] }] },
    podSelector: {
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['gold', 'silver', ''] },
        { key: 'app', operator: 'NotIn', values: ['db'] },
        { key: 'group', operator: 'Exists' },
        { key: 'example.com/owner', operator: 'DoesNotExist' },
      ],
    },
    tags: [{ template: 'tier.{{ labels.tier }}' }, { template: 'web' }],
  },
  'stock/everything': { firewallNames: ['edge-a', 'edge-b'], tags: [{ labelKeys: ['*'] }] },
  'stock/long': {
    firewallNames: ['edge-a', 'edge-b'],
    podSelector: { matchExpressions: [{ key: 'long', operator: 'Exists' }] },
    tags: [{ template: "{{ labels.long }}.{{ labels['long-too'] }}" }],
  },
  'lab/nobody': {
    firewallNames: ['edge-a'],
    podSelector: { matchLabels: { app: 'no-such' } },
    tags: [{ template: 'never' }],
  },
  'lab/refused': { firewallNames: ['edge-b'], tags: [{ template: 'lab' }] },
  '/zones': {
    firewallSelector: {},
    namespaceSelector: {},
    tags: [
      { template: "zone.{{ namespaceLabels['zone'] }}" },
      { template: 'in.{{ namespace }}' },
      { template: 'as.{{ serviceAccount }}.{{ pod }}' },
    ],
  },
  '/groups': {
    firewallNames: ['edge-b'],
    namespaceSelector: { matchLabels: { env: 'prod' } },
    podSelector: { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['bronze'] }] },
    tags: [{ template: '{{ labels.group }}' }, { labelKeys: ['app'] }],
  },
};
