// Removals that are not sent yet: those that wait at the gate, and those that the guard has to judge or holds.

import { smallest } from '../model/collections.ts';
import { noTags, type TagSet } from '../model/tag-set.ts';

type Removals = { readonly waiting: TagSet; readonly guarded: TagSet };

export class KeptBack {
  /** Removals that the gate keeps back. */
  readonly #waiting = new Map<string, TagSet>();
  /** Removals that the gate lets through and the guard has not: to be judged together, or held. */
  readonly #guarded = new Map<string, TagSet>();

  put(address: string, { waiting, guarded }: Removals): void {
    set(this.#waiting, address, waiting);
    set(this.#guarded, address, guarded);
  }

  clear(): void {
    this.#waiting.clear();
    this.#guarded.clear();
  }

  /** How many addresses wait for the gate. */
  get waiting(): number {
    return this.#waiting.size;
  }

  addresses(): readonly string[] {
    return [...this.#guarded.keys(), ...this.#waiting.keys()];
  }

  /** What of the address the guard has not let through. */
  guardedAt(address: string): TagSet {
    return this.#guarded.get(address) ?? noTags;
  }

  /** One that waits for the gate: the smallest address, so that it stays while it applies. */
  get waitingExample(): { readonly address: string; readonly tag: string } | undefined {
    const address = smallest(this.#waiting.keys());
    const [tag] = (address && this.#waiting.get(address)) ?? noTags;
    return address && tag ? { address, tag } : undefined;
  }
}

function set(removals: Map<string, TagSet>, address: string, tags: TagSet): void {
  if (tags.length > 0) removals.set(address, tags);
  else removals.delete(address);
}
