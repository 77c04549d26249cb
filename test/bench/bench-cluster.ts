// Resources that the benches with a whole operator create: namespaces, the firewall and its Secret.
import type { Cluster } from '../harness/cluster.ts';
import type { Device } from './device-process.ts';
import { podNamespace, tagPrefix } from './moving-pods.ts';

export const operatorNamespace = 'pan-tag-operator';
/** The name of the PanFirewall. */
export const firewall = 'edge';

/** @param spec further fields of the PanFirewall's */
export async function declareFirewall(cluster: Cluster, device: Device, spec: object = {}): Promise<void> {
  await cluster.applyCrds();
  await cluster.createNamespace(operatorNamespace);
  await cluster.createNamespace(podNamespace);
  const secret = { namespace: operatorNamespace, name: firewall };
  await cluster.createSecret(secret, { apiKey: device.apiKey, 'ca.crt': device.caPem });
  await cluster.create('PanFirewall', {
    metadata: { name: firewall },
    spec: {
      endpoint: device.endpoint,
      tagPrefix,
      credentials: { secretRef: { name: firewall } },
      tls: { caSecretRef: { name: firewall } },
      namespaceSelector: {},
      deletionPolicy: 'Retain',
      ...spec,
    },
  });
}
