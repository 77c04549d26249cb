// Rate limit for guarded removals: too many within ten minutes are held as a plan until approved.

import { holds, partsOf, plansOf, together } from './guard-parts.ts';
import { GuardWindow, type WindowCount } from './guard-window.ts';
import { HeldPlan, planId, type Removals } from './held-plan.ts';
import { addMember, bump, deleteMember } from '../model/collections.ts';
import { type RemovalOrigin, tenantOf, unclaimed } from '../model/removal-origin.ts';
import type { Timing } from '../model/timing.ts';
import type { TagSet } from '../model/tag-set.ts';
import { type Scope, scopeOfSuffix } from '../model/policy-scope.ts';

export type { HeldPlan } from './held-plan.ts';

/** spec.removalGuard. */
export type GuardLimits = {
  /** Of the addresses that were ours at the window's start. */
  readonly percent: number;
  /** Addresses that may always go within a window. */
  readonly minimum: number;
};

/** Guarded removals that are ready to go, as a whole. */
export type Candidates = Removals;

/** What the guard judges by. */
export type Stakes = {
  /** Addresses with tags of ours. */
  readonly owned: number;
  /** How many of them would keep some when these went, and with them everything that may go already. */
  readonly leaves: (going: Candidates) => number;
  /** It may be somebody else's: it goes only when approved, whatever the number. Absent: none is. */
  readonly isDoubtful?: ((address: string, tag: string) => boolean) | undefined;
  /** Absent: nobody's in particular. */
  readonly originOf?: (address: string, tag: string) => RemovalOrigin;
};

const nobodys = () => unclaimed;
/** A table that has no more addresses than this, and had no more, may lose all of them unasked. */
const smallTable = 5;

export class RemovalGuard {
  readonly #tagPrefix: string | undefined;
  #limits: GuardLimits;
  readonly #window: GuardWindow;
  /** address -> tags that may go: they passed, or were approved. */
  readonly #admitted = new Map<string, Set<string>>();
  /** By id, oldest first. */
  readonly #plans = new Map<string, HeldPlan>();
  readonly #plansAt = new Map<string, Set<HeldPlan>>();
  /** Scope -> how many plans touch it. */
  readonly #blocked = new Map<Scope, number>();
  #freed = new Set<Scope>();

  /** @param tagPrefix what comes before a tag's scope. Absent: all tags are one scope. */
  constructor(limits: GuardLimits, tagPrefix?: string, timing?: Pick<Timing, 'guardWindowMs'>) {
    this.#limits = limits;
    this.#window = new GuardWindow(timing);
    this.#tagPrefix = tagPrefix;
  }

  configure(limits: GuardLimits): void {
    this.#limits = limits;
  }

