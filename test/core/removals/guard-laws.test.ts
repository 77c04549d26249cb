// Laws of the guard over a whole table: a device that confirms, loses and refuses, tenants that edit, processes that follow each other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { RemovalCause } from '../../../src/core/model/model.ts';
import type { GuardLimits } from '../../../src/core/removals/removal-guard.ts';
import type { RemovalOrigin } from '../../../src/core/model/removal-origin.ts';
import { Table } from '../../../src/core/table/table.ts';
import type { Batch } from '../../../src/core/message/batch.ts';
import { type TagSet, tagSet } from '../../../src/core/model/tag-set.ts';
import { confirmBatch, leaveUnanswered, nextBatch } from '../table/messages.ts';

const minute = 60_000;
const windowMs = 10 * minute;
const limits = { entries: 500, bytes: 1024 * 1024 };
/** '' are the cluster-wide tags. */
const scopes = ['a', 'b', 'c', ''] as const;
type Scope = (typeof scopes)[number];
/** How much may go unasked, and in how many scopes each address has a tag. */
type Frame = { readonly guard: GuardLimits; readonly scopes: number };
const tagOf = (scope: Scope) => (scope === '' ? 'k.all' : `k.ns_${scope}.web`);
const scopeOf = (tag: string): string => /^k\.ns_([^.]+)/.exec(tag)?.[1] ?? '';
const addresses = Array.from({ length: 16 }, (_, i) => `10.0.0.${i}`);

type Step =
  | {
      readonly kind: 'edit';
      readonly scope: Scope;
      readonly without: readonly number[];
      readonly inList: boolean;
    }
  | { readonly kind: 'undo'; readonly scope: Scope }
  | { readonly kind: 'vacate'; readonly at: number }
  | { readonly kind: 'return'; readonly at: number }
  | { readonly kind: 'send'; readonly fate: 'confirm' | 'lose' | 'miss' | 'refuse' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'approve'; readonly nth: number }
  | { readonly kind: 'restart' };

/** A pair that left without approval, by a guarded removal. */
type Gone = { readonly address: string; readonly at: number; readonly owned: number };

class World {
  readonly #guard: GuardLimits;
  readonly #tags: readonly string[];
  readonly device: Map<string, Set<string>>;
  readonly #wanted: Map<string, TagSet>;
  readonly #causes = new Map<string, RemovalCause>();
  readonly #approved = new Set<string>();
  /** Pairs that were sent to be removed: they may be gone. */
  readonly #sent = new Set<string>();
  readonly gone: Gone[] = [];
  now = 0;
  table: Table;

