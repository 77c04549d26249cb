// Mode Observe's plan: it counts the whole difference between device and desired, and moves only when that does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { outlookOf, pairChanges } from '../../../src/core/table/outlook.ts';
import { Table } from '../../../src/core/table/table.ts';
import { noTags, type TagSet, tagSet } from '../../../src/core/model/tag-set.ts';
import { neverTrips } from '../removals/guard-limits.ts';
import { confirmBatch, nextBatch } from './messages.ts';

const limits = { entries: 500, bytes: 1024 * 1024 };

function tableOf(
  wanted: ReadonlyMap<string, TagSet>,
  gate: (tag: string) => string | undefined,
  guard = neverTrips,
) {
  return new Table(
    { tagsOf: (address) => wanted.get(address) ?? noTags, addresses: () => wanted.keys() },
    gate,
    guard,
  );
}

function read(table: Table, held: ReadonlyMap<string, TagSet>): void {
  table.beginRead();
  table.endRead({ owned: held, others: new Map(), agreed: true }, 0);
}

test('nothing is said of a table that has not been read', () => {
  const table = tableOf(new Map([['10.0.0.1', ['k.a']]]), () => undefined);
  assert.equal(table.outlook, undefined);
  read(table, new Map());
  assert.deepEqual(table.outlook, { register: 1, unregister: 0, examples: ['register 10.0.0.1 k.a'] });
});

test('examples are those of the smallest addresses, what would go first', () => {
  const wanted = new Map(['4', '2', '1', '3'].map((i) => [`10.0.0.${i}`, ['k.new']]));
  const held = new Map(['9', '8', '7', '6'].map((i) => [`10.0.0.${i}`, ['k.old']]));
  const table = tableOf(wanted, () => 'waits');
  read(table, held);
  assert.deepEqual(table.outlook, {
    register: 4,
    unregister: 4,
    examples: [
      'unregister 10.0.0.6 k.old',
      'unregister 10.0.0.7 k.old',
      'unregister 10.0.0.8 k.old',
      'register 10.0.0.1 k.new',
      'register 10.0.0.2 k.new',
      'register 10.0.0.3 k.new',
    ],
  });
});

test('at one address tags come in their order, whatever keeps them back', () => {
  const plan = { register: ['k.e', 'k.f'], unregister: ['k.c'], guarded: ['k.b'], waiting: ['k.a', 'k.d'] };
  assert.deepEqual(
    outlookOf(
      pairChanges({
        diffs: new Map([['10.0.0.1', plan]]),
        causesAt: () => () => 'unclaimed',
        gate: () => 'it waits',
      }),
    ),
    {
      register: 2,
      unregister: 4,
      examples: [
        ...['a', 'b', 'c'].map((tag) => `unregister 10.0.0.1 k.${tag}`),
        ...['e', 'f'].map((tag) => `register 10.0.0.1 k.${tag}`),
      ],
    },
  );
});

const tags = fc.subarray(['k.a', 'k.b', 'k.c']).map(tagSet);
const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1'];
const side = fc
  .array(tags, { minLength: addresses.length, maxLength: addresses.length })
  .map((all) => new Map(addresses.map((address, i) => [address, all[i] ?? noTags])))
  .map((all) => new Map([...all].filter(([, some]) => some.length > 0)));

test('law: it is the whole difference, whatever gate and guard would say, and nothing is left of it once all was sent', () => {
  const gates = fc.constantFrom(
    () => undefined,
    () => 'waits',
    (tag: string) => (tag === 'k.a' ? 'waits' : undefined),
  );
  const guards = fc.constantFrom(neverTrips, { percent: 0, minimum: 0 });
  fc.assert(
    fc.property(side, side, side, gates, guards, (first, then, held, gate, guard) => {
      const wanted = new Map(first);
      const table = tableOf(wanted, gate, guard);
      read(table, held);
      for (const address of addresses) {
        const before = wanted.get(address) ?? noTags;
        const after = then.get(address) ?? noTags;
        if (after.length === 0) wanted.delete(address);
        else wanted.set(address, after);
        table.note({ address, before, after, cause: after.length === 0 ? 'vacated' : 'policy' }, 1);
        if (address === addresses[1])
          assert.ok(table.outlook, 'asking in between leaves nothing stale behind');
      }
      const missing = (from: ReadonlyMap<string, TagSet>, to: ReadonlyMap<string, TagSet>) =>
        addresses.flatMap((a) => (from.get(a) ?? noTags).filter((tag) => !to.get(a)?.includes(tag))).length;
      const { register, unregister } = table.outlook ?? {};
      assert.deepEqual([register, unregister], [missing(wanted, held), missing(held, wanted)]);

      table.setKnowledge({ gate: () => undefined }, 2);
      table.configureGuard(neverTrips);
      if (table.held[0] !== undefined) table.approve(table.held[0].id, 2);
      for (
        let batch = nextBatch(table, limits, 3);
        batch !== undefined;
        batch = nextBatch(table, limits, 3)
      ) {
        confirmBatch(batch, [], 3);
      }
      assert.deepEqual(table.outlook, { register: 0, unregister: 0, examples: [] });
    }),
  );
});

test('each pair is told with its cause, and with what its removal waits for', () => {
  const diff = { register: ['new'], unregister: ['b'], guarded: ['c'], waiting: ['a'] };
  const changes = pairChanges({
    diffs: new Map([
      ['10.0.0.2', { ...diff, register: [], unregister: [], guarded: [] }],
      ['10.0.0.1', diff],
    ]),
    causesAt: () => (tag) => (tag === 'b' ? 'vacated' : 'policy'),
    gate: () => 'the table has not been read in full',
  });
  const at = { kind: 'unregister', address: '10.0.0.1', cause: 'policy' };
  const waiting = { ...at, tag: 'a', waitsFor: 'the table has not been read in full' };
  assert.deepEqual(changes, [
    waiting,
    { ...at, tag: 'b', cause: 'vacated' },
    { ...at, tag: 'c', waitsFor: 'the removal guard' },
    { kind: 'register', address: '10.0.0.1', tag: 'new' },
    { ...waiting, address: '10.0.0.2' },
  ]);
});
