// The two policies of the demo: a tenant's, and an administrator's across namespaces.

import type { Cluster } from '../test/harness/cluster.ts';
import { firewallName } from './stage.ts';

/** Pods of the namespace shop with app=web get the tags "web" and "tier.<their tier>". */
export async function createTenantPolicy(cluster: Cluster): Promise<void> {
  await cluster.create('PanTagPolicy', {
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      firewallNames: [firewallName],
      podSelector: { matchLabels: { app: 'web' } },
      tags: [{ template: 'web' }, { labelKeys: ['tier'] }],
    },
  });
}

/** All Pods of namespaces with env=prod get the tag "env.prod". */
export async function createProductionPolicy(cluster: Cluster): Promise<void> {
  await cluster.create('ClusterPanTagPolicy', {
    metadata: { name: 'prod' },
    spec: {
      firewallNames: [firewallName],
      namespaceSelector: { matchLabels: { env: 'prod' } },
      podSelector: {},
      tags: [{ template: "env.{{ namespaceLabels['env'] }}" }],
    },
  });
}
