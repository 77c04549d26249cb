// Removals that wait for approval as one plan. It only shrinks, and keeps its id.

import { createHash } from 'node:crypto';
import { bump } from '../model/collections.ts';
import { type OriginCount, originKey, type RemovalOrigin } from '../model/removal-origin.ts';
import type { TagSet } from '../model/tag-set.ts';
import type { Scope } from '../model/policy-scope.ts';

/** Address -> tags that are to go. */
export type Removals = ReadonlyMap<string, TagSet>;

/** What a plan is told by. */
type PlanSummary = {
  readonly addresses: number;
  /** Addresses that were ours at the window's start, when it was held. */
  readonly of: number;
  /** Distinct objects and changes behind it, those with the most addresses first. */
  readonly origins: readonly OriginCount[];
  /** `<address> <tag>`, the smallest ones. */
  readonly examples: readonly string[];
};

type HeldPlanOptions = {
  readonly id: string;
  readonly removals: Removals;
  /** When it was held, monotonic ms. */
  readonly since: number;
  /** Addresses that were ours at the window's start. */
  readonly of: number;
  readonly scopeOf: (tag: string) => Scope;
  readonly originOf: (address: string, tag: string) => RemovalOrigin;
};

const mostOrigins = 5;
const mostExamples = 5;

type Pair = { readonly tag: string; readonly origin: RemovalOrigin };

export class HeldPlan {
  readonly id: string;
  readonly since: number;
  readonly #of: number;
  readonly #scopeOf: (tag: string) => Scope;
  readonly #pairs = new Map<string, readonly Pair[]>();
  /** Scope -> how many of its tags are left. */
  readonly #scopes = new Map<Scope, number>();
  /** Made when asked for, until the plan shrinks. */
  #summary: PlanSummary | undefined;

  constructor({ id, removals, since, of, scopeOf, originOf }: HeldPlanOptions) {
    this.id = id;
    this.since = since;
    this.#of = of;
    this.#scopeOf = scopeOf;
    for (const [address, tags] of removals) {
      this.#pairs.set(
        address,
        tags.map((tag) => ({ tag, origin: originOf(address, tag) })),
      );
      for (const tag of tags) this.#count(tag, 1);
    }
  }

  /** How many addresses it is about. */
  get size(): number {
    return this.#pairs.size;
  }

  addresses(): Iterable<string> {
    return this.#pairs.keys();
  }

  tagsAt(address: string): TagSet {
    return (this.#pairs.get(address) ?? []).map(({ tag }) => tag);
  }

  /** A copy. */
  get removals(): Removals {
    return new Map([...this.#pairs.keys()].map((address) => [address, this.tagsAt(address)]));
  }

  /** The scopes that it touches. */
  scopes(): Iterable<Scope> {
    return this.#scopes.keys();
  }

  get summary(): PlanSummary {
    this.#summary ??= this.#summarise();
    return this.#summary;
  }

  /** Leaves only these tags at the address. Tells the scopes that it touches no more. */
  shrink(address: string, to: ReadonlySet<string>): readonly Scope[] {
    const pairs = this.#pairs.get(address) ?? [];
    const left = pairs.filter(({ tag }) => to.has(tag));
    if (left.length === pairs.length) return [];
    this.#summary = undefined;
    if (left.length === 0) this.#pairs.delete(address);
    else this.#pairs.set(address, left);
    return pairs.flatMap(({ tag }) => (to.has(tag) ? [] : this.#count(tag, -1)));
  }

  #count(tag: string, step: 1 | -1): Scope[] {
    const scope = this.#scopeOf(tag);
    const isNews = bump(this.#scopes, scope, step);
    return isNews && step < 0 ? [scope] : [];
  }

  #summarise(): PlanSummary {
    const origins = new Map<string, { readonly origin: RemovalOrigin; addresses: number }>();
    for (const pairs of this.#pairs.values()) {
      const here = new Map(pairs.map(({ origin }) => [originKey(origin), origin]));
      for (const [key, origin] of here) {
        const counted = origins.get(key) ?? { origin, addresses: 0 };
        counted.addresses += 1;
        origins.set(key, counted);
      }
    }
    const sorted = [...origins].sort(
      ([aKey, a], [bKey, b]) => b.addresses - a.addresses || (aKey < bKey ? -1 : 1),
    );
    return {
      addresses: this.size,
      of: this.#of,
      origins: sorted.slice(0, mostOrigins).map(([, { origin, addresses }]) => ({ ...origin, addresses })),
      examples: this.#examples(),
    };
  }

  #examples(): readonly string[] {
    const first = [...this.#pairs.keys()].sort().slice(0, mostExamples);
    const pairs = first.flatMap((address) => this.tagsAt(address).map((tag) => `${address} ${tag}`));
    return pairs.slice(0, mostExamples);
  }
}

const digits = 4;

/** Short and the same for the same content, longer only where another held plan has the short one already. */
export function planId(removals: Removals, isTaken: (id: string) => boolean): string {
  const lines = [...removals].map(([address, tags]) => `${address} ${tags.join(' ')}`).sort();
  const hash = createHash('sha256').update(lines.join('\n')).digest('hex');
  let length = digits;
  while (isTaken(hash.slice(0, length)) && length < hash.length) length += 1;
  return hash.slice(0, length);
}
