// Several PanFirewalls on one table: of those that overlap exactly one writes, and which one does not depend on order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { overlaps } from '../../../src/core/rights/ownership.ts';
import {
  type TableClaim,
  mayBeEstablished,
  placeAt,
  precedence,
} from '../../../src/core/rights/table-claims.ts';
import type { TableRef } from '../../../src/core/model/table-ref.ts';

const own = (vsys: string | undefined): TableRef => ({ serial: undefined, vsys });
const behind = (serial: string, vsys: string | undefined): TableRef => ({ serial, vsys });
/** Every way to name a table of device A or B, or whichever the endpoint's own is. */
const tables = [undefined, 'A', 'B'].flatMap((serial) =>
  [undefined, 'vsys1', 'vsys2'].map((vsys): TableRef => ({ serial, vsys })),
);

const claim = fc
  .record({
    uid: fc.uuid(),
    createdAt: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', '2026-01-02T00:00:00Z'),
    tagPrefix: fc.constantFrom('k8s.', 'k8s.prod.', 'other.'),
    device: fc.oneof(
      fc.constantFrom<TableClaim['device']>({ identity: 'A' }, { identity: 'B' }),
      fc.constantFrom<TableClaim['device']>('asking', 'unknown'),
    ),
    tables: fc.subarray(tables, { minLength: 1, maxLength: 3 }),
  })
  .map((drawn): TableClaim => ({ ...drawn, firewall: `fw-${drawn.uid}` }));
const claims = fc.uniqueArray(claim, { selector: ({ uid }) => uid, maxLength: 6 });
const somePlaces = fc
  .subarray(['A', 'B'].flatMap((identity) => tables.slice(0, 3).map((table) => placeAt(identity, table))))
  .map((places) => new Set(places));
/** Some have kept tables before, and by other endpoints. */
const claimsWithPast = fc.uniqueArray(
  fc
    .tuple(claim, somePlaces, somePlaces)
    .map(([one, established, moved]): TableClaim => ({ ...one, established, moved })),
  { selector: ({ uid }) => uid, maxLength: 6 },
);

/** Device and virtual system, where both are known. */
function place({ device }: TableClaim, { serial, vsys = 'vsys1' }: TableRef): string | undefined {
  if (serial !== undefined) return `${serial} ${vsys}`;
  return typeof device === 'object' ? `${device.identity} ${vsys}` : undefined;
}

const placesOf = (one: TableClaim) => one.tables.flatMap((table) => place(one, table) ?? []);

const writesTo = (all: readonly TableClaim[], one: TableClaim): string[] =>
  one.tables.flatMap((table) =>
    precedence(all, one, table).kind === 'ours' ? (place(one, table) ?? []) : [],
  );

test('no two write to one table under overlapping prefixes, whichever way they reach it', () => {
  fc.assert(
    fc.property(fc.oneof(claims, claimsWithPast), (all) => {
      for (const a of all)
        for (const b of all)
          if (a !== b && overlaps(a.tagPrefix, b.tagPrefix))
            for (const where of writesTo(all, a)) assert.ok(!writesTo(all, b).includes(where));
    }),
  );
});

test('the eldest of all is never stopped, and nobody writes to a device that is not known', () => {
  fc.assert(
    fc.property(claims, (all) => {
      const [eldest] = all.toSorted((a, b) => (a.createdAt + a.uid < b.createdAt + b.uid ? -1 : 1));
      for (const one of all)
        for (const table of one.tables) {
          const { kind } = precedence(all, one, table);
          if (place(one, table) === undefined) assert.equal(kind, 'wait');
          else if (one === eldest) assert.equal(kind, 'ours');
        }
    }),
  );
});

test('the order of claims does not matter, and the one that is named as taker has the table', () => {
  fc.assert(
    fc.property(claims, (all) => {
      for (const one of all)
        for (const table of one.tables) {
          const found = precedence(all, one, table);
          assert.deepEqual(precedence(all.toReversed(), one, table), found);
          if (found.kind !== 'taken') continue;
          const taker = all.find(({ firewall }) => firewall === found.by);
          assert.ok(taker !== undefined && overlaps(taker.tagPrefix, one.tagPrefix));
          assert.ok(placesOf(taker).includes(place(one, table) ?? ''));
        }
    }),
  );
});

test('of several that were there before, the eldest is named; of one second, the one with the smaller uid', () => {
  const born = (uid: string, second: number): TableClaim => ({
    firewall: uid,
    uid,
    createdAt: `2026-01-01T00:00:0${second}Z`,
    tagPrefix: 'k8s.',
    device: { identity: 'A' },
    tables: [own('vsys1')],
  });
  const [first, second, third] = [born('b', 1), born('c', 1), born('a', 2)];
  const youngest = born('d', 3);
  for (const all of [
    [first, second, third, youngest],
    [youngest, third, second, first],
    [third, first, youngest, second],
  ]) {
    assert.deepEqual(precedence(all, first, own('vsys1')), { kind: 'ours' });
    for (const other of [second, third, youngest])
      assert.deepEqual(precedence(all, other, own('vsys1')), { kind: 'taken', by: 'b' });
  }
});

const elder: TableClaim = {
  firewall: 'elder',
  uid: 'a',
  createdAt: '2026-01-01T00:00:00Z',
  tagPrefix: 'k8s.',
  device: 'asking',
  tables: [own('vsys1')],
};
const younger: TableClaim = {
  ...elder,
  firewall: 'younger',
  createdAt: '2026-01-02T00:00:00Z',
  device: { identity: 'A' },
};

