// Spreads periodic refreshes over time: each address has its own point in the round.

/** Fine enough that a turn of minutes is even, coarse enough that a turn of days costs little memory. */
const positionCount = 4096;
/** A hand that is behind goes at this many times its pace. */
const catchUpPace = 3;

/**
 * A hand goes round a ring of positions, and an address stands where its hash says. So each address comes once a turn,
 * addresses that were added together come apart, and whoever was added, passed or taken out makes no difference to the
 * others.
 *
 * The hand follows the wall clock: it stands at the same position in every process with the same turn, so a restart does
 * not begin at the same position again and again. Where it has to catch up (after a start, or with another turn) it
 * passes every position on its way, at three times the pace. Times are monotonic ms.
 */
export class RefreshRing {
  readonly #positions: (Set<string> | undefined)[] = [];
  /** Addresses that the hand has passed and that nobody has settled since, with when; the longest waiting first. */
  readonly #due = new Map<string, number>();
  /** How many the hand passes in a turn. */
  readonly positions = positionCount;
  readonly #epochMs: number;
  /** The step that the hand has made last, counted since 1970; undefined: it does not turn. */
  #step: number | undefined;
  #stepMs = Number.POSITIVE_INFINITY;
  /** Since when the hand has gone at this pace, and from which step. */
  #from = { step: 0, at: 0 };

  /** @param epochMs what the wall clock shows when the monotonic one is at 0, ms since 1970. */
  constructor(epochMs = 0) {
    this.#epochMs = epochMs;
  }

  /**
   * From now on the hand goes on from where it stands, one turn in `turnMs`.
   * @param lag of a hand that did not turn yet: it begins so many positions back, to make up for what was not visited.
   */
  turn(turnMs: number, now: number, lag = 0): void {
    const stoodAt = this.#step;
    this.#stepMs = turnMs / positionCount;
    const due = Math.floor((this.#epochMs + now) / this.#stepMs);
    const behind = stoodAt === undefined ? lag : modulo(due - stoodAt, positionCount);
    this.#step = due - behind;
    this.#from = { step: this.#step, at: now };
  }

  add(address: string): void {
    const position = positionOf(address);
    (this.#positions[position] ??= new Set()).add(address);
  }

  delete(address: string): void {
    this.#positions[positionOf(address)]?.delete(address);
    this.#due.delete(address);
  }

  /** It is due whatever its position. */
  summon(address: string, now: number): void {
    this.add(address);
    if (!this.#due.has(address)) this.#due.set(address, now);
  }

  /** What was to be done about it is done: it comes again with the next turn. */
  settle(address: string): void {
    this.#due.delete(address);
  }

  clear(): void {
    this.#positions.length = 0;
    this.#due.clear();
    this.#step = undefined;
  }

  /** Moves the hand to where it belongs by now; tells how many positions it passed, a whole turn at most. */
  advance(now: number): number {
    if (this.#step === undefined) return 0;
    const byClock = Math.floor((this.#epochMs + now) / this.#stepMs);
    const byPace = Math.floor(((now - this.#from.at) * catchUpPace) / this.#stepMs) + this.#from.step;
    // One more, as the division may have rounded down what #timeOf does not.
    let last = Math.max(this.#step, Math.min(byClock, byPace) + 1);
    while (last > this.#step && this.#timeOf(last) > now) last -= 1;
    const passed = Math.min(positionCount, last - this.#step);
    for (let step = last - passed + 1; step <= last; step++) {
      const since = Math.min(now, this.#timeOf(step));
      for (const address of this.#positions[modulo(step, positionCount)] ?? []) {
        if (!this.#due.has(address)) this.#due.set(address, since);
      }
    }
    this.#step = last;
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
    if (this.#step === undefined) return undefined;
    for (let step = this.#step + 1; step <= this.#step + positionCount; step++) {
      const size = this.#positions[modulo(step, positionCount)]?.size ?? 0;
      if (size > 0) return this.#timeOf(step);
    }
    return undefined;
  }

  /** When the hand makes this step: as the wall clock says, and no faster than it may catch up. */
  #timeOf(step: number): number {
    const byClock = step * this.#stepMs - this.#epochMs;
    return Math.max(byClock, this.#from.at + ((step - this.#from.step) * this.#stepMs) / catchUpPace);
  }
}

/** Never negative. */
function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}

/** FNV-1a, well stirred at the end: neighbours such as 10.0.0.1 and 10.0.0.2 stand anywhere. */
function positionOf(address: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < address.length; i++) hash = Math.imul(hash ^ address.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & (positionCount - 1);
}
