// Heap whose items know their index, so that any of them is removed in O(log n).

/** An item is in one heap at a time; the heap keeps `position`. */
export type HeapItem = { position: number };

export class Heap<T extends HeapItem> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  /** @param isBefore a strict order; what decides it does not change while an item is in the heap. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The item that is before all others. */
  get first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    this.#rise(item, this.#items.length);
  }

  /** The item must be in this heap. */
  remove(item: T): void {
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    const { position } = item;
    const parent = this.#items[(position - 1) >> 1];
    if (position > 0 && parent !== undefined && this.#isBefore(last, parent)) this.#rise(last, position);
    else this.#sink(last, position);
  }

  #rise(item: T, from: number): void {
    let position = from;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = this.#items[above];
      if (parent === undefined || !this.#isBefore(item, parent)) break;
      this.#put(parent, position);
      position = above;
    }
    this.#put(item, position);
  }

  #sink(item: T, from: number): void {
    let position = from;
    for (;;) {
      const below = this.#foremostChild(position);
      const child = below === undefined ? undefined : this.#items[below];
      if (below === undefined || child === undefined || !this.#isBefore(child, item)) break;
      this.#put(child, position);
      position = below;
    }
    this.#put(item, position);
  }

  #foremostChild(position: number): number | undefined {
    const left = 2 * position + 1;
    const [one, other] = [this.#items[left], this.#items[left + 1]];
    if (one === undefined) return undefined;
    return other !== undefined && this.#isBefore(other, one) ? left + 1 : left;
  }

  #put(item: T, position: number): void {
    this.#items[position] = item;
    item.position = position;
  }
}
