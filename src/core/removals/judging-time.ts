// Decides when the guard judges removals: once their burst is over.

/** What is ready waits for a later burst than its own, but no longer than this in all. */
const longestMs = 2_000;

/** Times are monotonic ms. */
export class JudgingTime {
  /** By then nothing more is expected of what is being applied. */
  from = Number.NEGATIVE_INFINITY;
  /** Which burst that is about. */
  burst = 0;
  /** When something ready was first seen to wait, and for which burst. */
  #waits: { readonly since: number; readonly burst: number } | undefined;

  /** Asked each time that something could be judged. */
  isDue(now: number, isReady: boolean): boolean {
    if (isReady && now < this.from) this.#waits ??= { since: now, burst: this.burst };
    if (isReady && now < this.at) return false;
    this.#waits = undefined;
    return isReady;
  }

  /** Nothing is ready any more; what comes is of the burst that is on then. */
  forget(): void {
    this.#waits = undefined;
  }

  /** When it is to be asked again. */
  get at(): number {
    if (this.#waits === undefined || this.#waits.burst === this.burst) return this.from;
    return Math.min(this.from, this.#waits.since + longestMs);
  }
}
