// The Go programs of the node: all of Kubernetes in one binary, what enforces NetworkPolicies, and the workload that runs in its Pods.
import { join } from 'node:path';
import { serverVersion } from '../control-plane/build.ts';
import { type BuildOptions, ensureGoBinary } from '../control-plane/go-binary.ts';
import type { GoProgram } from '../control-plane/go-build.ts';

const kubeNode: GoProgram = {
  name: 'kube-node',
  source: join(import.meta.dirname, '../control-plane'),
  folder: 'kube-node',
  files: ['etcd/etcd.go', 'kube-node/main.go', 'kube-node/dns.go', 'kube-node/dns-rules.go'],
  purpose: 'the tests build all of Kubernetes',
  content: (versionOf) =>
    `etcd ${versionOf('go.etcd.io/etcd/server/v3')}, kubelet and the other programs of Kubernetes ${versionOf('k8s.io/kubernetes')}`,
  cost: 'about 7 minutes from nothing on 2 cores, 3 after the control plane; 140 MB kept',
  coldPackages: 700,
  variables: (versionOf) => serverVersion(versionOf('k8s.io/kubernetes')),
};

const kubeRouter: GoProgram = {
  name: 'kube-router',
  source: join(import.meta.dirname, 'kube-router'),
  tool: 'github.com/cloudnativelabs/kube-router/v2/cmd/kube-router',
  purpose: 'the tests build what enforces NetworkPolicies',
  content: (versionOf) => `kube-router ${versionOf('github.com/cloudnativelabs/kube-router/v2')}`,
  cost: 'about 2 minutes from nothing on 2 cores; 59 MB kept',
  coldPackages: 700,
};

const workload: GoProgram = {
  name: 'workload',
  source: join(import.meta.dirname, 'workload'),
  purpose: 'the tests build what runs in their Pods',
  content: () => 'the workload of the tests',
  cost: 'some seconds; 6 MB kept',
  coldPackages: 150,
};

/** The path of the binary that is every Kubernetes program, by its first argument; see ensureGoBinary. */
export function ensureKubeNode(options: BuildOptions = {}): Promise<string> {
  return ensureGoBinary(kubeNode, options);
}

/** The path of kube-router, of which the node runs the network policy controller; see ensureGoBinary. */
export function ensureKubeRouter(options: BuildOptions = {}): Promise<string> {
  return ensureGoBinary(kubeRouter, options);
}

/** The path of the static program in workload/; see ensureGoBinary. */
export function ensureWorkload(options: BuildOptions = {}): Promise<string> {
  return ensureGoBinary(workload, options);
}
