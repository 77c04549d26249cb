// The limits of a device over its tables: never beyond them, by rank, stable, and what the device refuses is learned.

import { neverTrips } from '../removals/guard-limits.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Batch } from '../../../src/core/message/batch.ts';
import { DeviceLimits, type LimitedTable } from '../../../src/core/limits/device-limits.ts';
import { compareRanks, type Rank } from '../../../src/core/policies/rank.ts';
import type { RefusedPair } from '../../../src/core/message/refusals.ts';
import { Table } from '../../../src/core/table/table.ts';
import { noTags, type TagSet, tagSet } from '../../../src/core/model/tag-set.ts';
import { confirmBatch, leaveUnanswered, nextBatch } from '../table/messages.ts';

const gold: Rank = { priority: 1, name: 'gold' };

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
  /** How many tags of an address it takes. */
  takesTags = 4;
  /** Addresses that it refuses whatever capacity is free, in the words of this limit, with this figure. */
  readonly bad = new Map<string, { kind: 'addresses' | 'tags'; figure?: number }>();
  unregistered = 0;
  /** Each address is a tenant's of its own. */
  namespaceOf = (address: string) => address;
  rankOfTag = (tag: string | undefined): Rank => (tag === 'k.gold' ? gold : undefined);
  now = 0;

  constructor(
    addresses: number | undefined,
    { tables = 2, tags = undefined as number | undefined, isCertain = true, guard = neverTrips } = {},
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
        rankOf: (address) => this.rankOfTag(tagsOf(address)[0]),
        namespaceOf: (address) => this.namespaceOf(address),
      },
      tables: () => this.#limited,
      configured: () => this.configured,
    });
    this.tables = this.device.map(() => {
      const { limits } = this;
      const side = {
        deserved: tagsOf,
        get tagsPerAddress() {
          return limits.configuredTags;
        },
        ranksAt: (address: string) => new Map(tagsOf(address).map((tag) => [tag, this.rankOfTag(tag)])),
        refusedBeyond: (address: string) => limits.refusedTagsAt(address),
        displacementOf: (address: string) => limits.displacementOf(address),
      };
      const wanted = {
        tagsOf: (a: string) => limits.tagsOf(a),
        addresses: () => desired.keys(),
        limits: side,
      };
      return new Table(wanted, () => undefined, guard);
    });
    this.#limited = this.tables.map(limited);
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
    this.refresh();
  }

  /** Settles who has a slot, and has the tables look again at what that changes. */
  refresh(): void {
    this.limits.settle();
    const { addresses, all } = this.limits.takeReview();
    for (const table of this.tables) {
      if (all) table.reviewAll(this.now);
      else for (const address of addresses) table.review(address, this.now);
    }
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
    this.refresh();
    const batch = this.limits.mustWait ? undefined : nextBatch(table, { entries, bytes: 1e6 }, this.now);
    if (table === undefined || limited === undefined || batch === undefined) return false;
    const newcomers = batch
      .filter(({ address, register }) => register.length > 0 && limited.tagsAt(address) === 0)
      .map(({ address }) => address);
    const refusedPairs = this.#apply(i, batch);
    confirmBatch(batch, refusedPairs, this.now);
    const retry = this.limits.answered({ table: limited, batch, newcomers, refusedPairs }, this.now);
    for (const address of retry) table.retry(address, this.now);
    return true;
  }

  /** A message whose answer never comes; the device took it all the same, or did not. */
  lose(i: number, isTaken: boolean): boolean {
    const table = this.tables[i];
    this.refresh();
    const batch = nextBatch(table, { entries: 500, bytes: 1e6 }, this.now);
    if (table === undefined || batch === undefined) return false;
    if (isTaken) this.#apply(i, batch);
    leaveUnanswered(batch, this.now);
    return true;
  }

  /** A reading that agrees with no count of the device and shows nothing. */
  misread(i: number): void {
    const table = this.tables[i];
    table?.beginRead();
    table?.endRead({ owned: new Map(), others: new Map(), agreed: false }, this.now);
    this.refresh();
  }

  tagsOn(i: number, address: string): string[] {
    return [...(this.device[i]?.get(address) ?? [])].sort();
  }

  /** The time goes on, and whatever is due is done. */
  wait(ms: number): void {
    for (const until = this.now + ms; this.now < until; this.now += 1000) {
      this.limits.probe(this.now);
      this.drain();
    }
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

  #apply(i: number, batch: Batch): RefusedPair[] {
    const table = this.device[i] ?? new Map<string, Set<string>>();
    const refusedPairs: RefusedPair[] = [];
    for (const { address, unregister } of batch)
      for (const tag of unregister) if (table.get(address)?.delete(tag) === true) this.unregistered += 1;
    for (const { address, register } of batch) {
      const words = this.bad.get(address);
      for (const tag of register) {
        const tags = table.get(address) ?? new Set<string>();
        if (words !== undefined) {
          const limit = { kind: words.kind, isCertain: this.#isCertain, figure: words.figure };
          refusedPairs.push({ section: 'register', address, tag, message: 'no', limit });
        } else if (tags.size === 0 && this.entries >= this.takes) {
          const limit = { kind: 'addresses' as const, isCertain: this.#isCertain, figure: undefined };
          refusedPairs.push({ section: 'register', address, tag, message: 'full', limit });
        } else if (tags.size >= this.takesTags) {
          const limit = { kind: 'tags' as const, isCertain: true, figure: this.takesTags };
          refusedPairs.push({ section: 'register', address, tag, message: 'too many', limit });
        } else table.set(address, tags.add(tag));
      }
    }
    return refusedPairs;
  }
}

function limited(table: Table): LimitedTable {
  return {
    get known() {
      return table.known;
    },
    failing: false,
    get entries() {
      return table.owned + table.foreign;
    },
    get unmanaged() {
      return table.foreign + table.usage.lingering;
    },
    tagsAt: (address) => table.tagsAt(address).ours + table.tagsAt(address).others,
    mostTags: () => table.mostTags,
    crowded: () => table.usage.crowded.keys(),
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
    fc.property(fc.integer({ min: 2, max: 14 }), fc.array(move, { maxLength: 60 }), (most, moves) => {
      const scene = new Scene(most);
      for (const table of scene.device) table.set('x', new Set(['theirs']));
      scene.read(0);
      scene.read(1);
      for (const one of moves) {
        scene.now += 1;
        if (one.kind === 'want') scene.want(one.address, [one.tag]);
        else if (one.kind === 'drop') scene.want(one.address, noTags, one.cause);
        else if (one.kind === 'read') scene.read(one.table);
        else scene.send(one.table, one.entries);
        assert.ok(scene.entries <= most, `${scene.entries} of ${most}`);
      }
      scene.drain();
      assert.ok(scene.entries <= most);
      const slots = Math.floor((most - 2) / 2);
      const [owned, other] = [scene.ownedOn(0), scene.ownedOn(1)];
      assert.deepEqual(owned, other, 'the same addresses in all tables');
      assert.equal(owned.length, Math.min(slots, scene.desired.size));
      const out = [...scene.desired.keys()].filter((address) => !owned.includes(address));
      const rank = (address: string) => scene.rankOfTag(scene.desired.get(address)?.[0]);
      for (const one of out) for (const other of owned) assert.ok(compareRanks(rank(one), rank(other)) >= 0);
      assert.equal(scene.limits.slotless, out.length);
      // A restart over the same table finds everything as it should be.
      const next = new Scene(most);
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

const ten = Array.from({ length: 10 }, (_, i) => `n${i}`);
const holdsAll = { percent: 0, minimum: 0 };
const causesIn = (batch: Batch | undefined) =>
  new Set(batch?.flatMap(({ causes }) => [...causes.values()]) ?? []);

test('what an edit of a limit would displace is guarded like a policy edit, also over a restart', () => {
  const scene = new Scene(undefined, { tables: 1, guard: holdsAll });
  scene.read(0);
  for (const address of ten) scene.want(address, ['k.a']);
  scene.drain();
  scene.configured = { addresses: 4, tagsPerAddress: undefined };
  scene.limits.limitsChanged();
  scene.drain();
  assert.equal(scene.entries, 10, 'nothing goes unasked');
  assert.deepEqual([scene.limits.slotless, scene.tables[0]?.pending], [6, 0]);
  scene.want('later', ['k.a']);
  scene.want('gold', ['k.gold']);
  scene.drain();
  assert.ok(scene.ownedOn(0).includes('gold') && !scene.ownedOn(0).includes('later'));
  assert.equal(scene.entries, 10, 'a higher rank takes the slot of one, at once');

  const next = new Scene(4, { tables: 1, guard: holdsAll });
  for (const [address, tags] of scene.desired) next.desired.set(address, tags);
  for (const [address, tags] of scene.device[0] ?? []) next.device[0]?.set(address, tags);
  next.read(0);
  next.drain();
  assert.equal(next.entries, 10, 'nor after a restart');

  const free = new Scene(4, { tables: 1 });
  for (const [address, tags] of next.desired) free.desired.set(address, tags);
  for (const [address, tags] of next.device[0] ?? []) free.device[0]?.set(address, tags);
  free.read(0);
  const batch = nextBatch(free.tables[0], { entries: 100, bytes: 1e6 }, 0);
  assert.deepEqual(causesIn(batch), new Set(['limit']));
  assert.equal(batch?.length, 6, 'where the guard lets them, they go');
});

test('what is held for a lowered limit and then deserved no more still takes capacity: nothing is registered in its stead', () => {
  const scene = new Scene(undefined, { tables: 1, guard: holdsAll });
  scene.read(0);
  for (const address of ten) scene.want(address, ['k.a']);
  scene.drain();
  scene.configured = { addresses: 9, tagsPerAddress: undefined };
  scene.limits.limitsChanged();
  scene.drain();
  const [out = ''] = ten.filter((address) => scene.limits.isOut(address));
  scene.want(out, noTags, 'policy');
  scene.drain();
  assert.equal(scene.entries, 10, 'both removals are held');
  scene.want(out === 'n0' ? 'n1' : 'n0', noTags);
  scene.want('later', ['k.a']);
  scene.drain();
  assert.deepEqual([scene.entries, scene.ownedOn(0).includes('later')], [9, false]);
});

test('fewer tags an address by an edit: guarded, and a higher rank takes a slot at once', () => {
  const scene = new Scene(undefined, { tables: 1, guard: holdsAll });
  scene.takesTags = 64;
  scene.read(0);
  scene.want('a', ['k.a', 'k.b', 'k.c']);
  scene.drain();
  scene.configured = { addresses: undefined, tagsPerAddress: 2 };
  scene.limits.limitsChanged();
  scene.drain();
  assert.equal(scene.device[0]?.get('a')?.size, 3);
  const other = new Scene(undefined, { tables: 1, guard: holdsAll, tags: 3 });
  other.read(0);
  other.want('a', ['k.a', 'k.b', 'k.c']);
  other.drain();
  other.want('a', ['k.a', 'k.b', 'k.c', 'k.gold']);
  other.drain();
  assert.deepEqual([...(other.device[0]?.get('a') ?? [])].sort(), ['k.a', 'k.b', 'k.gold']);
});

const byTag = (priority: number): Rank => ({ priority, name: `p${priority}` });

test('law: whatever answers are lost, what a higher rank displaces goes at once, and what an edit displaces is guarded', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('rank' as const, 'answered' as const, 'misread' as const) },
    { weight: 3, arbitrary: fc.constantFrom('lost' as const, 'lost but taken' as const) },
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 }), fc.array(step, { maxLength: 14 }), (fewer, steps) => {
      const scene = new Scene(undefined, { tables: 1, guard: holdsAll, tags: 4 });
      scene.takesTags = 64;
      scene.rankOfTag = (tag) => byTag(Number(tag?.slice(2)));
      scene.read(0);
      let tags = ['k.0', 'k.1', 'k.2', 'k.3'];
      scene.want('a', tags);
      scene.drain();
      scene.configured = { addresses: undefined, tagsPerAddress: 4 - fewer };
      scene.limits.limitsChanged();
      for (const kind of steps) {
        if (kind === 'rank') {
          tags = [...tags, `k.${tags.length}`];
          scene.want('a', tagSet(tags));
        } else if (kind === 'answered') scene.drain();
        else if (kind === 'misread') scene.misread(0);
        else scene.lose(0, kind === 'lost but taken');
        assert.ok(scene.tagsOn(0, 'a').length <= 4, 'no message leaves more there than there were');
      }
      scene.read(0);
      scene.drain();
      const inOrder = tags.toReversed();
      const wanted = inOrder.slice(0, 4 - fewer);
      const there = scene.tagsOn(0, 'a');
      assert.equal(
        there.length,
        4,
        'what the edit displaced stays until somebody approves it, and nothing else does',
      );
      for (const tag of wanted) assert.ok(there.includes(tag), 'a higher rank takes a slot at once');
      assert.equal(scene.tables[0]?.held.length, fewer > 0 ? 1 : 0);
    }),
  );
});

