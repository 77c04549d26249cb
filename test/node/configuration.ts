// The configuration files of containerd, the kubelet and the Pod network.
import { rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import { images } from './images.ts';
import { network, type NodeLayout } from './layout.ts';

export type PodRange = { readonly first: string; readonly last: string };

export async function writeConfiguration(layout: NodeLayout): Promise<void> {
  await writeFile(layout.containerdConfig, containerdToml(layout));
  await writeFile(layout.kubeletConfig, stringify(kubelet));
  await writeFile(layout.dnsRules, '{}');
  await writePodNetwork(layout, { first: network.firstPod, last: network.lastPod });
}

/** Sets the addresses that new Pods get; containerd sees the change by itself. */
export async function writePodNetwork({ podNetwork }: NodeLayout, { first, last }: PodRange): Promise<void> {
  const ipam = {
    type: 'host-local',
    routes: [{ dst: '0.0.0.0/0' }],
    ranges: [[{ subnet: network.pods, rangeStart: first, rangeEnd: last }]],
  };
  const configuration = {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      { type: 'bridge', bridge: 'cni0', isGateway: true, hairpinMode: true, ipam },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
  await writeFile(`${podNetwork}.new`, JSON.stringify(configuration));
  await rename(`${podNetwork}.new`, podNetwork);
}

function containerdToml({ podNetwork }: NodeLayout): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [${['aufs', 'btrfs', 'devmapper', 'zfs'].map((name) => `"io.containerd.snapshotter.v1.${name}"`).join(', ')}, "io.containerd.internal.v1.opt"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${images.workload}"
  disable_apparmor = true
  # Root may lack CAP_SYS_RESOURCE, and with it scores below its own.
  restrict_oom_score_adj = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${dirname(podNetwork)}"
`;
}

const kubelet = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  failCgroupV1: false,
  cgroupDriver: 'cgroupfs',
  containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  address: network.node,
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  clusterDNS: [network.node],
  clusterDomain: 'cluster.local',
  resolvConf: '',
  failSwapOn: false,
  // It finds what it wants in files of the node's own: see init.sh.
  protectKernelDefaults: true,
  imageGCHighThresholdPercent: 100,
  evictionHard: {
    'memory.available': '100Mi',
    'nodefs.available': '0%',
    'imagefs.available': '0%',
    'nodefs.inodesFree': '0%',
    'imagefs.inodesFree': '0%',
  },
  volumePluginDir: '/var/lib/kubelet/volume-plugins',
  maxPods: 110,
};
