// The limits of a device over its tables: never beyond them, by rank, stable, and what the device refuses is learned.

import { neverTrips } from './guard-limits.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Batch } from '../../src/core/batch.ts';
import { DeviceLimits, type LimitedTable } from '../../src/core/device-limits.ts';
import { compareRanks, type Rank } from '../../src/core/rank.ts';
import type { Rejection } from '../../src/core/refusals.ts';
import { Table } from '../../src/core/table.ts';
import { noTags, type TagSet } from '../../src/core/tag-set.ts';

const gold: Rank = { priority: 1, name: 'gold' };
const rankOfTag = (tag: string | undefined): Rank => (tag === 'k.gold' ? gold : undefined);

/** A device of two tables that takes so many addresses, and says so in these words. */
class Scene {
  readonly device: readonly Map<string, Set<string>>[];
  readonly desired = new Map<string, TagSet>();
  readonly tables: readonly Table[];
  readonly limits: DeviceLimits;
  readonly #limited: readonly LimitedTable[];
  readonly #isCertain: boolean;
  configured: { addresses: number | undefined; tagsPerAddress: number | undefined };
  takes = Number.POSITIVE_INFINITY;
  now = 0;

  constructor(
    addresses: number | undefined,
    { tables = 2, tags = undefined as number | undefined, isCertain = true } = {},
  ) {
    this.configured = { addresses, tagsPerAddress: tags };
    this.#isCertain = isCertain;
    this.device = Array.from({ length: tables }, () => new Map<string, Set<string>>());
    const tagsOf = (address: string) => this.desired.get(address) ?? noTags;
    const { desired } = this;
    this.limits = new DeviceLimits({
      deserved: {
        tagsOf,
        addresses: () => this.desired.keys(),
        get count() {
          return desired.size;
        },
        rankOf: (address) => rankOfTag(tagsOf(address)[0]),
      },
      tables: () => this.#limited,
      configured: () => this.configured,
      moved: () => {},
    });
    this.tables = this.device.map(() => {
      const { limits } = this;
      const side = {
        deserved: tagsOf,
        get tagsPerAddress() {
          return limits.tagsPerAddress;
        },
        ranksAt: (address: string) => new Map(tagsOf(address).map((tag) => [tag, rankOfTag(tag)])),
        moved: () => {},
      };
      const wanted = {
        tagsOf: (a: string) => limits.tagsOf(a),
        addresses: () => desired.keys(),
        limits: side,
      };
      return new Table(wanted, () => undefined, neverTrips);
    });
    this.#limited = this.tables.map((table) => limited(table, () => this.now));
  }

  read(i: number): void {
    const table = this.tables[i];
    const found = [...(this.device[i] ?? [])];
    const ours = (tags: Set<string>) => [...tags].filter((tag) => tag.startsWith('k.')).sort();
    const owned = new Map(
      found.map(([a, tags]) => [a, ours(tags)] as const).filter(([, tags]) => tags.length > 0),
    );
    const theirs = found.map(([a, tags]) => [a, tags.size - ours(tags).length] as const);
    table?.beginRead();
    table?.endRead(
      { owned, others: new Map(theirs.filter(([, count]) => count > 0)), agreed: true },
      this.now,
    );
    this.limits.settle();
  }

  want(address: string, after: TagSet, cause: 'vacated' | 'policy' = 'vacated'): void {
    const before = this.desired.get(address) ?? noTags;
    if (after.length === 0) this.desired.delete(address);
    else this.desired.set(address, after);
    const why = after.length === 0 ? cause : ('relabelled' as const);
    for (const table of this.tables) table.note({ address, before, after, cause: why }, this.now);
    this.limits.note(address);
  }

  /** False when there was nothing to send. */
  send(i: number, entries = 500): boolean {
    const table = this.tables[i];
    const limited = this.#limited[i];
    this.limits.settle();
    const batch = this.limits.mustWait ? undefined : table?.next({ entries, bytes: 1e6 }, this.now);
    if (table === undefined || limited === undefined || batch === undefined) return false;
    const newcomers = batch
      .filter(({ address, register }) => register.length > 0 && !limited.hasEntry(address))
      .map(({ address }) => address);
    const rejections = this.#apply(i, batch);
    table.confirm(batch, rejections, this.now);
    this.limits.answered({ table: limited, batch, newcomers, rejections }, this.now);
    return true;
  }

  drain(): number {
    let messages = 0;
    for (let more = true; more; ) {
      more = false;
      for (const i of this.tables.keys()) if (this.send(i)) more = true;
      if (more) messages += 1;
      assert.ok(messages < 30, 'it comes to an end');
    }
    return messages;
  }

  get entries(): number {
    return this.device.reduce(
      (sum, table) => sum + [...table.values()].filter((tags) => tags.size > 0).length,
      0,
    );
  }

  ownedOn(i: number): string[] {
    return [...(this.device[i] ?? [])]
      .filter(([, tags]) => [...tags].some((tag) => tag.startsWith('k.')))
      .map(([address]) => address)
      .sort();
  }

