// The operator on a node: the chart installed for one file of scenarios, with firewalls in the file's own process.
import { connect, type Cluster } from '../harness/cluster.ts';
import type { Ref } from '../harness/objects.ts';
import { startDevice, type Device, type DeviceOptions } from '../scenarios/device.ts';
import type { PolicySpec } from '../scenarios/stage.ts';
import { images } from './images.ts';
import { network } from './layout.ts';
import type { KubeNode } from './node.ts';

export const operatorNamespace = 'pan-tag-operator';

export type InstallOptions = {
  /** Values of the chart beside the image's name. */
  readonly values?: object;
  /** Labels of the operator's namespace: pod-security.kubernetes.io/enforce and the like. */
  readonly labels?: Readonly<Record<string, string>>;
};

export type NodeFirewallOptions = Omit<DeviceOptions, 'host'> & {
  readonly name: string;
  /** Fields of the PanFirewall's spec; they win. */
  readonly spec?: object;
};

export type Installation = {
  readonly cluster: Cluster;
  /** A simulated firewall in this process, at the node's address, with its Secret and PanFirewall. */
  readonly firewall: (options: NodeFirewallOptions) => Promise<Device>;
  readonly policy: (ref: Ref, spec: PolicySpec) => Promise<void>;
  /** A namespace that goes, with all that is in it, at the end. */
  readonly namespace: (name: string, labels?: Readonly<Record<string, string>>) => Promise<void>;
  /** kubectl apply of whole objects, or of a manifest's text. */
  readonly apply: (manifests: string | readonly object[]) => Promise<void>;
  /** helm upgrade with these values in place of the former ones; resolves when the rollout is complete. */
  readonly upgrade: (values: object) => Promise<void>;
  /** The logs of all of the operator's Pods, newest last. */
  readonly logs: () => Promise<string>;
  /** Removes the release, policies, firewalls and namespaces again. */
  readonly uninstall: () => Promise<void>;
} & AsyncDisposable;

/** Resolves when all replicas are ready; the node has no other installation then. */
export async function install(
  node: KubeNode,
  { values = {}, labels = {} }: InstallOptions = {},
): Promise<Installation> {
  const cluster = connect(node.access);
  const devices: Device[] = [];
  const namespaces: string[] = [];
  const [repository = ''] = images.operator.split(':');
  const helm = async (verb: 'install' | 'upgrade', values: object): Promise<void> => {
    const place = `pan-tag-operator helm/pan-tag-operator --namespace ${operatorNamespace}`;
    const given = JSON.stringify({ image: { repository }, ...values });
    await node.shell(`helm ${verb} ${place} --values - --wait --timeout 2m`, {
      input: given,
      timeoutMs: 150_000,
    });
  };
  const apply = async (manifests: string | readonly object[]): Promise<void> => {
    const input =
      typeof manifests === 'string'
        ? manifests
        : JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
    await node.kubectl(['apply', '--server-side', '-f', '-'], { input });
  };
  const uninstall = async (): Promise<void> => {
    await removeAll(node, namespaces.splice(0));
    for (const device of devices.splice(0)) await device.simulator.close();
    await cluster.close();
  };
  // A file that failed may have left it.
  await removeAll(node, []);
  await cluster.createNamespace(operatorNamespace, labels);
  try {
    await helm('install', values);
  } catch (error) {
    const pods = await node.kubectl(['describe', 'pods', '--namespace', operatorNamespace]);
    await uninstall();
    throw new Error(`${String(error)}\n${pods}`, { cause: error });
  }
  return {
    cluster,
    async firewall({ name, spec, names = [network.node], ...options }) {
      const device = await startDevice({ ...options, host: network.node, names });
      devices.push(device);
      const { simulator, secret, tagPrefix } = device;
      const ref = { namespace: operatorNamespace, name };
      await cluster.createSecret(ref, { ...secret, 'ca.crt': simulator.caPem });
      await cluster.create('PanFirewall', {
        metadata: { name },
        spec: {
          endpoint: simulator.endpoint,
          tagPrefix,
          credentials: { secretRef: { name } },
          tls: { caSecretRef: { name } },
          namespaceSelector: {},
          deletionPolicy: 'Retain',
          ...spec,
        },
      });
      await node.kubectl(['wait', '--for=condition=Ready', `panfirewall/${name}`, '--timeout=60s']);
      return device;
    },
    async policy(ref, spec) {
      const kind = ref.namespace === undefined ? 'ClusterPanTagPolicy' : 'PanTagPolicy';
      await cluster.create(kind, { metadata: { ...ref }, spec: { podSelector: {}, ...spec } });
    },
    async namespace(name, labels = {}) {
      namespaces.push(name);
      await cluster.createNamespace(name, labels);
      // Pods are refused until it exists.
      await node.kubectl(['wait', '--for=create', 'serviceaccount/default', '-n', name, '--timeout=30s']);
    },
    apply,
    upgrade: (values) => helm('upgrade', values),
    logs: () =>
      node.kubectl([
        'logs',
        '-n',
        operatorNamespace,
        '-l',
        'app.kubernetes.io/name=pan-tag-operator',
        '--tail=-1',
      ]),
    uninstall,
    [Symbol.asyncDispose]: uninstall,
  };
}

/** Leaves no release, definition or object of the operator, whatever state they are in. */
async function removeAll(node: KubeNode, namespaces: readonly string[]): Promise<void> {
  const kinds = ['pantagpolicies', 'clusterpantagpolicies', 'panfirewalls'];
  for (const kind of kinds) {
    const removed = node.shell(`kubectl delete ${kind} --all -A --ignore-not-found --timeout=30s`);
    // Without their operator, or with a device that is gone, they stay; or their kind is not there.
    await removed.catch(() => dropFinalizers(node, kind));
  }
  await node.shell(
    `helm uninstall pan-tag-operator --namespace ${operatorNamespace} --ignore-not-found --timeout 60s`,
  );
  const definitions = kinds.map((kind) => `${kind}.pantag.io`);
  await node.kubectl(['delete', 'crd', ...definitions, '--ignore-not-found', '--timeout=60s']);
  const names = [operatorNamespace, ...namespaces];
  await node.kubectl(['delete', 'namespace', ...names, '--ignore-not-found', '--timeout=90s']);
}

async function dropFinalizers(node: KubeNode, kind: string): Promise<void> {
  await node
    .shell(
      `kubectl get ${kind} -A -o jsonpath='{range .items[*]}{.metadata.name} {.metadata.namespace}{"\\n"}{end}' |
      while read -r name namespace; do
        kubectl patch ${kind} -n "$namespace" "$name" --type=merge --patch '{"metadata":{"finalizers":null}}'
      done`,
    )
    .catch(() => undefined);
}
