// Keeps book of the tags that may leave an address at once, by the changes of the cluster that one operator was shown.
import { deservedAt, holderOf, type TinyCluster, type TinyPod } from './tiny-cluster.ts';

/** How the operator learnt it: `watch` saw it happen, `list` only shows what is left. */
export type Shown = 'pod by watch' | 'pod by list' | 'policy';

/**
 * A tag may go at once when a live Pod was seen to end, to be relabelled, or to be followed by another at the address. Whoever
 * is not seen to end may be back: what only a list or a policy says is guarded.
 */
export class Departures {
  readonly #addresses: readonly string[];
  readonly #tags: readonly string[];
  /** Address -> tags that may go at once. */
  readonly #free = new Map<string, Set<string>>();

  constructor(addresses: readonly string[], tags: readonly string[]) {
    this.#addresses = addresses;
    this.#tags = tags;
  }

  changed(before: TinyCluster, after: TinyCluster, shown: Shown): void {
    for (const address of this.#addresses) {
      const has = deservedAt(after, address);
      const left = [...deservedAt(before, address)].filter((tag) => !has.has(tag));
      const free = this.#free.get(address) ?? new Set();
      for (const tag of this.#freedBy(holderOf(before, address), holderOf(after, address), shown) ?? left)
        free.add(tag);
      // What left for its policy's sake is guarded, whoever left before.
      if (shown === 'policy') for (const tag of left) free.delete(tag);
      for (const tag of has) free.delete(tag);
      this.#free.set(address, free);
    }
  }

  /** undefined: what the holder itself lost by what was shown. */
  #freedBy(
    former: TinyPod | undefined,
    holder: TinyPod | undefined,
    shown: Shown,
  ): readonly string[] | undefined {
    if (holder !== undefined && holder.uid !== former?.uid) return this.#tags;
    if (holder === undefined) return former !== undefined && shown === 'pod by watch' ? this.#tags : [];
    return shown === 'policy' ? [] : undefined;
  }

  /** Nobody watched since that Pod took its address: its predecessor's tags may go. */
  followed(cluster: TinyCluster, since: number): void {
    for (const address of this.#addresses) {
      const holder = holderOf(cluster, address);
      if (holder === undefined || holder.since <= since) continue;
      const has = deservedAt(cluster, address);
      this.#free.set(address, new Set(this.#tags.filter((tag) => !has.has(tag))));
    }
  }

  mayGoAtOnce(address: string, tag: string): boolean {
    return this.#free.get(address)?.has(tag) === true;
  }
}