  #apply(i: number, batch: Batch): Rejection[] {
    const table = this.device[i] ?? new Map<string, Set<string>>();
    const rejections: Rejection[] = [];
    for (const { address, unregister } of batch)
      for (const tag of unregister) table.get(address)?.delete(tag);
    for (const { address, register } of batch) {
      for (const tag of register) {
        const tags = table.get(address) ?? new Set<string>();
        if (tags.size === 0 && this.entries >= this.takes) {
          const limit = { kind: 'addresses' as const, isCertain: this.#isCertain, figure: undefined };
          rejections.push({ section: 'register', address, tag, message: 'full', limit });
        } else if (tags.size >= 4) {
          const limit = { kind: 'tags' as const, isCertain: true, figure: 4 };
          rejections.push({ section: 'register', address, tag, message: 'too many', limit });
        } else table.set(address, tags.add(tag));
      }
    }
    return rejections;
  }
}

function limited(table: Table, now: () => number): LimitedTable {
  const at = (address: string) => table.tagsAt(address).ours + table.tagsAt(address).others;
  return {
    get known() {
      return table.known;
    },
    failing: false,
    get entries() {
      return table.owned + table.foreign;
    },
    get taken() {
      return table.foreign + table.room.lingering;
    },
    hasEntry: (address) => at(address) > 0,
    tagsAt: at,
    review: (address) => table.review(address, now()),
    reviewAll: () => table.reviewAll(now()),
    retry: (address) => table.retry(address, now()),
  };
}

const addresses = 'abcdefgh'.split('');
const move = fc.oneof(
  fc.record({
    kind: fc.constant('want' as const),
    address: fc.constantFrom(...addresses),
    tag: fc.constantFrom('k.gold', 'k.a', 'k.b'),
  }),
  fc.record({
    kind: fc.constant('drop' as const),
    address: fc.constantFrom(...addresses),
    cause: fc.constantFrom('vacated' as const, 'policy' as const),
  }),
  fc.record({
    kind: fc.constant('send' as const),
    table: fc.nat({ max: 1 }),
    entries: fc.integer({ min: 2, max: 6 }),
  }),
  fc.record({ kind: fc.constant('read' as const), table: fc.nat({ max: 1 }) }),
);

test('law: no message takes the device beyond its limit, and in the end the order has decided', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 14 }), fc.array(move, { maxLength: 60 }), (room, moves) => {
      const scene = new Scene(room);
      for (const table of scene.device) table.set('x', new Set(['theirs']));
      scene.read(0);
      scene.read(1);
      for (const one of moves) {
        scene.now += 1;
        if (one.kind === 'want') scene.want(one.address, [one.tag]);
        else if (one.kind === 'drop') scene.want(one.address, noTags, one.cause);
        else if (one.kind === 'read') scene.read(one.table);
        else scene.send(one.table, one.entries);
        assert.ok(scene.entries <= room, `${scene.entries} of ${room}`);
      }
      scene.drain();
      assert.ok(scene.entries <= room);
      const places = Math.floor((room - 2) / 2);
      const [owned, other] = [scene.ownedOn(0), scene.ownedOn(1)];
      assert.deepEqual(owned, other, 'the same addresses in all tables');
      assert.equal(owned.length, Math.min(places, scene.desired.size));
      const out = [...scene.desired.keys()].filter((address) => !owned.includes(address));
      const rank = (address: string) => rankOfTag(scene.desired.get(address)?.[0]);
      for (const one of out) for (const other of owned) assert.ok(compareRanks(rank(one), rank(other)) >= 0);
      assert.equal(scene.limits.waiting, out.length);
      // A restart over the same table finds everything as it should be.
      const next = new Scene(room);
      for (const [address, tags] of scene.desired) next.desired.set(address, tags);
      for (const [i, table] of scene.device.entries())
        for (const [a, tags] of table) next.device[i]?.set(a, tags);
      next.read(0);
      assert.equal(next.send(0), false, 'what the other table holds is not known yet');
      next.read(1);
      assert.equal(next.drain(), 0, 'nothing moves');
    }),
    { numRuns: 600 },
  );
});

test('a limit that is lowered, and a tag that comes back, are no removals that anybody must approve', () => {
  const scene = new Scene(undefined, { tables: 1 });
  for (const address of 'abcd') scene.want(address, ['k.a']);
  scene.read(0);
  scene.drain();
  scene.configured = { addresses: 2, tagsPerAddress: undefined };
  scene.limits.limitsChanged();
  scene.drain();
  assert.deepEqual(scene.ownedOn(0), ['a', 'b']);
  scene.device[0]?.set('d', new Set(['k.a']));
  scene.read(0);
  assert.equal(scene.tables[0]?.pending, 1);
  const batch = scene.tables[0]?.next({ entries: 10, bytes: 1e6 }, 0);
  assert.deepEqual([...(batch?.[0]?.causes ?? [])], [['k.a', 'displaced']]);
});

