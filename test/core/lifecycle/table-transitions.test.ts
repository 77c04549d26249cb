// Laws of which tables are kept, purged or left, over random specs, groups and histories, and against a naive reference.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { TableEntry } from '../../../src/core/device/device-groups.ts';
import {
  tableTransition,
  type TablesNow,
  type TableTransition,
  type TablesSpec,
} from '../../../src/core/lifecycle/table-transitions.ts';
import { distinctTables, tableKey } from '../../../src/core/model/table-ref.ts';

/** vsys1 has a second name: none. */
const names = [undefined, 'vsys1', 'vsys2', 'vsys3', 'vsys4'] as const;
const entry = fc.record({ serial: fc.constantFrom('1', '2'), vsys: fc.constantFrom(...names) });
const tables = fc.array(entry, { maxLength: 8 }).map((all) => distinctTables<TableEntry>(all));
const keysOf = (all: readonly TableEntry[]) => all.map(tableKey);

type Wish = {
  readonly tables: readonly TableEntry[];
  readonly told: boolean;
  readonly asked: readonly TableEntry[];
  readonly allowed: boolean;
};
const wish: fc.Arbitrary<Wish> = fc.record({
  tables,
  told: fc.boolean(),
  asked: tables,
  allowed: fc.boolean(),
});

function specOf({ tables: wanted, told, asked, allowed }: Wish): TablesSpec {
  const asksFor = (table: TableEntry) => keysOf(asked).includes(tableKey(table));
  return {
    tables: wanted,
    told,
    asksFor,
    departs: (table) => asksFor(table) && !keysOf(wanted).includes(tableKey(table)),
    purgeObstacle: allowed ? undefined : 'spec.mode is Observe',
  };
}

/** What a table's process is after the moves. */
function carriedOut(now: TablesNow, moves: TableTransition): TablesNow {
  const isNot = (some: readonly TableEntry[]) => (table: TableEntry) =>
    !keysOf(some).includes(tableKey(table));
  return {
    kept: moves.keep,
    leaving: [...now.leaving.filter(isNot(moves.takeBack)), ...moves.purge],
    departed: [...now.departed.filter(isNot(moves.depart)), ...moves.depart].filter(isNot(moves.forget)),
    former: [],
  };
}

/** One table by itself, as the truth table says it. */
function fateOf(key: string, { kept, leaving, former }: TablesNow, spec: Wish): string {
  const has = (some: readonly TableEntry[]) => keysOf(some).includes(key);
  const isAsked = has(spec.asked) && !has(spec.tables);
  if (has(spec.tables) || (has(kept) && !spec.told && !isAsked)) return 'kept';
  if (has(leaving)) return 'leaving';
  if (!has(kept) && !has(former)) return 'none';
  if (isAsked) return 'depart';
  return spec.allowed ? 'purge' : 'leave';
}

const world = fc.record({
  first: tables,
  former: tables,
  wishes: fc.array(wish, { minLength: 1, maxLength: 6 }),
});

/** Every step of random histories that begin with a leader's tables. */
function eachStep(law: (now: TablesNow, wanted: Wish, moves: TableTransition) => void): void {
  fc.assert(
    fc.property(world, ({ first, former, wishes }) => {
      let now: TablesNow = { kept: first, leaving: [], departed: [], former };
      for (const wanted of wishes) {
        const moves = tableTransition(now, specOf(wanted));
        law(now, wanted, moves);
        now = carriedOut(now, moves);
      }
    }),
    { numRuns: 2000, seed: 10 },
  );
}

test('law: each table has the fate that the truth table gives it by itself', () => {
  eachStep((now, wanted, moves) => {
    const all = [...now.kept, ...now.leaving, ...now.former, ...wanted.tables];
    for (const key of new Set(keysOf(all))) {
      const isIn = (some: readonly TableEntry[]) => keysOf(some).includes(key);
      const fates = [
        ...(isIn(moves.keep) ? ['kept'] : []),
        ...(isIn(moves.depart) ? ['depart'] : []),
        ...(isIn(moves.purge) ? ['purge'] : []),
        ...(isIn(moves.leave) ? ['leave'] : []),
        ...(isIn(now.leaving) && !isIn(moves.takeBack) ? ['leaving'] : []),
      ];
      const expected = fateOf(key, now, wanted);
      assert.deepEqual(fates, expected === 'none' ? [] : [expected], key);
    }
  });
});

test('law: no table is purged while it is kept, nor purged twice, nor both started and left', () => {
  eachStep((now, _, moves) => {
    const next = carriedOut(now, moves);
    const owned = keysOf([...next.kept, ...next.leaving]);
    assert.equal(new Set(owned).size, owned.length);
    const started = new Set(keysOf(moves.start));
    assert.ok(keysOf([...moves.purge, ...moves.leave, ...moves.depart]).every((key) => !started.has(key)));
  });
});

test('law: what comes back while it is purged starts again, and its purge ends', () => {
  eachStep((now, wanted, moves) => {
    for (const key of keysOf(now.leaving).filter((one) => keysOf(wanted.tables).includes(one))) {
      assert.ok(keysOf(moves.takeBack).includes(key) && keysOf(moves.start).includes(key));
      assert.ok(!keysOf(moves.purge).includes(key));
    }
  });
});

test('law: while a group has not told nothing that was kept is purged or left; a spec that forbids it purges nothing', () => {
  eachStep((now, wanted, moves) => {
    const gone = keysOf(now.kept);
    if (!wanted.told) assert.ok(keysOf([...moves.purge, ...moves.leave]).every((key) => !gone.includes(key)));
    assert.ok(moves.purge.length === 0 || wanted.allowed);
  });
});

test('law: what has been carried out leaves nothing to do', () => {
  eachStep((now, wanted, moves) => {
    const again = tableTransition(carriedOut(now, moves), specOf(wanted));
    const { start, stop, takeBack, depart, purge, leave, forget, moved } = again;
    assert.deepEqual(
      { start, stop, takeBack, depart, purge, leave, forget, moved },
      { start: [], stop: [], takeBack: [], depart: [], purge: [], leave: [], forget: [], moved: false },
    );
  });
});
