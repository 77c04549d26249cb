// Addresses of a table that limits count besides desired ones: our leftovers, and tags that do not fit.

import { noTags, sameTags, type TagSet } from '../model/tag-set.ts';

export class TableUsage {
  readonly #lingering = new Set<string>();
  readonly #unfit = new Map<string, TagSet>();
  #changed = new Set<string>();

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
    this.#changed.add(address);
  }

  /** Addresses of which other tags do not fit than when it was last asked. */
  takeChanged(): ReadonlySet<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  clear(): void {
    for (const address of this.#unfit.keys()) this.#changed.add(address);
    this.#lingering.clear();
    this.#unfit.clear();
  }
}
