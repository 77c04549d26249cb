// The state directory of a node: where everything is, and the addresses that it uses in its own network.
import { join } from 'node:path';

/** None of them is reachable from the machine: the node's network namespace has no way out. */
export const network = {
  /** Of the node: API server, kubelet, DNS, and servers that a test starts for Pods. */
  node: '10.10.0.10',
  /** The Pods' addresses lie in what the README has for addressCIDRs. */
  pods: '10.20.0.0/24',
  firstPod: '10.20.0.10',
  lastPod: '10.20.0.249',
  services: '10.96.0.0/16',
  apiServerService: '10.96.0.1',
  apiServerPort: 6443,
} as const;

export const nodeName = 'node-1';

/** Who has a token and a kubeconfig, with the groups. */
export const identities = {
  admin: { user: 'admin', groups: 'system:masters' },
  'controller-manager': { user: 'system:kube-controller-manager', groups: '' },
  scheduler: { user: 'system:kube-scheduler', groups: '' },
  proxy: { user: 'system:kube-proxy', groups: '' },
  kubelet: { user: `system:node:${nodeName}`, groups: 'system:nodes' },
} as const;

export type Identity = keyof typeof identities;

/** Absolute paths. */
export type NodeLayout = {
  readonly state: string;
  /** Programs for pasted commands: kubectl and helm. */
  readonly bin: string;
  readonly home: string;
  readonly keys: string;
  readonly log: string;
  readonly run: string;
  /** The CNI configuration; containerd reads it anew when it changes. */
  readonly podNetwork: string;
  readonly containerdConfig: string;
  readonly kubeletConfig: string;
  readonly dnsRules: string;
  readonly adminToken: string;
  readonly kubeconfig: (identity: Identity) => string;
  /** A script that becomes the part. */
  readonly part: (name: string) => string;
  /** The orders to process 1. */
  readonly orders: string;
};

export function layoutOf(state: string): NodeLayout {
  return {
    state,
    bin: join(state, 'bin'),
    home: join(state, 'home'),
    keys: join(state, 'keys'),
    log: join(state, 'log'),
    run: join(state, 'run'),
    podNetwork: join(state, 'cni/10-pods.conflist'),
    containerdConfig: join(state, 'containerd.toml'),
    kubeletConfig: join(state, 'kubelet.yaml'),
    dnsRules: join(state, 'dns.json'),
    adminToken: join(state, 'keys/admin-token'),
    kubeconfig: (identity) => join(state, 'kubeconfig', identity),
    part: (name) => join(state, 'parts', name),
    orders: join(state, 'run/orders'),
  };
}
