// Tags that were refused alone, and at how many addresses each of them was.

import { type Group, type Pair, pairsIn } from './bisection.ts';

/** A tenant may write one that spoils its message after the other: beyond so many the oldest are tried alone once more. */
const most = 4_000;
/** Gone at once: to find the oldest in a Map costs a step for each that went before it. */
const kept = 3_600;

export class Culprits {
  readonly #times = new Map<string, number>();

  /** The pair was refused alone. Tells at how many addresses its tag was by now. */
  add(pair: Pair): number {
    const name = nameOf(pair);
    const times = (this.#times.get(name) ?? 0) + 1;
    this.#times.delete(name);
    this.#times.set(name, times);
    if (this.#times.size > most) this.#forgetOldest();
    return times;
  }

  /** The tag of each of its pairs was refused alone somewhere. */
  includeAll(group: Group): boolean {
    return this.#times.size > 0 && pairsIn(group).every((pair) => this.#times.has(nameOf(pair)));
  }

  /** It was accepted. */
  absolve(group: Group): void {
    if (this.#times.size > 0) for (const pair of pairsIn(group)) this.#times.delete(nameOf(pair));
  }

  clear(): void {
    this.#times.clear();
  }

  #forgetOldest(): void {
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= kept) return;
      this.#times.delete(oldest);
    }
  }
}

function nameOf({ section, tag }: Pair): string {
  return `${section} ${tag}`;
}
