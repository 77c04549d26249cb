// The scripted round: what happens in the cluster, and what the firewall must hold after it.

import type { Cluster } from '../test/harness/cluster.ts';
import { byNumber } from './frame.ts';
import { createProductionPolicy, createTenantPolicy } from './policies.ts';
import { tagPrefix } from './stage.ts';

/** address -> tags without the prefix; what stands here is all that may carry our prefix. */
type Expected = Readonly<Record<string, readonly string[]>>;

export type Step = {
  readonly title: string;
  readonly act: (cluster: Cluster) => Promise<void>;
  readonly expected: Expected;
  /** status.pods of each policy, in the end. */
  readonly pods: Pods;
};

/** Pods that the policies select: those of the tenant's and those of the administrator's. */
export type Pods = { readonly web: number; readonly prod: number };

const web = (tier: string) => ['ns_shop.web', `ns_shop.tier.${tier}`];
const pod = (name: string) => ({ namespace: 'shop', name });

export const steps: readonly Step[] = [
  {
    title:
      'A tenant writes a policy: Pods with app=web get the tags "web" and "tier.<their tier>". No Pod is there yet.',
    act: createTenantPolicy,
    pods: { web: 0, prod: 0 },
    expected: {},
  },
  {
    title:
      'Three web Pods start, one of them dual stack; a Pod of another app and a hostNetwork Pod start too.',
    act: async (cluster) => {
      await cluster.createPods([
        { ...pod('web-1'), labels: { app: 'web', tier: 'gold' }, ips: ['10.1.0.1', 'fd00:10::1'] },
        { ...pod('web-2'), labels: { app: 'web', tier: 'silver' }, ips: ['10.1.0.2'] },
        { ...pod('web-3'), labels: { app: 'web', tier: 'silver' }, ips: ['10.1.0.3'] },
        { ...pod('db-1'), labels: { app: 'db' }, ips: ['10.1.0.4'] },
        { ...pod('web-host'), labels: { app: 'web' }, hostNetwork: true, ips: ['192.168.7.1'] },
      ]);
    },
    pods: { web: 3, prod: 0 },
    expected: {
      '10.1.0.1': web('gold'),
      'fd00:10::1': web('gold'),
      '10.1.0.2': web('silver'),
      '10.1.0.3': web('silver'),
    },
  },
  {
    title: 'An administrator tags all Pods of production namespaces, whatever the tenants say.',
    act: createProductionPolicy,
    pods: { web: 3, prod: 4 },
    expected: {
      '10.1.0.1': [...web('gold'), 'env.prod'],
      'fd00:10::1': [...web('gold'), 'env.prod'],
      '10.1.0.2': [...web('silver'), 'env.prod'],
      '10.1.0.3': [...web('silver'), 'env.prod'],
      '10.1.0.4': ['env.prod'],
    },
  },
  {
    title: 'web-2 is relabelled: tier silver becomes gold.',
    act: (cluster) => cluster.labelPod(pod('web-2'), { tier: 'gold' }),
    pods: { web: 3, prod: 4 },
    expected: {
      '10.1.0.1': [...web('gold'), 'env.prod'],
      'fd00:10::1': [...web('gold'), 'env.prod'],
      '10.1.0.2': [...web('gold'), 'env.prod'],
      '10.1.0.3': [...web('silver'), 'env.prod'],
      '10.1.0.4': ['env.prod'],
    },
  },
  {
    title: 'web-3 dies, and a Pod of another namespace gets its address at once. It inherits nothing.',
    act: async (cluster) => {
      await cluster.deletePod(pod('web-3'));
      await cluster.createPod({ namespace: 'lab', name: 'guest', labels: { app: 'web' }, ips: ['10.1.0.3'] });
    },
    pods: { web: 2, prod: 3 },
    expected: {
      '10.1.0.1': [...web('gold'), 'env.prod'],
      'fd00:10::1': [...web('gold'), 'env.prod'],
      '10.1.0.2': [...web('gold'), 'env.prod'],
      '10.1.0.4': ['env.prod'],
    },
  },
  {
    title: 'The namespace stops being production.',
    act: async (cluster) => {
      await cluster.patch('Namespace', { name: 'shop' }, { metadata: { labels: { env: 'test' } } });
    },
    pods: { web: 2, prod: 0 },
    expected: { '10.1.0.1': web('gold'), 'fd00:10::1': web('gold'), '10.1.0.2': web('gold') },
  },
  {
    title: 'All Pods of the namespace with app=web are deleted, the hostNetwork Pod, too.',
    act: async (cluster) => {
      await cluster.deletePod(pod('web-1'));
      await cluster.deletePod(pod('web-2'));
      await cluster.deletePod(pod('web-host'));
    },
    pods: { web: 0, prod: 0 },
    expected: {},
  },
];

export function withPrefix(expected: Expected): Map<string, readonly string[]> {
  const entries = Object.entries(expected).map(
    ([ip, tags]) => [ip, tags.map((tag) => tagPrefix + tag).sort()] as const,
  );
  return new Map(entries.sort(([a], [b]) => byNumber(a, b)));
}