  /** Oldest first. */
  get held(): readonly HeldPlan[] {
    return [...this.#plans.values()];
  }

  /** What passed by itself; a later process takes it up */
  get window(): readonly WindowCount[] {
    return this.#window.counts;
  }

  /** Takes up what an earlier process or leader let pass. */
  inherit(counts: readonly WindowCount[], now: number): void {
    this.#window.inherit(counts, now);
  }

  admits(address: string, tag: string): boolean {
    return this.#admitted.get(address)?.has(tag) === true;
  }

  /** The namespace that the tag belongs to; '' for all others. */
  scopeOf(tag: string): Scope {
    if (this.#tagPrefix === undefined) return '';
    return scopeOfSuffix(tag.slice(this.#tagPrefix.length)) ?? '';
  }

  /** The id of the held plan that has this removal; undefined: none has it. */
  planWith(address: string, tag: string): string | undefined {
    for (const plan of this.#plansAt.get(address) ?? [])
      if (plan.tagsAt(address).includes(tag)) return plan.id;
    return undefined;
  }

  /** A held plan touches its scope: what is of the same scope is held too, or waits to be judged after it. */
  blocks(scope: Scope): boolean {
    return this.#blocked.has(scope);
  }

  /** The scopes that no plan touches any more, since the last call. */
  takeFreed(): readonly Scope[] {
    if (this.#freed.size === 0) return [];
    const freed = [...this.#freed].filter((scope) => !this.blocks(scope));
    this.#freed = new Set();
    return freed;
  }

  /**
   * Lets the candidates pass, or holds them. What goes beyond the limits by itself is held apart, so that it holds up nobody
   * else: of each tenant, and of everything that is no tenant's. What is of a scope that a held plan touches waits its turn.
   */
  judge(candidates: Candidates, stakes: Stakes, now: number): void {
    const ready = this.#inTurn(candidates);
    if (ready.size === 0) return;
    this.#window.prune(now);
    if (!this.#trips(ready, stakes)) return this.#pass(ready, stakes, now);
    const { originOf = nobodys } = stakes;
    const parts = partsOf(ready, (at, tag) => tenantOf(originOf(at, tag)));
    const tripping = new Map([...parts].filter(([, part]) => this.#trips(part, stakes)));
    for (const plan of plansOf(tripping)) this.#hold(plan, stakes, now);
    const rest = together([...parts].flatMap(([key, part]) => (tripping.has(key) ? [] : [part])));
    if (rest.size === 0) return;
    if (this.#trips(rest, stakes)) this.#hold(rest, stakes, now);
    else this.#pass(rest, stakes, now);
  }

  /** Releases the plan of this id; approved removals do not count in the window. undefined: no such plan. */
  approve(id: string): HeldPlan | undefined {
    const plan = this.#plans.get(id);
    if (plan === undefined) return undefined;
    for (const address of plan.addresses()) {
      this.#admit(address, plan.tagsAt(address));
      deleteMember(this.#plansAt, address, plan);
    }
    for (const scope of plan.scopes()) this.#unblock(scope);
    this.#plans.delete(id);
    return plan;
  }

  /** `guarded`: the removals at this address that still need the guard. A plan and an admission cover no more than that. */
  retain(address: string, guarded: TagSet): void {
    const admitted = this.#admitted.get(address);
    const plans = this.#plansAt.get(address);
    if (admitted === undefined && plans === undefined) return;
    const still = new Set(guarded);
    for (const tag of admitted ?? []) if (!still.has(tag)) deleteMember(this.#admitted, address, tag);
    for (const plan of plans ?? []) this.#shrink(plan, address, still);
  }

  /** Nothing is known of the table any more. */
  forget(): void {
    this.#plans.clear();
    this.#plansAt.clear();
    this.#blocked.clear();
    this.#freed.clear();
    this.#admitted.clear();
  }

  #inTurn(candidates: Candidates): Candidates {
    if (this.#plans.size === 0) return candidates;
    const ready = new Map<string, TagSet>();
    for (const [address, tags] of candidates) {
      const free = tags.filter((tag) => !this.blocks(this.scopeOf(tag)));
      if (free.length > 0) ready.set(address, free);
    }
    return ready;
  }

  #pass(candidates: Candidates, { owned }: Stakes, now: number): void {
    for (const [address, tags] of candidates) this.#admit(address, tags);
    this.#window.add(candidates.keys(), owned, now);
  }

  #hold(removals: Candidates, { owned, originOf = nobodys }: Stakes, now: number): void {
    const id = planId(removals, (taken) => this.#plans.has(taken));
    const scopeOf = (tag: string) => this.scopeOf(tag);
    const of = this.#window.ownedAtStart ?? owned;
    const plan = new HeldPlan({ id, removals, since: now, of, scopeOf, originOf });
    this.#plans.set(id, plan);
    for (const scope of plan.scopes()) bump(this.#blocked, scope, 1);
    for (const address of plan.addresses()) addMember(this.#plansAt, address, plan);
  }

  #shrink(plan: HeldPlan, address: string, to: ReadonlySet<string>): void {
    for (const scope of plan.shrink(address, to)) this.#unblock(scope);
    if (plan.tagsAt(address).length === 0) deleteMember(this.#plansAt, address, plan);
    if (plan.size === 0) this.#plans.delete(plan.id);
  }

  #unblock(scope: Scope): void {
    if (bump(this.#blocked, scope, -1)) this.#freed.add(scope);
  }

  #admit(address: string, tags: TagSet): void {
    for (const tag of tags) addMember(this.#admitted, address, tag);
  }

  #trips(candidates: Candidates, { owned, leaves, isDoubtful }: Stakes): boolean {
    if (isDoubtful !== undefined && holds(candidates, isDoubtful)) return true;
    const ownedAtStart = this.#window.ownedAtStart ?? owned;
    if (Math.max(owned, ownedAtStart) > smallTable && leaves(candidates) === 0) return true;
    const { percent, minimum } = this.#limits;
    return this.#window.sizeWith(candidates.keys()) > Math.max(minimum, (ownedAtStart * percent) / 100);
  }
}
