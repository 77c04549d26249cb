// Remembers when which registration runs out; the clock is the caller's.

type Lease = { readonly ip: string; readonly tag: string };

/**
 * Deadlines in buckets of whole seconds: a registration runs out within the second after its deadline. A lease
 * that was renewed stays in its old bucket too, so whoever takes what is due looks at the real deadline.
 */
export class ExpirySchedule {
  readonly #buckets = new Map<number, Lease[]>();

  /** `deadline` in ms since the epoch. */
  add(lease: Lease, deadline: number): void {
    const second = Math.ceil(deadline / 1000);
    const bucket = this.#buckets.get(second);
    if (bucket) bucket.push(lease);
    else this.#buckets.set(second, [lease]);
  }

  /** Removes and returns the leases whose second has come, earliest first. */
  takeDue(now: number): Lease[] {
    const due = [...this.#buckets.keys()].filter((second) => second * 1000 <= now).sort((a, b) => a - b);
    return due.flatMap((second) => {
      const bucket = this.#buckets.get(second) ?? [];
      this.#buckets.delete(second);
      return bucket;
    });
  }

  clear(): void {
    this.#buckets.clear();
  }
}
