// Addresses of a table that limits count besides desired ones: our leftovers, and tags that do not fit.

import { noTags, sameTags, type TagSet } from '../model/tag-set.ts';

export class TableRoom {
  readonly #lingering = new Set<string>();
  readonly #unfit = new Map<string, TagSet>();
  readonly #moved: (address: string) => void;

  /** @param moved is told when other tags of an address do not fit. */
  constructor(moved: (address: string) => void) {
    this.#moved = moved;
  }

  /** Addresses with tags of ours that are not desired, and that do not go with the next messages. */
  get lingering(): number {
    return this.#lingering.size;
  }

  /** Addresses with tags that do not fit. */
  get crowded(): ReadonlyMap<string, TagSet> {
    return this.#unfit;
  }

  unfitAt(address: string): TagSet {
    return this.#unfit.get(address) ?? noTags;
  }

  put(address: string, { lingers, unfit }: { readonly lingers: boolean; readonly unfit: TagSet }): void {
    if (lingers) this.#lingering.add(address);
    else this.#lingering.delete(address);
    if (sameTags(unfit, this.unfitAt(address))) return;
    if (unfit.length > 0) this.#unfit.set(address, unfit);
    else this.#unfit.delete(address);
    this.#moved(address);
  }

  clear(): void {
    const crowded = [...this.#unfit.keys()];
    this.#lingering.clear();
    this.#unfit.clear();
    for (const address of crowded) this.#moved(address);
  }
}
