// Debounces cluster changes, so that removals of one burst are judged together.

/** So long nothing more must have come. */
const quietMs = 50;
/** A burst is judged by then, though it goes on. */
const longestMs = 2_000;
/** The same though an answer is still waited for: an API server that does not give it may never do so. */
const longestAnswerMs = 30_000;
/** What comes in so short a time after a burst that was long does not begin another: it is judged first. */
const breathMs = 100;

const none = { begunAt: Number.NEGATIVE_INFINITY, over: Number.NEGATIVE_INFINITY };

/** Times are monotonic ms. */
export class Burst {
  /** undefined: none was on when something last came. */
  #begunAt: number | undefined;
  #until = Number.NEGATIVE_INFINITY;
  /** Of this burst. What was asked in an earlier one and never answered is not waited for again. */
  #questions = new Set<symbol>();
  #breathUntil = Number.NEGATIVE_INFINITY;
  /** The one that ended by itself before. */
  #former = none;
  #count = 0;

  /** Nothing more is expected by then. */
  get over(): number {
    if (this.#begunAt === undefined || this.#questions.size === 0) return this.#until;
    return this.#begunAt + longestAnswerMs;
  }

  /** Which burst that is: another one has another number. */
  get number(): number {
    return this.#count;
  }

  /** Something came that may take away registrations without a live Pod's doing. */
  moved(now: number): void {
    this.#endBy(now);
    if (this.#begunAt === undefined) this.#begin(now);
    else this.#lastUntil(Math.min(now + quietMs, this.#begunAt + longestMs));
  }

  /** What this means depends on an answer: until it comes the burst goes on. To be called with the answer, once. */
  asked(now: number): (now: number) => void {
    this.moved(now);
    const question = Symbol('asked');
    // Whoever asks all the time holds up others no longer than whoever edits all the time.
    if (this.#begunAt !== undefined && now < this.#begunAt + longestMs) this.#questions.add(question);
    return (later) => {
      this.#endBy(later);
      if (this.#begunAt === undefined || !this.#questions.delete(question)) return this.moved(later);
      this.#lastUntil(Math.min(later + quietMs, this.#begunAt + longestAnswerMs));
    };
  }

  #begin(now: number): void {
    if (now < this.#breathUntil) return;
    const { begunAt, over } = this.#former;
    // What comes each time just as a burst ends must not begin another one each time: the two seconds go on.
    const goesOn = now < over + quietMs;
    this.#begunAt = goesOn ? begunAt : now;
    this.#until = Math.min(now + quietMs, this.#begunAt + longestMs);
    if (!goesOn) this.#count += 1;
  }

  #lastUntil(time: number): void {
    this.#until = Math.max(this.#until, time);
  }

  /** Takes note that the burst is over by now, if one was on. */
  #endBy(now: number): void {
    const { over } = this;
    if (this.#begunAt === undefined || now < over) return;
    const isLong = over >= this.#begunAt + longestMs;
    if (isLong) this.#breathUntil = over + breathMs;
    this.#former = isLong ? none : { begunAt: this.#begunAt, over };
    this.#begunAt = undefined;
    this.#until = over;
    this.#questions = new Set();
  }
}