test('what a device refuses is learned by one message, the order decides, and it is asked again slowly', () => {
  for (const isCertain of [true, false]) {
    const scene = new Scene(undefined, { tables: 1, isCertain });
    scene.takes = 3;
    scene.read(0);
    for (const address of 'abcde') scene.want(address, ['k.a']);
    assert.equal(scene.drain(), 1, 'one message finds it');
    assert.deepEqual([scene.limits.capacity, scene.limits.isRefused, scene.limits.waiting], [3, true, 2]);
    assert.equal(scene.tables[0]?.refusals.size, 0, 'those that wait are not refused');
    scene.want('g', ['k.gold']);
    assert.equal(scene.drain(), 1);
    assert.deepEqual(scene.ownedOn(0), ['a', 'b', 'g']);
    assert.equal(scene.limits.probeAt, 30_000);
    scene.now = 30_000;
    scene.limits.probe(scene.now);
    assert.equal(scene.drain(), 1, 'one more is tried');
    assert.deepEqual([scene.entries, scene.limits.waiting, scene.limits.probeAt], [3, 3, 90_000]);
    scene.takes = 5;
    scene.now = 90_000;
    scene.limits.probe(scene.now);
    scene.drain();
    // One address alone that hears words which may mean something else is set aside like any other.
    const alone = [scene.limits.waiting, scene.tables[0]?.refusals.size];
    assert.deepEqual([scene.entries, ...alone], isCertain ? [5, 1, 0] : [5, 0, 1]);
    scene.takes = 9;
    scene.now += 30_000;
    scene.limits.forgetRefusals();
    scene.drain();
    assert.deepEqual([scene.entries, scene.limits.capacity], [6, undefined]);
  }
});

test('tags of one address: those of others count, rank decides, a figure that the device names is learned', () => {
  for (const tags of [4, undefined]) {
    const scene = new Scene(undefined, { tables: 1, tags });
    scene.device[0]?.set('a', new Set(['theirs', 'also.theirs']));
    scene.read(0);
    scene.want('a', ['k.a', 'k.b', 'k.c', 'k.d']);
    scene.want('b', ['k.a', 'k.b', 'k.c', 'k.d']);
    scene.drain();
    assert.deepEqual([...(scene.device[0]?.get('a') ?? [])].sort(), ['also.theirs', 'k.a', 'k.b', 'theirs']);
    assert.deepEqual(scene.tables[0]?.room.unfitAt('a'), ['k.c', 'k.d']);
    assert.deepEqual(scene.tables[0]?.room.unfitAt('b'), noTags);
    assert.equal(scene.limits.tagsPerAddress, 4);
    assert.equal(scene.tables[0]?.refusals.size, 0);
    scene.want('a', ['k.a', 'k.b', 'k.c', 'k.d', 'k.gold']);
    scene.drain();
    assert.deepEqual([...(scene.device[0]?.get('a') ?? [])].sort(), [
      'also.theirs',
      'k.a',
      'k.gold',
      'theirs',
    ]);
  }
});

test('it warns from 80 % on, until it is below 75 % again', () => {
  const scene = new Scene(20, { tables: 1 });
  scene.read(0);
  const fill = (count: number) => {
    for (let i = 0; i < 20; i++) scene.want(`n${i}`, i < count ? ['k.a'] : noTags);
    scene.drain();
    return scene.limits.warns;
  };
  assert.deepEqual([15, 16, 15, 14, 15, 20].map(fill), [false, true, true, false, false, true]);
  scene.configured = { addresses: undefined, tagsPerAddress: undefined };
  assert.equal(scene.limits.warns, false);
});

test('a table that cannot be read keeps none of its siblings waiting, and without a limit nobody waits', () => {
  const sides = { known: false, failing: false };
  const one = { known: true, failing: false, entries: 1, taken: 1, hasEntry: () => false, tagsAt: () => 0 };
  const nothing = { review: () => {}, reviewAll: () => {}, retry: () => {} };
  const waits = (addresses: number | undefined, tables: readonly LimitedTable[]) =>
    new DeviceLimits({
      deserved: { tagsOf: () => noTags, addresses: () => [], count: 0, rankOf: () => undefined },
      tables: () => tables,
      configured: () => ({ addresses, tagsPerAddress: undefined }),
      moved: () => {},
    }).mustWait;
  const known = { ...one, ...nothing };
  const unread = { ...known, ...sides };
  assert.equal(waits(10, [known, unread]), true);
  assert.equal(waits(undefined, [known, unread]), false);
  assert.equal(waits(10, [unread]), false, 'it has no sibling');
  assert.equal(waits(10, [known, { ...unread, failing: true }]), false);
  assert.equal(waits(10, [known, known]), false);
});

test('a limit of the spec below what the device refused at is the one that counts', () => {
  const scene = new Scene(undefined, { tables: 1 });
  scene.takes = 3;
  scene.read(0);
  for (const address of 'abcde') scene.want(address, ['k.a']);
  scene.drain();
  assert.equal(scene.limits.isRefused, true);
  scene.configured = { addresses: 2, tagsPerAddress: undefined };
  scene.limits.limitsChanged();
  scene.drain();
  assert.deepEqual([scene.limits.capacity, scene.limits.isRefused, scene.entries], [2, false, 2]);
});