  constructor({ guard, scopes: count }: Frame) {
    this.#guard = guard;
    this.#tags = tagSet(scopes.slice(0, count).map(tagOf));
    this.device = new Map(addresses.map((address) => [address, new Set(this.#tags)]));
    this.#wanted = new Map(addresses.map((address) => [address, this.#tags]));
    this.table = this.#start();
  }

  run(step: Step): void {
    if (step.kind === 'edit') this.#edit(step);
    else if (step.kind === 'undo') this.#edit({ scope: step.scope, without: [], inList: false });
    else if (step.kind === 'vacate') this.#change(addresses[step.at] ?? '', [], 'vacated');
    else if (step.kind === 'return') this.#change(addresses[step.at] ?? '', this.#tags, 'newHolder');
    else if (step.kind === 'wait') this.now += step.ms;
    else if (step.kind === 'approve') this.#approve(step.nth);
    else if (step.kind === 'restart') this.#restart();
    else this.send(step.fate);
  }

  send(fate: 'confirm' | 'lose' | 'miss' | 'refuse'): boolean {
    const plans = new Map(this.table.held.map((plan) => [plan.id, plan.removals]));
    const blockedBefore = this.#blocked();
    const batch = nextBatch(this.table, limits, this.now);
    this.#checkNothingElseWaits(blockedBefore);
    for (const plan of this.table.held) this.#checkFrozen(plan.id, plan.removals, plans.get(plan.id));
    if (batch === undefined) return false;
    this.#account(batch);
    this.#land(batch, fate);
    return true;
  }

  approveAll(): void {
    while (this.table.held.length > 0) this.#approve(0);
  }

  wanted(): Record<string, readonly string[]> {
    return Object.fromEntries([...this.#wanted].filter(([, tags]) => tags.length > 0));
  }

  onDevice(): Record<string, readonly string[]> {
    const held = [...this.device].filter(([, tags]) => tags.size > 0);
    return Object.fromEntries(held.map(([address, tags]) => [address, [...tags].sort()]));
  }

  #start(): Table {
    const table = new Table(
      { tagsOf: (address) => this.#wanted.get(address) ?? [], addresses: () => this.#wanted.keys() },
      () => undefined,
      this.#guard,
      { tagPrefix: 'k.' },
    );
    table.beginRead();
    const owned = [...this.device].filter(([, tags]) => tags.size > 0);
    const reading = new Map(owned.map(([address, tags]) => [address, tagSet(tags)]));
    table.endRead({ owned: reading, others: new Map(), agreed: true }, this.now);
    return table;
  }

  /** The next process: it knows the window from the status, the table from a reading, and no causes. */
  #restart(): void {
    const { guardWindow } = this.table;
    this.#causes.clear();
    this.#approved.clear();
    this.#sent.clear();
    this.table = this.#start();
    this.table.inheritGuard(guardWindow, this.now);
  }

  #edit({ scope, without, inList }: { scope: Scope; without: readonly number[]; inList: boolean }): void {
    const tag = tagOf(scope);
    if (!this.#tags.includes(tag)) return;
    const origin: RemovalOrigin =
      scope === ''
        ? { kind: 'ClusterPanTagPolicy', name: 'all', change: 'edited', inList }
        : { kind: 'PanTagPolicy', name: `${scope}/web`, change: 'edited', inList };
    for (const [i, address] of addresses.entries()) {
      const before = this.#wanted.get(address) ?? [];
      if (before.length === 0) continue;
      const others = before.filter((one) => one !== tag);
      const after = without.includes(i) ? others : tagSet([...others, tag]);
      this.#change(address, after, 'policy', origin);
    }
  }

  #change(address: string, after: readonly string[], cause: RemovalCause, origin?: RemovalOrigin): void {
    const before = this.#wanted.get(address) ?? [];
    if (cause === 'policy' && before.join() === after.join()) return;
    this.#wanted.set(address, after);
    for (const tag of this.#tags) {
      const key = `${address} ${tag}`;
      if (after.includes(tag)) {
        this.#causes.delete(key);
        this.#approved.delete(key);
        this.#sent.delete(key);
      }
      if (cause !== 'policy') this.#causes.set(key, cause);
      else if (before.includes(tag) && !after.includes(tag)) this.#causes.set(key, cause);
    }
    this.table.note({ address, before, after, cause, origin }, this.now);
  }

  #approve(nth: number): void {
    const { held } = this.table;
    const plan = held[nth % Math.max(1, held.length)];
    if (plan === undefined) return;
    for (const [address, tags] of plan.removals)
      for (const tag of tags) this.#approved.add(`${address} ${tag}`);
    assert.equal(this.table.approve(plan.id, this.now), true);
    assert.equal(this.table.approve(plan.id, this.now), false, 'an approval is used once');
  }

  #isGuarded(address: string, tag: string): boolean {
    return (this.#causes.get(`${address} ${tag}`) ?? 'unclaimed').match(/^(policy|unclaimed)$/) !== null;
  }

  /** What leaves without approval keeps to the limits of the window, and does not empty the table. */
  #account(batch: Batch): void {
    const owned = this.table.owned;
    let isNew = false;
    for (const { address, unregister } of batch) {
      for (const tag of unregister) {
        const key = `${address} ${tag}`;
        if (this.#isGuarded(address, tag) && !this.#approved.has(key) && !this.#sent.has(key)) {
          isNew = true;
          this.gone.push({ address, at: this.now, owned });
        }
        this.#sent.add(key);
      }
    }
    const recent = this.gone.filter(({ at }) => at > this.now - windowMs);
    const start = recent[0]?.owned ?? owned;
    const { percent, minimum } = this.#guard;
    const most = Math.max(minimum, (start * percent) / 100);
    const count = new Set(recent.map(({ address }) => address)).size;
    assert.ok(count <= most, `${count} addresses within ten minutes, of ${start}`);
    if (isNew && Math.max(start, owned) > 5) assert.ok(this.#left() > 0, 'the table would be emptied');
  }

  /** Addresses that keep something when all is gone that was sent, was approved, or goes at once. */
  #left(): number {
    return addresses.filter((address) =>
      [...(this.device.get(address) ?? [])].some((tag) => {
        const key = `${address} ${tag}`;
        // It is deserved, or another tag comes in its stead.
        if ((this.#wanted.get(address) ?? []).length > 0) return true;
        return !this.#sent.has(key) && !this.#approved.has(key) && this.#isGuarded(address, tag);
      }),
    ).length;
  }

  #blocked(): ReadonlySet<string> {
    const tags = this.table.held.flatMap(({ removals }) => [...removals.values()].flat());
    return new Set(tags.map(scopeOf));
  }

  /** After a judgement, a removal waits only where a plan touches its scope. */
  #checkNothingElseWaits(before: ReadonlySet<string>): void {
    const held = new Set(
      this.table.held.flatMap(({ removals }) =>
        [...removals].flatMap(([address, tags]) => tags.map((tag) => `${address} ${tag}`)),
      ),
    );
    const pending = new Set(this.table.pendingAddresses());
    const refused = new Set(this.table.refusals.addresses());
    for (const [address, tags] of this.device) {
      for (const tag of tags) {
        const isSurplus = this.#wanted.get(address)?.includes(tag) !== true;
        if (!isSurplus || held.has(`${address} ${tag}`) || before.has(scopeOf(tag))) continue;
        assert.ok(pending.has(address) || refused.has(address), `${address} ${tag} waits for nobody's plan`);
      }
    }
  }

  #checkFrozen(id: string, now: ReadonlyMap<string, readonly string[]>, before?: typeof now): void {
    for (const [address, tags] of now) {
      for (const tag of tags) {
        const pair = `${address} ${tag}`;
        if (before !== undefined)
          assert.ok(before.get(address)?.includes(tag) === true, `plan ${id} grew by ${pair}`);
        assert.ok(
          this.#wanted.get(address)?.includes(tag) !== true,
          `${pair} is deserved, and in plan ${id}`,
        );
      }
    }
  }

  #land(batch: Batch, fate: 'confirm' | 'lose' | 'miss' | 'refuse'): void {
    if (fate === 'refuse') {
      const refusedPairs = batch.flatMap(({ address, unregister }) =>
        unregister.map((tag) => ({ section: 'unregister' as const, address, tag, message: 'busy' })),
      );
      this.#apply(batch, true);
      confirmBatch(batch, refusedPairs, this.now);
      return;
    }
    if (fate !== 'miss') this.#apply(batch, false);
    if (fate === 'confirm') confirmBatch(batch, [], this.now);
    else leaveUnanswered(batch, this.now);
  }

