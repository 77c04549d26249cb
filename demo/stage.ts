// Stage of the demo: a throw-away API server, a simulated firewall, and the operator as a process of its own.

import { startSimulator, type Simulator } from '../simulator/simulator.ts';
import { type ControlPlane, startControlPlane } from '../test/control-plane/control-plane.ts';
import { type Cluster, connect } from '../test/harness/cluster.ts';
import { type OperatorProcess, startOperator } from '../test/harness/operator-process.ts';

export const operatorNamespace = 'pan-tag-operator';
export const firewallName = 'edge-a';
export const tagPrefix = 'demo.';

export type Stage = AsyncDisposable & {
  readonly controlPlane: ControlPlane;
  readonly cluster: Cluster;
  readonly firewall: Simulator;
  readonly operator: OperatorProcess;
};

/** @param tell says what has been built, as it comes. */
export async function buildStage(tell: (what: string) => void, signal: AbortSignal): Promise<Stage> {
  await using parts = new AsyncDisposableStack();
  const controlPlane = parts.use(await startControlPlane({ signal }));
  const cluster = parts.use(connect(controlPlane));
  tell(`API server   a real kube-apiserver with etcd at ${controlPlane.url}`);

  const firewall = parts.use(await startSimulator());
  tell(`firewall     a PAN-OS simulator at ${firewall.endpoint} (TLS, certificate verified)`);

  await cluster.applyCrds();
  await cluster.createNamespace(operatorNamespace);
  await cluster.createNamespace('shop', { env: 'prod' });
  await cluster.createNamespace('lab', { env: 'test' });
  await cluster.createSecret(
    { namespace: operatorNamespace, name: firewallName },
    { apiKey: firewall.apiKey },
  );
  await cluster.createSecret(
    { namespace: operatorNamespace, name: `${firewallName}-ca` },
    { 'ca.crt': firewall.caPem },
  );
  await cluster.create('PanFirewall', {
    metadata: { name: firewallName },
    spec: {
      endpoint: firewall.endpoint,
      tagPrefix,
      credentials: { secretRef: { name: firewallName } },
      tls: { caSecretRef: { name: `${firewallName}-ca` } },
      namespaceSelector: {},
      deletionPolicy: 'Retain',
    },
  });
  // Somebody else writes to the same table; none of it may ever change.
  firewall.plant({ add: [{ ip: '10.9.9.9', tags: ['vpn-gateway'] }] });

  const operator = parts.use(
    await startOperator({ kubeconfig: controlPlane.kubeconfig, namespace: operatorNamespace }),
  );
  tell(`operator     pan-tag-operator as its own process, pid ${operator.pid}`);

  const all = parts.move();
  return { controlPlane, cluster, firewall, operator, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
