// A limit learned from a device's refusals: which ones count, and when the next address is tried.

import { productTiming, type Timing } from '../model/timing.ts';

/** An address that was refused in words that speak of a limit. */
export type Refused = {
  readonly address: string;
  /** The namespace of its Pod: several addresses of one tenant are one witness. */
  readonly namespace: string;
  /** Otherwise the words may mean something else. */
  readonly isCertain: boolean;
};

export type ProbeTiming = Pick<Timing, 'probeFirstMs' | 'probeLongestMs'>;

/** Words that may mean something else are believed when Pods of so many namespaces heard them in a row. */
const witnessesNeeded = 2;
/** Addresses whose words turned out to mean something else; beyond so many all are forgotten. */
const mostDiscredited = 10_000;
/** Namespaces that are remembered as refused; of the others the next try comes soon. */
const mostNamespaces = 10_000;

/**
 * Words are not facts: they may speak of the one address, and what a tag says may stand in them. So they keep newcomers
 * out for one interval, then others are tried, and the first that is taken ends it.
 */
export class LearnedLimit {
  #figure: number | undefined;
  /** Namespaces that heard words which leave it open why, since one was last taken. */
  readonly #witnesses = new Set<string>();
  /** What was refused while the limit stands. */
  readonly #refused = new Set<string>();
  readonly #namespaces = new Set<string>();
  readonly #discredited = new Set<string>();
  readonly #first: number;
  readonly #longest: number;
  #delayMs: number;
  /** When something was last refused or tried, monotonic ms. */
  #at = 0;

  constructor({ probeFirstMs, probeLongestMs }: ProbeTiming = productTiming) {
    this.#first = probeFirstMs;
    this.#longest = probeLongestMs;
    this.#delayMs = probeFirstMs;
  }

  /** So many the device takes; undefined: nothing is known. */
  get figure(): number | undefined {
    return this.#figure;
  }

  /** When others are to be tried, monotonic ms; undefined: there is nothing to try. */
  get probeAt(): number | undefined {
    return this.#figure === undefined ? undefined : this.#at + this.#delayMs;
  }

  /** Others are tried now. */
  probed(now: number): void {
    this.#at = now;
  }

  /** Somebody waits of a namespace in which nobody was refused: the next try comes after the shortest time. */
  hasten(namespace: string): void {
    if (!this.#namespaces.has(namespace)) this.#delayMs = this.#first;
  }

  /** Takes up words; true when they are believed. */
  hear(refused: readonly Refused[]): boolean {
    const credible = refused.filter(({ address }) => !this.#discredited.has(address));
    for (const { namespace, isCertain } of credible) if (!isCertain) this.#witnesses.add(namespace);
    return credible.some(({ isCertain }) => isCertain) || this.#witnesses.size >= witnessesNeeded;
  }

  /** One was taken: what was heard before means something else. */
  taken(): void {
    this.#witnesses.clear();
  }

  /** This is the limit, for all that is known. The same again: what was tried was refused, too. */
  learn(figure: number, refused: readonly Refused[], now: number): void {
    if (figure === this.#figure) this.#delayMs = Math.min(2 * this.#delayMs, this.#longest);
    else this.#delayMs = this.#first;
    this.#figure = figure;
    this.#at = now;
    for (const one of refused) {
      if (this.#namespaces.size < mostNamespaces) this.#namespaces.add(one.namespace);
      if (this.#refused.size < mostDiscredited) this.#refused.add(one.address);
    }
    this.#witnesses.clear();
  }

  /** The device took more than this limit: whoever told of it is no witness any more. */
  disprove(): void {
    if (this.#discredited.size > mostDiscredited) this.#discredited.clear();
    for (const address of this.#refused) this.#discredited.add(address);
    this.#end();
  }

  /** The device is another one, or has another release: what it refused says nothing any more. */
  forget(): void {
    this.#discredited.clear();
    this.#end();
  }

  #end(): void {
    this.#figure = undefined;
    this.#witnesses.clear();
    this.#refused.clear();
    this.#namespaces.clear();
    this.#delayMs = this.#first;
  }
}
