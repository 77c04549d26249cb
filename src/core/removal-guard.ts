// The brake on removals that rest on absence: too many within ten minutes are held as a plan until somebody approves.

import { createHash } from 'node:crypto';
import { noTags, type TagSet, union } from './tag-set.ts';

/** spec.removalGuard. */
export type GuardLimits = {
  /** Of the addresses that were ours at the window's start. */
  readonly percent: number;
  /** Addresses that may always go within a window. */
  readonly minimum: number;
};

/** Removals that wait for approval. Frozen: it only shrinks. */
export type HeldPlan = {
  /** Short and the same for the same content; it names the plan for approval. */
  readonly id: string;
  /** address -> tags */
  readonly removals: ReadonlyMap<string, TagSet>;
  /** When it was held, monotonic ms. */
  readonly since: number;
};

/** Guarded removals that are ready to go, as a whole. */
export type Candidates = ReadonlyMap<string, TagSet>;

/** What the guard judges by. */
export type Stakes = {
  /** Addresses with tags of ours. */
  readonly owned: number;
  /** How many of them would have none left. */
  readonly emptied: number;
  /** The candidates hold tags that may be somebody else's: they go only when approved, whatever their number. */
  readonly doubtful?: boolean;
};

const windowMs = 600_000;
/** A table with no more addresses than this may lose all of them unasked. */
const smallTable = 5;
const idLength = 4;

type Passage = { readonly address: string; readonly at: number; readonly ownedBefore: number };

export class RemovalGuard {
  #limits: GuardLimits;
  /** Guarded removals that passed by themselves within the window, oldest first. */
  #passed: Passage[] = [];
  /** address -> tags that may go: they passed, or were approved. */
  readonly #admitted = new Map<string, TagSet>();
  #plan: { readonly id: string; readonly removals: Map<string, TagSet>; readonly since: number } | undefined;

  constructor(limits: GuardLimits) {
    this.#limits = limits;
  }

  configure(limits: GuardLimits): void {
    this.#limits = limits;
  }

  get held(): HeldPlan | undefined {
    return this.#plan;
  }

  admits(address: string, tag: string): boolean {
    return this.#admitted.get(address)?.includes(tag) === true;
  }

  /** Lets the candidates pass, or holds all of them. While a plan is held, others wait their turn. */
  judge(candidates: Candidates, stakes: Stakes, now: number): void {
    if (this.#plan !== undefined) return;
    this.#passed = this.#passed.filter(({ at }) => at > now - windowMs);
    if (this.#trips(candidates, stakes)) {
      this.#plan = { id: planId(candidates), removals: new Map(candidates), since: now };
      return;
    }
    for (const [address, tags] of candidates) {
      this.#admit(address, tags);
      this.#passed.push({ address, at: now, ownedBefore: stakes.owned });
    }
  }

  /** Releases the plan of this id; approved removals do not count in the window. False: no such plan. */
  approve(id: string): boolean {
    if (this.#plan?.id !== id) return false;
    for (const [address, tags] of this.#plan.removals) this.#admit(address, tags);
    this.#plan = undefined;
    return true;
  }

  /** `guarded`: the removals at this address that still need the guard. A plan and an admission cover no more than that. */
  retain(address: string, guarded: TagSet): void {
    shrink(this.#admitted, address, guarded);
    if (this.#plan === undefined) return;
    shrink(this.#plan.removals, address, guarded);
    if (this.#plan.removals.size === 0) this.#plan = undefined;
  }

  /** Nothing is known of the table any more. */
  forget(): void {
    this.#plan = undefined;
    this.#admitted.clear();
  }

  #admit(address: string, tags: TagSet): void {
    this.#admitted.set(address, union(this.#admitted.get(address) ?? noTags, tags));
  }

  #trips(candidates: Candidates, { owned, emptied, doubtful = false }: Stakes): boolean {
    if (doubtful) return true;
    const ownedAtStart = this.#passed[0]?.ownedBefore ?? owned;
    if (ownedAtStart > smallTable && emptied >= owned) return true;
    const addresses = new Set([...this.#passed.map(({ address }) => address), ...candidates.keys()]);
    const { percent, minimum } = this.#limits;
    return addresses.size > Math.max(minimum, (ownedAtStart * percent) / 100);
  }
}

function shrink(removals: Map<string, TagSet>, address: string, to: TagSet): void {
  const tags = removals.get(address);
  if (tags === undefined) return;
  const left = tags.filter((tag) => to.includes(tag));
  if (left.length === 0) removals.delete(address);
  else removals.set(address, left);
}

function planId(removals: Candidates): string {
  const lines = [...removals].map(([address, tags]) => `${address} ${tags.join(' ')}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, idLength);
}
