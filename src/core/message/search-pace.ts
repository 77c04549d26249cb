// Pace of messages while a device accepts none: suspects take half of the time, then ever less. Times are monotonic ms.

/** So many failures in a row without an acceptance are the device's doing rather than an entry's. */
const fewFailures = 24;
/** From then on what has not been tried yet goes at most so often, and suspects ever more seldom. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** Tags that are to go are holes: the device is asked again soon, however often it refused. */
const longestRemovalPauseMs = 5_000;

export class SearchPace {
  #failures = 0;
  #suspectsDueAt = Number.NEGATIVE_INFINITY;
  #othersDueAt = Number.NEGATIVE_INFINITY;

  /** Messages in a row that were not accepted. */
  get failures(): number {
    return this.#failures;
  }

  suspectsAreDue(now: number): boolean {
    return now >= this.#suspectsDueAt;
  }

  othersAreDue(now: number): boolean {
    return now >= this.#othersDueAt;
  }

  /** When something may go that may not now; undefined: nothing waits. */
  nextDueAt(now: number, hasSuspects: boolean): number | undefined {
    const due = hasSuspects ? [this.#suspectsDueAt, this.#othersDueAt] : [this.#othersDueAt];
    const next = Math.min(...due.filter((at) => at > now));
    return Number.isFinite(next) ? next : undefined;
  }

  accepted(): void {
    this.#failures = 0;
    this.#suspectsDueAt = Number.NEGATIVE_INFINITY;
    this.#othersDueAt = Number.NEGATIVE_INFINITY;
  }

  /** @param tookMs the suspects take no more than half of the time. */
  refused(now: number, tookMs: number, hasRemovals: () => boolean): void {
    this.unanswered(now, tookMs);
    const doublings = this.#failures - fewFailures;
    if (doublings < 0) return;
    const longest = hasRemovals() ? longestRemovalPauseMs : longestPauseMs;
    const pause = Math.min(firstPauseMs * 2 ** doublings, longest);
    this.#suspectsDueAt = now + Math.max(tookMs, pause);
    this.#othersDueAt = now + firstPauseMs;
  }

  /** The device itself may be away: its outage has a pace of its own. */
  unanswered(now: number, tookMs: number): void {
    this.#failures += 1;
    this.#suspectsDueAt = now + tookMs;
  }
}
