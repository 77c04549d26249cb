// The addresses of a namespace's Pods, as the cluster says them, and a table that holds these and no others.
import assert from 'node:assert/strict';
import { waitFor } from '../../harness/wait-for.ts';
import type { Device } from '../../scenarios/device.ts';
import type { KubeNode } from '../node.ts';

type PodObject = {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status: { readonly podIP?: string };
};

/** Of the Pods that are not about to end. @param selector of labels; '' takes all */
export async function podAddresses(
  { kubectl }: KubeNode,
  namespace: string,
  selector = '',
): Promise<readonly string[]> {
  const text = await kubectl(['get', 'pods', '-n', namespace, '-l', selector, '-o', 'json']);
  const { items } = JSON.parse(text) as { readonly items: readonly PodObject[] };
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return staying.flatMap(({ status }) => status.podIP ?? []);
}

export type Followed = {
  readonly node: KubeNode;
  readonly device: Device;
  readonly namespace: string;
  /** How many Pods there are in the end. */
  readonly count: number;
  /** What each carries, without prefix. */
  readonly tags: readonly string[];
  readonly timeoutMs: number;
};

/** Resolves when the table is exactly what the cluster says. */
export async function followed(wanted: Followed): Promise<void> {
  const { node, device, namespace, count, tags, timeoutMs } = wanted;
  const look = async (): Promise<boolean> => {
    const addresses = await podAddresses(node, namespace);
    assert.deepEqual(device.owned(), Object.fromEntries(addresses.map((ip) => [ip, tags])));
    return addresses.length === count;
  };
  await waitFor(look, { what: 'a table that is what the cluster says', timeoutMs, intervalMs: 250 });
}
