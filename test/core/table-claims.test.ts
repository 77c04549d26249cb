// Several PanFirewalls on one table: of those that overlap exactly one writes, and which one does not depend on order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { overlaps } from '../../src/core/ownership.ts';
import { type Claim, precedence } from '../../src/core/table-claims.ts';

const claim = fc
  .record({
    uid: fc.uuid(),
    createdAt: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', '2026-01-02T00:00:00Z'),
    tagPrefix: fc.constantFrom('k8s.', 'k8s.prod.', 'other.'),
    device: fc.oneof(
      fc.constantFrom<Claim['device']>({ identity: 'A' }, { identity: 'B' }),
      fc.constantFrom<Claim['device']>('asking', 'unknown'),
    ),
    tables: fc.constantFrom(['vsys1'], ['vsys2'], ['vsys1', 'vsys2']),
  })
  .map((drawn): Claim => ({ ...drawn, firewall: `fw-${drawn.uid}` }));
const claims = fc.uniqueArray(claim, { selector: ({ uid }) => uid, maxLength: 6 });

const share = (a: Claim, b: Claim, vsys: string): boolean =>
  typeof a.device === 'object' &&
  typeof b.device === 'object' &&
  a.device.identity === b.device.identity &&
  b.tables.includes(vsys) &&
  a.tables.includes(vsys) &&
  overlaps(a.tagPrefix, b.tagPrefix);

const writers = (all: readonly Claim[], vsys: string) =>
  all.filter((one) => one.tables.includes(vsys) && precedence(all, one, vsys).kind === 'ours');

test('no two that share a table under overlapping prefixes write, and the eldest of all is never stopped', () => {
  fc.assert(
    fc.property(claims, fc.constantFrom('vsys1', 'vsys2'), (all, vsys) => {
      const writing = writers(all, vsys);
      for (const a of writing) for (const b of writing) assert.ok(a === b || !share(a, b, vsys));
      const [eldest] = all.toSorted((a, b) => (a.createdAt + a.uid < b.createdAt + b.uid ? -1 : 1));
      if (eldest !== undefined && typeof eldest.device === 'object')
        assert.equal(precedence(all, eldest, vsys).kind, 'ours');
    }),
  );
});

test('the order of claims does not matter, and the one that is named as taker writes or is itself stopped', () => {
  fc.assert(
    fc.property(claims, (all) => {
      for (const one of all) {
        const found = precedence(all, one, 'vsys1');
        assert.deepEqual(precedence(all.toReversed(), one, 'vsys1'), found);
        if (found.kind !== 'taken') continue;
        const taker = all.find(({ firewall }) => firewall === found.by);
        assert.ok(taker !== undefined && share({ ...one, tables: ['vsys1'] }, taker, 'vsys1'));
      }
    }),
  );
});

test('of several that were there before, the eldest is named; of one second, the one with the smaller uid', () => {
  const born = (uid: string, second: number): Claim => ({
    firewall: uid,
    uid,
    createdAt: `2026-01-01T00:00:0${second}Z`,
    tagPrefix: 'k8s.',
    device: { identity: 'A' },
    tables: ['vsys1'],
  });
  const [first, second, third] = [born('b', 1), born('c', 1), born('a', 2)];
  const youngest = born('d', 3);
  for (const all of [
    [first, second, third, youngest],
    [youngest, third, second, first],
    [third, first, youngest, second],
  ]) {
    assert.deepEqual(precedence(all, first, 'vsys1'), { kind: 'ours' });
    for (const other of [second, third, youngest])
      assert.deepEqual(precedence(all, other, 'vsys1'), { kind: 'taken', by: 'b' });
  }
});

test('who does not know its device waits, and so does who is younger than one that is still asking', () => {
  const elder: Claim = {
    firewall: 'elder',
    uid: 'a',
    createdAt: '2026-01-01T00:00:00Z',
    tagPrefix: 'k8s.',
    device: 'asking',
    tables: ['vsys1'],
  };
  const younger: Claim = {
    ...elder,
    firewall: 'younger',
    createdAt: '2026-01-02T00:00:00Z',
    device: { identity: 'A' },
  };
  const kind = (device: Claim['device'], tagPrefix = 'k8s.') =>
    precedence([{ ...elder, device, tagPrefix }, younger], younger, 'vsys1');
  assert.deepEqual(precedence([elder, younger], elder, 'vsys1'), { kind: 'wait' });
  assert.deepEqual(kind('asking'), { kind: 'wait' });
  assert.deepEqual(kind('asking', 'other.'), { kind: 'ours' });
  assert.deepEqual(kind('unknown'), { kind: 'ours' });
  assert.deepEqual(kind({ identity: 'B' }), { kind: 'ours' });
  assert.deepEqual(kind({ identity: 'A' }), { kind: 'taken', by: 'elder' });
});