test('who does not know its device waits, and so does who is younger than one that is still asking', () => {
  const kind = (device: TableClaim['device'], tagPrefix = 'k8s.') =>
    precedence([{ ...elder, device, tagPrefix }, younger], younger, own('vsys1'));
  assert.deepEqual(precedence([elder, younger], elder, own('vsys1')), { kind: 'wait' });
  assert.deepEqual(kind('asking'), { kind: 'wait' });
  assert.deepEqual(kind('asking', 'other.'), { kind: 'ours' });
  assert.deepEqual(kind('unknown'), { kind: 'ours' });
  assert.deepEqual(kind({ identity: 'B' }), { kind: 'ours' });
  assert.deepEqual(kind({ identity: 'A' }), { kind: 'taken', by: 'elder' });
});

const kept: TableClaim = {
  ...younger,
  firewall: 'keeper',
  device: 'unknown',
  endpoint: 'https://keeper',
  established: new Set([placeAt('A', own('vsys1'))]),
};
const taken = { kind: 'taken', by: 'keeper', byYounger: true } as const;

test('who has kept a table goes on having it while its device gives no answer, and the elder is told which endpoint that is', () => {
  const met: TableClaim = { ...elder, device: { identity: 'A' }, endpoint: 'https://elder' };
  const found = (keeper: TableClaim, mine = met) => precedence([mine, keeper], mine, own('vsys1'));
  const contradiction = {
    identity: 'A',
    endpoint: 'https://elder',
    other: { firewall: 'keeper', endpoint: 'https://keeper' },
  };
  assert.deepEqual(found(kept), { ...taken, unanswered: true, contradiction });
  const same = { ...contradiction, other: { firewall: 'keeper', endpoint: 'https://elder' } };
  assert.deepEqual(found({ ...kept, endpoint: 'https://elder' }), {
    ...taken,
    unanswered: true,
    contradiction: same,
  });
  assert.deepEqual(found({ ...kept, device: 'asking' }), { kind: 'wait' });
  assert.deepEqual(found({ ...kept, device: { identity: 'B' } }), { kind: 'ours' });
  assert.deepEqual(found({ ...kept, tagPrefix: 'other.' }), { kind: 'ours' });
  const behindPanorama = { ...met, device: 'unknown', tables: [behind('A', undefined)] } as const;
  assert.deepEqual(precedence([behindPanorama, kept], behindPanorama, behind('A', undefined)), {
    ...taken,
    unanswered: true,
    contradiction,
  });
});

test('who kept a table by another endpoint than its own of now lets others write meanwhile, and nobody be noted', () => {
  const met: TableClaim = { ...elder, device: { identity: 'A' } };
  const moved: TableClaim = { ...kept, moved: kept.established ?? new Set() };
  assert.deepEqual(precedence([met, moved], met, own('vsys1')), { kind: 'ours' });
  assert.equal(mayBeEstablished([met, moved], met, own('vsys1')), false);
  assert.equal(mayBeEstablished([met], met, own('vsys1')), true);
});

test('a serial that the spec names needs no answer: who kept the table behind a Panorama has it, and is said to keep it', () => {
  const met: TableClaim = { ...elder, device: { identity: 'A' } };
  const keeper: TableClaim = { ...kept, tables: [behind('A', 'vsys1')] };
  assert.deepEqual(precedence([met, keeper], met, own('vsys1')), taken);
  assert.deepEqual(precedence([met, keeper], keeper, behind('A', 'vsys1')), { kind: 'ours' });
});

test('of two that both have kept a table the elder has it, whether its device answers or not, and the younger is no obstacle', () => {
  const { established = new Set() } = kept;
  const [answering, silent] = [{ identity: 'A' }, 'unknown'] as const;
  for (const elders of [answering, silent])
    for (const youngers of [answering, silent]) {
      const first: TableClaim = { ...elder, device: elders, established };
      const second: TableClaim = { ...kept, device: youngers };
      const all = [second, first];
      assert.equal(precedence(all, first, own('vsys1')).kind, elders === silent ? 'wait' : 'ours');
      assert.equal(precedence(all, second, own('vsys1')).kind, youngers === silent ? 'wait' : 'taken');
    }
});

test('a table behind a Panorama is that of the firewall itself, and is known without asking the Panorama', () => {
  const panorama: TableClaim = { ...elder, tables: [behind('A', undefined), behind('B', 'vsys2')] };
  const all = [panorama, younger];
  assert.deepEqual(precedence(all, panorama, behind('A', undefined)), { kind: 'ours' });
  assert.deepEqual(precedence(all, younger, own('vsys1')), { kind: 'taken', by: 'elder' });
  assert.deepEqual(precedence(all, younger, own('vsys2')), { kind: 'ours' });
  const other = { ...younger, tables: [behind('B', 'vsys2')] };
  assert.deepEqual(precedence([panorama, other], other, behind('B', 'vsys2')), {
    kind: 'taken',
    by: 'elder',
  });
});

test('who is younger waits for an elder whose device groups have not been looked up, unless that one has the table', () => {
  const groups: TableClaim = {
    ...elder,
    device: { identity: 'P' },
    tables: [behind('A', 'vsys1')],
    open: true,
  };
  const kind = (claim: TableClaim, table: TableRef) => precedence([claim, younger], younger, table);
  assert.deepEqual(kind(groups, own('vsys2')), { kind: 'wait' });
  assert.deepEqual(kind(groups, own('vsys1')), { kind: 'taken', by: 'elder' });
  assert.deepEqual(kind({ ...groups, open: false }, own('vsys2')), { kind: 'ours' });
  assert.deepEqual(kind({ ...groups, tagPrefix: 'other.' }, own('vsys2')), { kind: 'ours' });
});
