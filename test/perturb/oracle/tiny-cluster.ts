// A cluster of a few Pods and two policies, and the tags that its addresses deserve, read plainly from the contract.

export type TinyPod = {
  readonly uid: string;
  readonly address: string;
  readonly app: string;
  /** Of two Pods with one address the later one holds it. */
  readonly since: number;
};

/** A policy gives its tag to the Pods of one app. */
export type TinyPolicy = { readonly name: string; readonly app: string; readonly tag: string };

export type TinyCluster = {
  /** By uid. */
  readonly pods: ReadonlyMap<string, TinyPod>;
  /** By name. */
  readonly policies: ReadonlyMap<string, TinyPolicy>;
};

export function holderOf({ pods }: TinyCluster, address: string): TinyPod | undefined {
  const claiming = [...pods.values()].filter((pod) => pod.address === address);
  return claiming.reduce<TinyPod | undefined>(
    (first, pod) => (first === undefined || pod.since > first.since ? pod : first),
    undefined,
  );
}

export function deservedAt(cluster: TinyCluster, address: string): ReadonlySet<string> {
  const holder = holderOf(cluster, address);
  const giving = [...cluster.policies.values()].filter(({ app }) => app === holder?.app);
  return new Set(giving.map(({ tag }) => tag));
}