  #apply(batch: Batch, onlyRegister: boolean): void {
    for (const { address, register, unregister } of batch) {
      const tags = this.device.get(address) ?? new Set();
      for (const tag of onlyRegister ? [] : unregister) tags.delete(tag);
      for (const tag of register) tags.add(tag);
      this.device.set(address, tags);
    }
  }
}

const scope = fc.constantFrom(...scopes);
const place = fc.nat(addresses.length - 1);
const few = fc.uniqueArray(place, { maxLength: 3 });
const some = fc.oneof(
  fc.uniqueArray(place, { maxLength: 16 }),
  few.map((kept) => addresses.map((_, i) => i).filter((i) => !kept.includes(i))),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({ scope, without: some, inList: fc.boolean() })
      .map((drawn): Step => ({ kind: 'edit', ...drawn })),
  },
  { weight: 1, arbitrary: scope.map((one): Step => ({ kind: 'undo', scope: one })) },
  { weight: 2, arbitrary: place.map((at): Step => ({ kind: 'vacate', at })) },
  { weight: 1, arbitrary: place.map((at): Step => ({ kind: 'return', at })) },
  {
    weight: 8,
    arbitrary: fc
      .constantFrom(
        'confirm' as const,
        'confirm' as const,
        'lose' as const,
        'miss' as const,
        'refuse' as const,
      )
      .map((fate): Step => ({ kind: 'send', fate })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(1, 30_000, 3 * minute, 10 * minute).map((ms): Step => ({ kind: 'wait', ms })),
  },
  { weight: 1, arbitrary: fc.nat(3).map((nth): Step => ({ kind: 'approve', nth })) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'restart' }) },
);
const frame: fc.Arbitrary<Frame> = fc.record({
  guard: fc.constantFrom({ percent: 30, minimum: 3 }, { percent: 100, minimum: 50 }),
  scopes: fc.integer({ min: 1, max: 4 }),
});
const history = fc.array(step, { maxLength: 40, size: 'max' });

test('law: whatever happens, the limits hold over ten minutes and over restarts, nothing is emptied, and only plans make wait', () => {
  fc.assert(
    fc.property(frame, history, (drawn, steps) => {
      const world = new World(drawn);
      for (const one of steps) world.run(one);
    }),
    { numRuns: 1500 },
  );
});

test('law: when every plan is approved, the device becomes what is wanted', () => {
  fc.assert(
    fc.property(frame, history, (drawn, steps) => {
      const world = new World(drawn);
      for (const one of steps) world.run(one);
      world.run({ kind: 'restart' });
      for (let rounds = 0; rounds < 20; rounds += 1) {
        while (world.send('confirm')) continue;
        world.approveAll();
      }
      assert.deepEqual(world.onDevice(), world.wanted());
    }),
    { numRuns: 400 },
  );
});
