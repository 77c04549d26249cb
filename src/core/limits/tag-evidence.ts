// Tag limit of an address learned from refusals; tried again slowly, and never used to remove a registered tag.

import type { Batch } from '../message/batch.ts';
import { LearnedLimit, type ProbeTiming, type Refused } from './learned-limit.ts';
import type { RefusedPair } from '../message/refusals.ts';

type TagEvidenceOptions = {
  readonly namespaceOf: (address: string) => string;
  /** The most tags, including other clients', that any address of the device carries: it takes that many, whatever it says. */
  readonly mostTaken: () => number;
};

type TagOutcome = {
  readonly batch: Batch;
  readonly refusedPairs: readonly RefusedPair[];
  /** How many tags, including other clients', are at the address of this message by now. */
  readonly tagsAt: (address: string) => number;
};

/** What there is to do about it: addresses to assess anew, or all of them. */
type TagReview = { readonly all: boolean; readonly retry: readonly string[] };

/** At most so many addresses are tried at once, each of another namespace. */
const mostProbed = 16;
/** To find what the device takes costs a pass over its tables: at most once in this time. */
const scanMs = 30_000;
/** Addresses that are remembered as tried; beyond so many all may be tried again. */
const mostFailed = 10_000;

export class TagEvidence {
  readonly #options: TagEvidenceOptions;
  readonly #learned: LearnedLimit;
  readonly #probed = new Set<string>();
  /** Addresses that were tried and refused since the limit stands. */
  readonly #failed = new Set<string>();
  #scannedAt = Number.NEGATIVE_INFINITY;

  constructor(options: TagEvidenceOptions, timing?: ProbeTiming) {
    this.#options = options;
    this.#learned = new LearnedLimit(timing);
  }

  get limit(): number | undefined {
    return this.#learned.figure;
  }

  /** The same for one address; undefined while it is tried whether the limit still holds. */
  limitAt(address: string): number | undefined {
    return this.#probed.has(address) ? undefined : this.limit;
  }

  get probeAt(): number | undefined {
    return this.#learned.probeAt;
  }

  /** Tells the addresses that are to be assessed anew, as the limit is tried at them, or is not any more. */
  probe(now: number, crowded: () => Iterable<string>): readonly string[] {
    const { probeAt } = this;
    if (probeAt === undefined || now < probeAt) return [];
    this.#learned.probed(now);
    const before = [...this.#probed];
    for (const address of before) this.#failed.add(address);
    this.#probed.clear();
    for (const address of this.#oneOfEach(crowded())) this.#probed.add(address);
    return [...before, ...this.#probed];
  }

  answered(outcome: TagOutcome, now: number): TagReview {
    const nothing = { all: false, retry: [] };
    const { limit } = this;
    if (limit !== undefined && outcome.batch.some(({ address }) => outcome.tagsAt(address) > limit)) {
      this.#end(() => this.#learned.disprove());
      return { all: true, retry: [] };
    }
    const refused = outcome.refusedPairs.filter((one) => one.limit?.kind === 'tags');
    if (refused.length === 0) return nothing;
    const heard = refused.map(({ address, limit: told }) => this.#heard(address, told?.isCertain === true));
    const tried = heard.filter(({ address }) => this.#probed.has(address));
    const figures = refused.map(({ address, limit: told }) =>
      // What is there, the device has taken, whatever figure it names.
      Math.max(told?.figure ?? 0, outcome.tagsAt(address)),
    );
    const told = Math.min(...figures.filter((figure) => figure > 0));
    if (limit !== undefined && (told >= limit || now < this.#scannedAt + scanMs))
      return tried.length === 0 ? nothing : this.#holds(limit, tried, now);
    // A figure that nothing bears out is no limit.
    if (!Number.isFinite(told) || !this.#learned.hear(heard)) return nothing;
    this.#scannedAt = now;
    const figure = Math.max(told, this.#options.mostTaken());
    if (limit !== undefined && figure >= limit) return this.#holds(limit, tried, now);
    this.#learned.learn(figure, heard, now);
    this.#probed.clear();
    return { all: true, retry: heard.map(({ address }) => address) };
  }

  forget(): void {
    this.#end(() => this.#learned.forget());
  }

  /** What was tried was refused. */
  #holds(limit: number, tried: readonly Refused[], now: number): TagReview {
    if (tried.length > 0) this.#learned.learn(limit, tried, now);
    for (const { address } of tried) {
      this.#probed.delete(address);
      this.#failed.add(address);
    }
    return { all: false, retry: tried.map(({ address }) => address) };
  }

  #end(forget: () => void): void {
    forget();
    this.#probed.clear();
    this.#failed.clear();
    this.#scannedAt = Number.NEGATIVE_INFINITY;
  }

  /** Those that were not tried before come first; when all were, they are tried again. */
  #oneOfEach(crowded: Iterable<string>): readonly string[] {
    const fresh = new Map<string, string>();
    const again = new Map<string, string>();
    for (const address of crowded) {
      const namespace = this.#options.namespaceOf(address);
      const known = this.#failed.has(address) ? again : fresh;
      if (!known.has(namespace)) known.set(namespace, address);
    }
    if (fresh.size === 0 || this.#failed.size > mostFailed) this.#failed.clear();
    return [...(fresh.size === 0 ? again : fresh).values()].slice(0, mostProbed);
  }

  #heard(address: string, isCertain: boolean): Refused {
    return { address, isCertain, namespace: this.#options.namespaceOf(address) };
  }
}
