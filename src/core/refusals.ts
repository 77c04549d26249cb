// Pairs that a device refused: set aside alone, tried again slowly, and at once when their input changes.

import { noTags, type TagSet } from './tag-set.ts';

/** One pair (or, without `tag`, all pairs of that section) of an address that the device refused. */
export type Rejection = {
  readonly section: 'register' | 'unregister';
  readonly address: string;
  readonly tag?: string | undefined;
  readonly message: string;
};

type Refusal = {
  readonly rejections: readonly Rejection[];
  readonly delayMs: number;
  /** Monotonic ms; until then the pairs are left out of every message. undefined: being tried again. */
  readonly until: number | undefined;
};

const firstDelayMs = 30_000;
const longestDelayMs = 600_000;

export class Refusals {
  readonly #refusals = new Map<string, Refusal>();

  get size(): number {
    return this.#refusals.size;
  }

  refuse(address: string, rejections: readonly Rejection[], now: number): void {
    const before = this.#refusals.get(address);
    const delayMs = before === undefined ? firstDelayMs : Math.min(before.delayMs * 2, longestDelayMs);
    this.#refusals.set(address, { rejections, delayMs, until: now + delayMs });
  }

  forgive(address: string): void {
    this.#refusals.delete(address);
  }

  /** Of the tags that a plan would send in this section, those that may be sent now. */
  admit(address: string, section: Rejection['section'], tags: TagSet, now: number): TagSet {
    const refusal = this.#refusals.get(address);
    if (refusal?.until === undefined || refusal.until <= now) return tags;
    const refused = refusal.rejections.filter((rejection) => rejection.section === section);
    if (refused.length === 0) return tags;
    const admitted = tags.filter((tag) => !refused.some((r) => r.tag === undefined || r.tag === tag));
    return admitted.length === 0 ? noTags : admitted;
  }

  /** The addresses whose time has come, to be tried again now. They stay refused until a message about them succeeds. */
  takeDue(now: number): string[] {
    const due: string[] = [];
    for (const [address, refusal] of this.#refusals) {
      if (refusal.until === undefined || refusal.until > now) continue;
      this.#refusals.set(address, { ...refusal, until: undefined });
      due.push(address);
    }
    return due;
  }

  nextDueAt(): number | undefined {
    let next: number | undefined;
    for (const { until } of this.#refusals.values()) {
      if (until !== undefined) next = Math.min(next ?? until, until);
    }
    return next;
  }

  has(address: string): boolean {
    return this.#refusals.has(address);
  }

  addresses(): Iterable<string> {
    return this.#refusals.keys();
  }

  /** Why this address is refused, in the device's words. */
  messageOf(address: string): string | undefined {
    return this.#refusals.get(address)?.rejections[0]?.message;
  }
}
