// Sliding window of the guard: the addresses it let through in ten minutes, and how many were ours before.

import { productTiming, type Timing } from '../model/timing.ts';

/** Addresses that passed within one minute. It survives a restart in the status. */
export type WindowCount = {
  /** When the last of them passed, monotonic ms. */
  readonly at: number;
  readonly addresses: number;
  /** Addresses with tags of ours before the first of them passed. */
  readonly owned: number;
};

/** A window is counted in so many parts. */
const parts = 10;
/** As coarse as a status shows a moment. */
const toleranceMs = 1000;

type Bucket = { readonly begun: number; at: number; addresses: number; readonly owned: number };
type Passage = { readonly at: number; readonly owned: number; readonly bucket: Bucket };

export class GuardWindow {
  /** By the address that passed, oldest first. */
  readonly #passed = new Map<string, Passage>();
  /** Oldest first. */
  #buckets: Bucket[] = [];
  /** What an earlier process or leader let pass. Which addresses those were is not known: each counts. */
  #inherited: WindowCount[] = [];
  readonly #windowMs: number;

  constructor({ guardWindowMs }: Pick<Timing, 'guardWindowMs'> = productTiming) {
    this.#windowMs = guardWindowMs;
  }

  /** Oldest first. What is older than the window stays until something is judged: nothing moves by itself. */
  get counts(): readonly WindowCount[] {
    const own = this.#buckets.map(({ at, addresses, owned }) => ({ at, addresses, owned }));
    return [...this.#inherited, ...own].sort((a, b) => a.at - b.at);
  }

  /** Takes up what a status tells. What this process let pass itself does not count twice. */
  inherit(counts: readonly WindowCount[], now: number): void {
    this.#inherited = counts.flatMap(({ at, addresses, owned }) => {
      const known = this.#buckets.find((own) => at >= own.begun && at <= own.at + toleranceMs);
      const left = addresses - (known?.addresses ?? 0);
      return left > 0 ? [{ at: Math.min(at, now), addresses: left, owned }] : [];
    });
  }

  /** Forgets what is older than the window. */
  prune(now: number): void {
    const oldest = now - this.#windowMs;
    for (const [address, passage] of this.#passed) {
      if (passage.at > oldest) break;
      this.#drop(address, passage);
    }
    this.#buckets = this.#buckets.filter(({ addresses }) => addresses > 0);
    this.#inherited = this.#inherited.filter(({ at }) => at > oldest);
  }

  /** How many addresses were ours at the window's start; undefined: nothing passed within it. */
  get ownedAtStart(): number | undefined {
    const [first] = this.#passed.values();
    const times = [...this.#inherited, ...(first === undefined ? [] : [first])];
    const [oldest] = times.sort((a, b) => a.at - b.at);
    return oldest?.owned;
  }

  /** How many addresses will have passed within the window when these pass, too. */
  sizeWith(addresses: Iterable<string>): number {
    let size = this.#passed.size;
    for (const { addresses: count } of this.#inherited) size += count;
    for (const address of addresses) if (!this.#passed.has(address)) size += 1;
    return size;
  }

  /** @param owned addresses with tags of ours before these pass. */
  add(addresses: Iterable<string>, owned: number, now: number): void {
    const bucket = this.#bucketAt(now, owned);
    const passage: Passage = { at: now, owned, bucket };
    for (const address of addresses) {
      const before = this.#passed.get(address);
      if (before !== undefined) this.#drop(address, before);
      this.#passed.set(address, passage);
      bucket.addresses += 1;
    }
    this.#buckets = this.#buckets.filter(({ addresses: count }) => count > 0);
  }

  #bucketAt(now: number, owned: number): Bucket {
    const last = this.#buckets.at(-1);
    if (last !== undefined && now < last.begun + this.#windowMs / parts) {
      last.at = now;
      return last;
    }
    const fresh: Bucket = { begun: now, at: now, addresses: 0, owned };
    this.#buckets.push(fresh);
    return fresh;
  }

  #drop(address: string, { bucket }: Passage): void {
    this.#passed.delete(address);
    bucket.addresses -= 1;
  }
}
