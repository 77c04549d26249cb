// The programs of the node and their command lines.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { network, nodeName, type NodeLayout } from './layout.ts';

export const partNames = [
  'containerd',
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'dns',
  'kube-router',
] as const;

export type PartName = (typeof partNames)[number];

export type PartPrograms = {
  /** Of ensureKubeNode. */
  readonly kubeNode: string;
  /** Of ensureKubeRouter. */
  readonly kubeRouter: string;
};

/** Writes for each part a script that becomes it. */
export async function writeParts(layout: NodeLayout, programs: PartPrograms): Promise<void> {
  const flags = argumentsOf(layout);
  for (const name of partNames) {
    const command = commandOf(name, programs);
    const words = [...command, ...flags[name]].map(quote).join(' ');
    await writeFile(layout.part(name), `exec ${words}\n`);
  }
}

function commandOf(name: PartName, { kubeNode, kubeRouter }: PartPrograms): readonly string[] {
  if (name === 'containerd') return [name];
  return name === 'kube-router' ? [kubeRouter] : [kubeNode, name];
}

export function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function argumentsOf(layout: NodeLayout): Readonly<Record<PartName, readonly string[]>> {
  const key = (file: string): string => join(layout.keys, file);
  return {
    containerd: ['--config', layout.containerdConfig],
    etcd: [`--data-dir=${layout.state}/etcd`, '--client-url=http://127.0.0.1:2379'],
    'kube-apiserver': [
      '--etcd-servers=http://127.0.0.1:2379',
      `--secure-port=${network.apiServerPort}`,
      '--bind-address=0.0.0.0',
      `--advertise-address=${network.node}`,
      `--cert-dir=${layout.keys}`,
      `--tls-cert-file=${key('apiserver.crt')}`,
      `--tls-private-key-file=${key('apiserver.key')}`,
      `--service-cluster-ip-range=${network.services}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${key('accounts.pub')}`,
      `--service-account-signing-key-file=${key('accounts.key')}`,
      `--token-auth-file=${key('tokens.csv')}`,
      '--allow-privileged=true',
      '--kubelet-preferred-address-types=InternalIP',
      // With the default, SIGTERM waits half a minute for open watches.
      '--shutdown-watch-termination-grace-period=2s',
    ],
    'kube-controller-manager': [
      `--kubeconfig=${layout.kubeconfig('controller-manager')}`,
      '--use-service-account-credentials',
      '--leader-elect=false',
      `--root-ca-file=${key('ca.crt')}`,
      `--service-account-private-key-file=${key('accounts.key')}`,
      '--bind-address=127.0.0.1',
      // Its default is made in /usr, which is not to be written to.
      '--flex-volume-plugin-dir=/var/lib/kubelet/volume-plugins',
    ],
    'kube-scheduler': [
      `--kubeconfig=${layout.kubeconfig('scheduler')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
    ],
    kubelet: [
      `--config=${layout.kubeletConfig}`,
      `--kubeconfig=${layout.kubeconfig('kubelet')}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${network.node}`,
    ],
    'kube-proxy': [
      `--kubeconfig=${layout.kubeconfig('proxy')}`,
      `--hostname-override=${nodeName}`,
      '--proxy-mode=iptables',
      `--cluster-cidr=${network.pods}`,
      // These settings are the whole machine's.
      '--conntrack-max-per-core=0',
      '--conntrack-min=0',
      '--conntrack-tcp-timeout-established=0s',
      '--conntrack-tcp-timeout-close-wait=0s',
    ],
    dns: [
      `--kubeconfig=${layout.kubeconfig('admin')}`,
      `--address=${network.node}:53`,
      `--rules=${layout.dnsRules}`,
    ],
    // It enforces NetworkPolicies and nothing else; a scenario starts it.
    'kube-router': [
      `--kubeconfig=${layout.kubeconfig('admin')}`,
      `--hostname-override=${nodeName}`,
      `--service-cluster-ip-range=${network.services}`,
      '--run-firewall=true',
      '--run-router=false',
      '--run-service-proxy=false',
      '--health-port=0',
    ],
  };
}