test('what a device refuses is learned by one message, displaces nothing, and others are tried slowly', () => {
  for (const isCertain of [true, false]) {
    const scene = new Scene(undefined, { tables: 1, isCertain });
    scene.takes = 3;
    scene.read(0);
    for (const address of 'abcde') scene.want(address, ['k.a']);
    assert.equal(scene.drain(), 1, 'one message finds it');
    assert.deepEqual([scene.limits.capacity, scene.limits.isRefused, scene.limits.slotless], [3, true, 2]);
    assert.equal(scene.tables[0]?.refusals.size, 0, 'those that wait are not refused');
    scene.want('g', ['k.gold']);
    assert.equal(scene.drain(), 0, 'what the device has taken stays');
    assert.deepEqual(scene.ownedOn(0), ['a', 'b', 'c']);
    scene.want('a', noTags);
    scene.drain();
    assert.deepEqual(scene.ownedOn(0), ['b', 'c', 'g'], 'the order decides who gets in next');
    assert.equal(scene.limits.probeAt, 30_000);
    scene.now = 30_000;
    scene.limits.probe(scene.now);
    assert.equal(scene.drain(), 1, 'others are tried');
    assert.deepEqual([scene.entries, scene.limits.slotless, scene.limits.probeAt], [3, 2, 90_000]);
    scene.takes = 9;
    scene.now = 90_000;
    scene.limits.probe(scene.now);
    scene.drain();
    assert.deepEqual([scene.entries, scene.limits.slotless, scene.limits.capacity], [5, 0, undefined]);
  }
});

