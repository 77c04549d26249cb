// The message on its way: which addresses it is about, and what changed at them since it left.

import type { Batch, BatchItem } from './batch.ts';

/** What became of an address: did its input change, and since when does what is left to do there wait (monotonic ms)? */
type Landing = { readonly changed: boolean; readonly since: number };

export class InFlight {
  /** When an address of the message changed again. undefined: there is no message. */
  #changedAt: Map<string, number | undefined> | undefined;
  #inPart: ReadonlySet<string> = new Set();

  get isBusy(): boolean {
    return this.#changedAt !== undefined;
  }

  has(address: string): boolean {
    return this.#changedAt?.has(address) === true;
  }

  /** @param inPart addresses of which only a part goes. */
  begin(batch: Batch, inPart: readonly string[]): void {
    this.#changedAt = new Map(batch.map(({ address }) => [address, undefined]));
    this.#inPart = new Set(inPart);
  }

  /** Notes a change of an address that is on its way; false for any other. */
  change(address: string, now: number): boolean {
    if (this.#changedAt?.has(address) !== true) return false;
    this.#changedAt.set(address, this.#changedAt.get(address) ?? now);
    return true;
  }

  /** The message has landed. What was not in it goes on waiting since it was seen. */
  end(now: number): (item: BatchItem) => Landing {
    const changedAt = this.#changedAt;
    const inPart = this.#inPart;
    this.#changedAt = undefined;
    this.#inPart = new Set();
    return ({ address, since }) => {
      const at = changedAt?.get(address);
      return { changed: at !== undefined, since: at ?? (inPart.has(address) ? since : now) };
    };
  }
}
