// The API's own objects, as far as they decide tags, all of one moment.
import type { KubernetesObject } from '../harness/api-client.ts';
import type { Cluster } from '../harness/cluster.ts';

export type Labels = Readonly<Record<string, string>>;
export type LabelSelector = {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
};
export type Pod = KubernetesObject & {
  readonly spec: {
    readonly nodeName?: string;
    readonly serviceAccountName: string;
    readonly hostNetwork?: boolean;
  };
  readonly status: {
    readonly phase: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly startTime?: string;
    readonly conditions?: readonly { readonly type: string; readonly lastTransitionTime: string }[];
  };
};
export type Firewall = KubernetesObject & {
  readonly spec: {
    readonly tagPrefix: string;
    readonly namespaceSelector: LabelSelector;
    readonly addressCIDRs?: readonly string[];
  };
};
export type Policy = KubernetesObject & {
  readonly spec: {
    readonly firewallNames?: readonly string[];
    readonly firewallSelector?: LabelSelector;
    readonly namespaceSelector?: LabelSelector;
    readonly podSelector: LabelSelector;
    readonly tags: readonly { readonly template?: string; readonly labelKeys?: readonly string[] }[];
  };
};

export type World = {
  readonly namespaces: readonly KubernetesObject[];
  readonly pods: readonly Pod[];
  readonly firewalls: readonly Firewall[];
  readonly policies: readonly Policy[];
};

export async function readWorld(cluster: Cluster): Promise<World> {
  const [namespaces, pods, firewalls, own, clusterWide] = await Promise.all([
    cluster.list('Namespace'),
    cluster.list<Pod>('Pod'),
    cluster.list<Firewall>('PanFirewall'),
    cluster.list<Policy>('PanTagPolicy'),
    cluster.list<Policy>('ClusterPanTagPolicy'),
  ]);
  return { namespaces, pods, firewalls, policies: [...own, ...clusterWide] };
}
