// Requests on a PanFirewall by annotation, and the held plan that one of them is about.
import type { KubernetesObject } from '../harness/api-client.ts';
import type { Cluster } from '../harness/cluster.ts';
import { waitFor } from '../harness/wait-for.ts';

export type Request = 'approve-removals' | 'resync' | 'adopt';

export type Held = {
  readonly plan: string;
  readonly addresses: number;
  readonly of: number;
  readonly causes: readonly {
    readonly kind: string;
    readonly name?: string;
    readonly change: string;
    readonly addresses: number;
  }[];
  readonly examples: readonly string[];
};

type Firewall = KubernetesObject & {
  readonly status?: { readonly tables?: readonly { readonly held?: readonly Held[] }[] };
};

/** kubectl annotate panfw <name> pantag.io/<request>=<value> */
export async function ask(cluster: Cluster, name: string, request: Request, value: string): Promise<void> {
  await cluster.patch(
    'PanFirewall',
    { name },
    { metadata: { annotations: { [`pantag.io/${request}`]: value } } },
  );
}

/** Resolves when the operator has taken the annotation off. */
export async function waitUntilAnswered(cluster: Cluster, name: string, request: Request): Promise<void> {
  const isOff = async () =>
    (await cluster.get('PanFirewall', { name })).metadata.annotations?.[`pantag.io/${request}`] === undefined;
  await waitFor(isOff, { what: `pantag.io/${request} to be taken off ${name}`, timeoutMs: 15_000 });
}

/** The plans that the first table holds, oldest first, once they fit. */
export async function heldPlans(
  cluster: Cluster,
  name: string,
  fit: (held: readonly Held[]) => boolean,
): Promise<readonly Held[]> {
  const read = async () => {
    const { status } = await cluster.get<Firewall>('PanFirewall', { name });
    const held = status?.tables?.[0]?.held ?? [];
    return fit(held) ? { held } : undefined;
  };
  const { held } = await waitFor(read, { what: 'the held plans', timeoutMs: 15_000 });
  return held;
}

/** The oldest plan that the first table holds, once it fits. */
export async function heldPlan(
  cluster: Cluster,
  name: string,
  fits: (held: Held | undefined) => boolean,
): Promise<Held | undefined> {
  const [held] = await heldPlans(cluster, name, ([oldest]) => fits(oldest));
  return held;
}
