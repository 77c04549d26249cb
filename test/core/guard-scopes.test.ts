// Scopes of the guard when many objects change at one moment: no plan stops another one's small removals.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type GuardLimits, RemovalGuard, type Stakes } from '../../src/core/removals/removal-guard.ts';
import { type RemovalOrigin, tenantOf, unclaimed } from '../../src/core/model/removal-origin.ts';
import { type TagSet, tagSet } from '../../src/core/model/tag-set.ts';

const windowMs = 600_000;
/** A tenant's own edit; an administrator's, or a list's; what nobody claims. */
type Doing = 'tenant' | 'admin' | 'list' | 'nobody';
type Change = {
  readonly doing: Doing;
  readonly scope: number;
  readonly from: number;
  readonly count: number;
};
type Moment = { readonly changes: readonly Change[]; readonly waitMs: number };
type Pair = { readonly address: string; readonly tag: string; readonly part: string };

/** A tenant's own doing is its namespace's; all else is one. */
class Model {
  readonly #limits: GuardLimits;
  readonly #isFirstContact: boolean;
  readonly #left = new Map<string, Set<string>>();
  readonly #passed: { readonly address: string; readonly at: number; readonly owned: number }[] = [];
  readonly #origins = new Map<string, RemovalOrigin>();
  readonly guard: RemovalGuard;
  now = 0;

  constructor(limits: GuardLimits, isFirstContact: boolean) {
    this.#limits = limits;
    this.#isFirstContact = isFirstContact;
    this.guard = new RemovalGuard(limits, 'k.');
  }

  /** The address carries a tag that stays. */
  own(address: string): void {
    this.#left.set(address, this.#left.get(address) ?? new Set(['k.stays']));
  }

  judge(moment: Moment): void {
    this.now += moment.waitMs;
    const pairs = moment.changes.flatMap((change) => this.#pairsOf(change));
    const blockedBefore = (pair: Pair) => this.guard.blocks(this.guard.scopeOf(pair.tag));
    const free = pairs.filter((pair) => !blockedBefore(pair));
    const parts = [...Map.groupBy(free, ({ part }) => part).values()];
    const small = parts.filter((part) => !this.#isTooMuch(part));
    const togetherTooMuch = this.#isTooMuch(small.flat());
    const owned = this.#owned;
    const all = Map.groupBy(pairs, ({ address }) => address);
    const candidates = new Map([...all].map(([at, here]) => [at, tagSet(here.map(({ tag }) => tag))]));
    this.guard.judge(candidates, this.#stakes(owned), this.now);
    const isIn = ({ address, tag }: Pair) => this.guard.admits(address, tag);
    if (!togetherTooMuch) for (const part of small) assert.ok(part.every(isIn), 'what is small passes');
    for (const part of parts)
      assert.ok(part.every(isIn) || !part.some(isIn), 'what one did is held or passes as a whole');
    for (const part of parts.filter((one) => !small.includes(one)))
      assert.ok(!part.some(isIn), 'too much is held');
    this.#checkPlans();
    for (const { address, tag } of free.filter(isIn)) {
      this.#passed.push({ address, at: this.now, owned });
      this.#left.get(address)?.delete(tag);
    }
    const { count, start } = this.#window(owned);
    assert.ok(count <= this.#mostOf(start), `${count} within the window, of ${start}`);
  }

  #stakes(owned: number): Stakes {
    return {
      owned,
      leaves: (going) => this.#leaves(going),
      originOf: (address, tag) => this.#origins.get(`${address} ${tag}`) ?? unclaimed,
      isDoubtful: (address, tag) => this.#isDoubtful(address, tag),
    };
  }

  /** On a table that is not ours yet. */
  #isDoubtful(address: string, tag: string): boolean {
    return this.#isFirstContact && (this.#origins.get(`${address} ${tag}`) ?? unclaimed) === unclaimed;
  }

  #pairsOf({ doing, scope, from, count }: Change): Pair[] {
    const namespace = `t${scope}`;
    const origins: Record<Doing, RemovalOrigin> = {
      tenant: { kind: 'PanTagPolicy', name: `${namespace}/web`, change: 'edited' },
      admin: { kind: 'ClusterPanTagPolicy', name: 'all', change: 'edited' },
      list: { kind: 'PanTagPolicy', name: `${namespace}/web`, change: 'missing', inList: true },
      nobody: unclaimed,
    };
    const tag = doing === 'admin' ? `k.all${scope}` : `k.ns_${namespace}.${doing}`;
    const part = doing === 'tenant' ? namespace : '';
    return Array.from({ length: count }, (_, i) => {
      const address = `10.0.0.${from + i}`;
      this.#left.set(address, (this.#left.get(address) ?? new Set()).add(tag));
      this.#origins.set(`${address} ${tag}`, origins[doing]);
      this.#needsAnew(address, tag);
      return { address, tag, part };
    });
  }

  /** It was registered again: what had passed before is done. */
  #needsAnew(address: string, tag: string): void {
    const isHeld = this.guard.held.some((plan) => plan.tagsAt(address).includes(tag));
    if (!isHeld)
      this.guard.retain(
        address,
        this.guard.held.flatMap((plan) => plan.tagsAt(address)),
      );
  }

