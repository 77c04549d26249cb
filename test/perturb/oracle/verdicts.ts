// Verdicts on a tiny device's table: foreign tags, live Pods, Pods that left, and the whole. Shares nothing with src/.
import { Violation } from '../engine/explore.ts';
import { deservedAt, type TinyCluster } from './tiny-cluster.ts';

/** A table by its addresses: tags, sorted. */
export type TinyTable = { readonly tagsAt: (address: string) => readonly string[] };

export type Judged = {
  readonly addresses: readonly string[];
  /** Somebody else's tag, which is on every address. */
  readonly foreign: string;
  readonly table: TinyTable;
  readonly cluster: TinyCluster;
};

/** @throws Violation */
export function checkForeign({ addresses, foreign, table }: Judged): void {
  for (const address of addresses)
    if (!table.tagsAt(address).includes(foreign))
      throw new Violation('no foreign tag is touched', `${address} lost ${foreign}`);
}

/** @throws Violation */
export function checkLive({ addresses, table, cluster }: Judged): void {
  for (const address of addresses)
    for (const tag of deservedAt(cluster, address))
      if (!table.tagsAt(address).includes(tag))
        throw new Violation('a live Pod has its tags', `${address} lacks ${tag}`);
}

/** @param wasSeenToLeave of a tag at an address. @throws Violation */
export function checkLeft(
  { addresses, table }: Judged,
  wasSeenToLeave: (address: string, tag: string) => boolean,
): void {
  for (const address of addresses)
    for (const tag of table.tagsAt(address))
      if (wasSeenToLeave(address, tag))
        throw new Violation('no address keeps the tags of a Pod that was seen to leave', `${address} ${tag}`);
}

/** @throws Violation */
export function checkExact({ addresses, foreign, table, cluster }: Judged): void {
  for (const address of addresses) {
    const own = table.tagsAt(address).filter((tag) => tag !== foreign);
    const deserved = [...deservedAt(cluster, address)].sort();
    if (own.join() !== deserved.join())
      throw new Violation('the table becomes exact', `${address} has ${own.join()}, not ${deserved.join()}`);
  }
}