test('a device with free capacity that refuses some addresses of one tenant keeps out nobody else', () => {
  const scene = new Scene(undefined, { tables: 1, isCertain: false });
  scene.namespaceOf = (address) => (scene.bad.has(address) ? 'evil' : 'shop');
  scene.read(0);
  for (const address of ['evil1', 'evil2', 'evil3']) scene.bad.set(address, { kind: 'addresses' });
  for (const address of ten) scene.want(address, ['k.a']);
  scene.drain();
  for (const address of scene.bad.keys()) scene.want(address, ['k.b']);
  scene.drain();
  assert.equal(scene.limits.capacity, undefined);
  assert.equal(scene.tables[0]?.refusals.size, 3, 'they are set aside like any other');
});

test('law: words that mean something else keep nobody out for longer than a probe, and take nothing from anybody', () => {
  const newcomer = fc.record({
    // Of the first two tenants everything is refused.
    namespace: fc.constantFrom('a', 'b', 'c', 'd'),
    gold: fc.boolean(),
    ms: fc.constantFrom(0, 1000, 10_000, 40_000),
  });
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.integer({ min: 1, max: 2 }),
      fc.array(newcomer, { minLength: 1, maxLength: 25 }),
      (isCertain, tables, newcomers) => {
        const scene = new Scene(undefined, { tables, isCertain });
        const namespaces = new Map<string, string>();
        scene.namespaceOf = (address) => namespaces.get(address) ?? '';
        for (const i of scene.tables.keys()) scene.read(i);
        const since = new Map<string, number>();
        for (const [i, { namespace, gold, ms }] of newcomers.entries()) {
          namespaces.set(`n${i}`, namespace);
          if (namespace === 'a' || namespace === 'b') scene.bad.set(`n${i}`, { kind: 'addresses' });
          scene.want(`n${i}`, [gold ? 'k.gold' : 'k.a']);
          since.set(`n${i}`, scene.now);
          for (const until = scene.now + ms; scene.now <= until; ) {
            scene.wait(1000);
            for (const [address, at] of since) {
              if (scene.bad.has(address) || scene.now - at <= 32_000) continue;
              assert.ok(scene.ownedOn(0).includes(address), `${address} waits since ${at}`);
            }
          }
        }
        scene.wait(32_000);
        for (const address of since.keys())
          if (!scene.bad.has(address)) assert.ok(scene.ownedOn(0).includes(address), `${address} got in`);
        assert.equal(scene.unregistered, 0, 'nothing was taken from anybody');
      },
    ),
    { numRuns: 200 },
  );
});

