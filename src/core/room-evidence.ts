// What a device's refusals tell of how many addresses it takes; asked again slowly, so that a limit that is gone is found.

/** What came of a message, as far as room goes. Counts are of addresses. */
export type RoomOutcome = {
  /** The message left nothing at them. */
  readonly freed: number;
  /** They were not in the table before, and are now. */
  readonly taken: number;
  /** They were not in the table, are not now, and no newcomer after them was taken. */
  readonly refused: readonly { readonly address: string; readonly isCertain: boolean }[];
  /** In the device's tables after the message, as far as is known. */
  readonly entries: number;
};

const firstProbeMs = 30_000;
const longestProbeMs = 600_000;
/** Words that may mean something else are believed when so many different addresses heard them in a row. */
const witnessesNeeded = 2;

export class RoomEvidence {
  #limit: number | undefined;
  /** Refused since an address was last taken, in words that leave it open why. */
  readonly #witnesses = new Set<string>();
  #delayMs = firstProbeMs;
  /** When one more address is to be tried, monotonic ms. */
  #probeAt = Number.POSITIVE_INFINITY;
  #probing = false;

  /** So many entries the device takes; one more while that is tried. undefined: nothing is known. */
  get limit(): number | undefined {
    return this.#limit === undefined ? undefined : this.#limit + Number(this.#probing);
  }

  /** The same without the one that is tried: what is told. */
  get shown(): number | undefined {
    return this.#limit;
  }

  /** undefined: there is nothing to try, or it is being tried. */
  get probeAt(): number | undefined {
    return this.#limit === undefined || this.#probing ? undefined : this.#probeAt;
  }

  /** True when one more address may be tried from now on. */
  probe(now: number): boolean {
    if (this.#limit === undefined || this.#probing || now < this.#probeAt) return false;
    this.#probing = true;
    return true;
  }

  /** Takes up the answer to a message; true when it showed that there is no room. */
  answered(outcome: RoomOutcome, now: number): boolean {
    const { freed, taken, refused, entries } = outcome;
    if (taken > 0) this.#witnesses.clear();
    if (this.#limit !== undefined && entries > this.#limit) this.forget();
    if (refused.length === 0) return false;
    const isCertain = refused.some((one) => one.isCertain);
    if (!isCertain && freed > taken) {
      // What was freed in the same message was not wanted: there was room, and the refusal is about something else.
      this.forget();
      return false;
    }
    if (
      !isCertain &&
      !this.#isWitnessed(
        refused.map(({ address }) => address),
        entries,
      )
    )
      return false;
    // What was freed in this message may have been freed too late for it.
    this.#learn(entries + Math.max(0, freed - taken), now);
    return true;
  }

  /** The device is another one, or has another release: what it refused says nothing any more. */
  forget(): void {
    this.#limit = undefined;
    this.#witnesses.clear();
    this.#delayMs = firstProbeMs;
    this.#probing = false;
  }

  #isWitnessed(refused: readonly string[], entries: number): boolean {
    for (const address of refused) this.#witnesses.add(address);
    // Where the limit is known already, one is enough to say that it still holds.
    return entries === this.#limit || this.#witnesses.size >= witnessesNeeded;
  }

  #learn(entries: number, now: number): void {
    this.#delayMs = this.#probing ? Math.min(2 * this.#delayMs, longestProbeMs) : firstProbeMs;
    this.#limit = entries;
    this.#probeAt = now + this.#delayMs;
    this.#probing = false;
    this.#witnesses.clear();
  }
}
