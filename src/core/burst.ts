// From when on what a cluster's change takes away may be judged as one, however many turns it takes to take it up.

/** So long nothing more must have come. */
const quietMs = 50;
/** A burst is judged by then, though it goes on. */
const longestMs = 2_000;
/** The same though an answer is still waited for: an API server that does not give it may never do so. */
const longestAnswerMs = 30_000;
/** What comes in so short a time after a burst that was that long does not begin another: it is judged first. */
const breathMs = 100;

/** Times are monotonic ms. */
export class Burst {
  #begunAt = Number.NEGATIVE_INFINITY;
  #until = Number.NEGATIVE_INFINITY;
  #questions = 0;

  /** Nothing more is expected by then. */
  get over(): number {
    return this.#questions > 0 ? this.#begunAt + longestAnswerMs : this.#until;
  }

  /** Something came that may take away registrations without a live Pod's doing. */
  moved(now: number): void {
    const bound = this.#begunAt + longestMs;
    if (now >= this.over) {
      if (this.#until >= bound && now < bound + breathMs) return;
      this.#begunAt = now;
    }
    this.#until = Math.min(now + quietMs, this.#begunAt + longestMs);
  }

  /** What this means depends on an answer: until it comes the burst goes on. */
  asked(now: number): void {
    this.moved(now);
    this.#questions += 1;
  }

  answered(now: number): void {
    this.#questions -= 1;
    this.moved(now);
  }
}
