// The addresses of one table with something to do: vacated ones first, then in the order in which they came.

export class Backlog {
  // address -> when its oldest unconfirmed change was seen, monotonic ms. Insertion order is the order of sending.
  readonly #vacated = new Map<string, number>();
  readonly #others = new Map<string, number>();
  /** Of the others, those of which nothing is to be sent before the guard has judged. They keep their places. */
  readonly #unjudged = new Set<string>();
  /** The least of all times; undefined while it must be looked for. */
  #oldest: number | undefined;

  get size(): number {
    return this.#vacated.size + this.#others.size;
  }

  has(address: string): boolean {
    return this.#vacated.has(address) || this.#others.has(address);
  }

  /** When the address's oldest change was seen; undefined: it is not here. */
  sinceOf(address: string): number | undefined {
    return this.#vacated.get(address) ?? this.#others.get(address);
  }

  /** When the change that has waited longest was seen. Looked for once after it moved. */
  get oldest(): number | undefined {
    if (this.#oldest === undefined) {
      for (const since of this.#vacated.values()) this.#oldest = Math.min(this.#oldest ?? since, since);
      for (const since of this.#others.values()) this.#oldest = Math.min(this.#oldest ?? since, since);
    }
    return this.#oldest;
  }

  /** All of them, those too of which nothing is to be sent yet. */
  *addresses(): Iterable<string> {
    yield* this.#vacated.keys();
    yield* this.#others.keys();
  }

  /** Those with something to send. Entries may be put and deleted meanwhile. */
  *[Symbol.iterator](): IterableIterator<[address: string, since: number]> {
    yield* this.#vacated;
    if (this.#unjudged.size === this.#others.size) return;
    for (const entry of this.#others) if (!this.#unjudged.has(entry[0])) yield entry;
  }

  /** The same for some addresses only, in the order in which they are given. */
  *entriesOf(addresses?: Iterable<string>): IterableIterator<[address: string, since: number]> {
    if (addresses === undefined) yield* this;
    for (const address of addresses ?? []) {
      const since = this.#vacated.get(address) ?? this.#others.get(address);
      if (since !== undefined && !this.#unjudged.has(address)) yield [address, since];
    }
  }

  /** An address that is there already keeps its time. */
  put(address: string, as: 'vacated' | 'other' | 'unjudged', since: number): void {
    const known = this.#vacated.get(address) ?? this.#others.get(address);
    const into = as === 'vacated' ? this.#vacated : this.#others;
    (as === 'vacated' ? this.#others : this.#vacated).delete(address);
    if (as === 'unjudged') this.#unjudged.add(address);
    else this.#unjudged.delete(address);
    into.set(address, known ?? since);
    if (known === undefined && this.#oldest !== undefined) this.#oldest = Math.min(this.#oldest, since);
  }

  delete(address: string): void {
    const since = this.#vacated.get(address) ?? this.#others.get(address);
    this.#vacated.delete(address);
    this.#others.delete(address);
    this.#unjudged.delete(address);
    if (since === this.#oldest) this.#oldest = undefined;
  }

  clear(): void {
    this.#vacated.clear();
    this.#others.clear();
    this.#unjudged.clear();
    this.#oldest = undefined;
  }
}
