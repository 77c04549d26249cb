// Addresses that are to be visited once a turn, each at a place of its own, so that they never come all at once.

/** Fine enough that a turn of minutes is even, coarse enough that a turn of days costs little memory. */
const placeCount = 4096;

/**
 * A hand goes round a ring of places, as fast as it is told; an address stands where its hash says. So each address
 * comes once a turn, addresses that were added together come apart, and whoever was added, passed or taken out makes
 * no difference to the others. Times are monotonic ms.
 */
export class RefreshRing {
  readonly #places: (Set<string> | undefined)[] = [];
  /** Addresses that the hand has passed and that nobody has settled since, with when; the longest waiting first. */
  readonly #due = new Map<string, number>();
  /** How many the hand passes in a turn. */
  readonly places = placeCount;
  #next = 0;
  #nextAt = Number.POSITIVE_INFINITY;
  #stepMs = Number.POSITIVE_INFINITY;

  /** From now on the hand goes on from where it stands, one turn in `turnMs`. */
  turn(turnMs: number, now: number): void {
    this.#stepMs = turnMs / placeCount;
    this.#nextAt = now + this.#stepMs;
  }

  add(address: string): void {
    const place = placeOf(address);
    (this.#places[place] ??= new Set()).add(address);
  }

  delete(address: string): void {
    this.#places[placeOf(address)]?.delete(address);
    this.#due.delete(address);
  }

  /** It is due whatever its place. */
  summon(address: string, now: number): void {
    this.add(address);
    if (!this.#due.has(address)) this.#due.set(address, now);
  }

  /** What was to be done about it is done: it comes again with the next turn. */
  settle(address: string): void {
    this.#due.delete(address);
  }

  clear(): void {
    this.#places.length = 0;
    this.#due.clear();
    this.#nextAt = Number.POSITIVE_INFINITY;
    this.#stepMs = Number.POSITIVE_INFINITY;
  }

  /** Moves the hand to where it belongs by now; tells how many places it passed, a whole turn at most. */
  advance(now: number): number {
    const passed = Math.min(placeCount, Math.floor((now - this.#nextAt) / this.#stepMs) + 1);
    if (!(passed > 0)) return 0;
    for (let i = 0; i < passed; i++) {
      const since = Math.min(now, this.#nextAt + i * this.#stepMs);
      for (const address of this.#places[this.#next] ?? []) {
        if (!this.#due.has(address)) this.#due.set(address, since);
      }
      this.#next = (this.#next + 1) % placeCount;
    }
    this.#nextAt = Math.max(this.#nextAt + passed * this.#stepMs, now);
    return passed;
  }

  get due(): ReadonlyMap<string, number> {
    return this.#due;
  }

  get oldestDueAt(): number | undefined {
    const [oldest] = this.#due.values();
    return oldest;
  }

  /** When the hand comes to the next address, or came to one that is due; undefined when there is none. */
  nextAt(): number | undefined {
    if (this.#due.size > 0) return this.oldestDueAt;
    for (let i = 0; i < placeCount; i++) {
      const size = this.#places[(this.#next + i) % placeCount]?.size ?? 0;
      if (size > 0) return this.#nextAt + i * this.#stepMs;
    }
    return undefined;
  }
}

/** FNV-1a, well stirred at the end: neighbours such as 10.0.0.1 and 10.0.0.2 stand anywhere. */
function placeOf(address: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < address.length; i++) hash = Math.imul(hash ^ address.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & (placeCount - 1);
}
