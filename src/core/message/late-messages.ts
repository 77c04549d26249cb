// The addresses at which a message without an answer may still take effect, and so contradict what was read or confirmed.

/** More than this many are counted as all of them. */
const mostAddresses = 50_000;

export class LateMessages {
  readonly #addresses = new Set<string>();
  #everywhere = false;

  /** Something may still happen at this address. */
  has(address: string): boolean {
    return this.#everywhere || this.#addresses.has(address);
  }

  /** A message of our own about this address may still take effect: what is there explains itself by that. */
  explains(address: string): boolean {
    return this.#addresses.has(address);
  }

  /** A message about these addresses had no answer. */
  add(addresses: Iterable<string>): void {
    for (const address of addresses) this.#addresses.add(address);
    if (this.#addresses.size <= mostAddresses) return;
    this.#addresses.clear();
    this.everywhere();
  }

  /** Another leader wrote before: nobody knows what its last message was about. */
  everywhere(): void {
    this.#everywhere = true;
  }

  /** All of them have taken effect, or never will. */
  over(): void {
    this.#everywhere = false;
    this.#addresses.clear();
  }
}
