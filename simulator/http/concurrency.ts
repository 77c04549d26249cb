// Counts concurrent calls, and how often there were more than the vendor advises (facts 1.10).

export type ConcurrencyReport = {
  readonly inWork: number;
  readonly highest: number;
  /** Calls that arrived while as many as the limit were in work. */
  readonly breaches: number;
};

export class Concurrency {
  readonly #limit: () => number;
  #inWork = 0;
  #highest = 0;
  #breaches = 0;

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** The calls in work with the one that arrives. */
  arrive(): number {
    this.#inWork++;
    this.#highest = Math.max(this.#highest, this.#inWork);
    if (this.#inWork > this.#limit()) this.#breaches++;
    return this.#inWork;
  }

  leave(): void {
    this.#inWork--;
  }

  report(): ConcurrencyReport {
    return { inWork: this.#inWork, highest: this.#highest, breaches: this.#breaches };
  }

  /** Forgets what was; what is in work goes on. */
  clear(): void {
    this.#highest = this.#inWork;
    this.#breaches = 0;
  }
}