test('a probe tries others than before, and one of each namespace', () => {
  const scene = new Scene(undefined, { tables: 1, isCertain: false });
  scene.namespaceOf = ([namespace = '']) => namespace;
  scene.takes = 2;
  scene.read(0);
  for (const address of ['x1', 'y1', 'a1', 'a2', 'b1', 'b2']) scene.want(address, ['k.a']);
  scene.drain();
  assert.deepEqual([scene.ownedOn(0), scene.limits.capacity], [['x1', 'y1'], 2]);
  const tried = () => {
    scene.now = scene.limits.probeAt ?? Number.NaN;
    scene.limits.probe(scene.now);
    const batch = ['a1', 'a2', 'b1', 'b2'].filter((address) => !scene.limits.isOut(address));
    scene.drain();
    return batch;
  };
  scene.want('a3', ['k.a']);
  assert.deepEqual(tried(), ['b1']);
  assert.deepEqual(tried(), ['a1', 'b2']);
  assert.deepEqual(tried(), ['a2', 'b1']);
});

test('a figure of tags that the device has taken more of is no limit, and takes nothing from anybody', () => {
  const scene = new Scene(undefined, { tables: 1 });
  scene.takesTags = 64;
  scene.namespaceOf = (address) => address;
  scene.read(0);
  for (const address of ten) scene.want(address, ['k.a', 'k.b', 'k.c']);
  scene.drain();
  scene.bad.set('evil', { kind: 'tags', figure: 1 });
  scene.want('evil', ['k.x']);
  scene.drain();
  assert.equal(scene.limits.tagsPerAddress, 3, 'an address has three');
  assert.equal(scene.unregistered, 0);
  scene.want('n0', ['k.a', 'k.b', 'k.c', 'k.d', 'k.gold']);
  scene.drain();
  assert.deepEqual([...(scene.device[0]?.get('n0') ?? [])].sort(), ['k.a', 'k.b', 'k.c']);
  scene.wait(61_000);
  assert.deepEqual(
    scene.tables[0]?.usage.crowded.size,
    0,
    'one is tried with all of its tags, and that ends it',
  );
  assert.equal(scene.device[0]?.get('n0')?.size, 5);
  assert.equal(scene.unregistered, 0);
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
    assert.deepEqual(scene.tables[0]?.usage.unfitAt('a'), ['k.c', 'k.d']);
    assert.deepEqual(scene.tables[0]?.usage.unfitAt('b'), noTags);
    assert.equal(scene.limits.tagsPerAddress, 4);
    assert.equal(scene.tables[0]?.refusals.size, 0);
    scene.want('a', ['k.a', 'k.b', 'k.c', 'k.d', 'k.gold']);
    scene.drain();
    // What is configured goes by rank; what the device told by refusing takes nothing from what it has taken.
    const kept = tags === undefined ? ['k.a', 'k.b'] : ['k.a', 'k.gold'];
    assert.deepEqual([...(scene.device[0]?.get('a') ?? [])].sort(), ['also.theirs', ...kept, 'theirs']);
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
  const one = { known: true, failing: false, entries: 1, unmanaged: 1, tagsAt: () => 0 };
  const nothing = {
    mostTags: () => 0,
    crowded: () => [],
  };
  const waits = (addresses: number | undefined, tables: readonly LimitedTable[]) =>
    new DeviceLimits({
      deserved: { tagsOf: () => noTags, addresses: () => [], count: 0, rankOf: () => undefined },
      tables: () => tables,
      configured: () => ({ addresses, tagsPerAddress: undefined }),
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