  /** By itself it would have to be held. */
  #isTooMuch(pairs: readonly Pair[]): boolean {
    if (pairs.length === 0) return false;
    if (pairs.some(({ address, tag }) => this.#isDoubtful(address, tag))) return true;
    const { count, start } = this.#window(this.#owned, pairs);
    const going = Map.groupBy(pairs, ({ address }) => address);
    const tags = new Map([...going].map(([at, here]) => [at, here.map(({ tag }) => tag)]));
    return count > this.#mostOf(start) || (Math.max(start, this.#owned) > 5 && this.#leaves(tags) === 0);
  }

  #window(owned: number, more: readonly Pair[] = []): { readonly count: number; readonly start: number } {
    const recent = this.#passed.filter(({ at }) => at > this.now - windowMs);
    const seen = new Set([...recent, ...more].map(({ address }) => address));
    // An address that passed again counts from then on.
    const last = new Map(recent.map((one, i) => [one.address, i]));
    const oldest = recent[Math.min(...last.values())];
    return { count: seen.size, start: oldest?.owned ?? owned };
  }

  #mostOf(owned: number): number {
    return Math.max(this.#limits.minimum, (owned * this.#limits.percent) / 100);
  }

  get #owned(): number {
    return [...this.#left.values()].filter(({ size }) => size > 0).length;
  }

  #leaves(going: ReadonlyMap<string, TagSet>): number {
    const isLeft = ([address, tags]: readonly [string, ReadonlySet<string>]) =>
      [...tags].some((tag) => !(going.get(address) ?? []).includes(tag) && !this.guard.admits(address, tag));
    return [...this.#left].filter(isLeft).length;
  }

  /** What makes a scope wait is of that scope, or no tenant's. */
  #checkPlans(): void {
    for (const plan of this.guard.held) {
      const pairs = [...plan.removals].flatMap(([address, tags]) => tags.map((tag) => ({ address, tag })));
      const tenants = new Set(
        pairs.map(({ address, tag }) => tenantOf(this.#origins.get(`${address} ${tag}`) ?? unclaimed)),
      );
      if (tenants.has('')) continue;
      assert.deepEqual(new Set(plan.scopes()), tenants);
    }
  }
}

const change: fc.Arbitrary<Change> = fc.record({
  doing: fc.constantFrom<Doing>('tenant', 'tenant', 'tenant', 'admin', 'list', 'nobody'),
  scope: fc.nat(14),
  from: fc.nat(60),
  count: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 40 })),
});
const moment: fc.Arbitrary<Moment> = fc.record({
  changes: fc.array(change, { minLength: 1, maxLength: 16, size: 'max' }),
  waitMs: fc.constantFrom(0, 60_000, 300_000, windowMs),
});

test('law: whatever else happens at the same moment, what is small passes, and no more passes than may', () => {
  const limits = fc.constantFrom(
    { percent: 30, minimum: 3 },
    { percent: 0, minimum: 10 },
    { percent: 0, minimum: 0 },
  );
  fc.assert(
    fc.property(
      limits,
      fc.boolean(),
      fc.array(moment, { maxLength: 6 }),
      (drawn, isFirstContact, moments) => {
        const model = new Model(drawn, isFirstContact);
        for (let i = 0; i < 40; i += 1) model.own(`10.0.0.${i * 2}`);
        for (const one of moments) model.judge(one);
      },
    ),
    { numRuns: 1000 },
  );
});
