// A device with one table, which does what it is told, in whole or in part. Shares nothing with src/.

export type Order = {
  readonly address: string;
  readonly register: readonly string[];
  readonly unregister: readonly string[];
};

export class TinyDevice {
  /** Address -> tags, sorted; an address without tags is not in it. */
  readonly table = new Map<string, readonly string[]>();

  /** As PAN-OS does: whatever the message takes away goes before what it brings. */
  apply(orders: readonly Order[], part: 'all' | 'removals' = 'all'): void {
    for (const { address, unregister } of orders)
      this.#put(
        address,
        this.tagsAt(address).filter((tag) => !unregister.includes(tag)),
      );
    if (part === 'removals') return;
    for (const { address, register } of orders) this.#put(address, [...this.tagsAt(address), ...register]);
  }

  tagsAt(address: string): readonly string[] {
    return this.table.get(address) ?? [];
  }

  #put(address: string, tags: readonly string[]): void {
    this.table.delete(address);
    if (tags.length > 0) this.table.set(address, [...new Set(tags)].sort());
  }
}
