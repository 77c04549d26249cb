// Tables that spec.tables expands to as device groups are looked up; a failed look changes nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { DeviceGroups } from '../../../src/core/device/group-members.ts';
import {
  asksFor,
  type GroupsAnswer,
  GroupMembership,
  groupsOf,
  isAmong,
  type TableEntry,
} from '../../../src/core/device/device-groups.ts';
import { tableKey } from '../../../src/core/model/table-ref.ts';

const inGroup = (deviceGroup: string, vsys?: string): TableEntry => ({
  serial: undefined,
  vsys,
  deviceGroup,
});
const listed = (serial: string, vsys?: string): TableEntry => ({ serial, vsys });
const member = (serial: string, ...vsys: string[]) => ({ serial, vsys });
const names = (tables: readonly TableEntry[]) =>
  tables.map(({ serial, vsys, deviceGroup }) => [serial, vsys, deviceGroup].filter(Boolean).join(' '));

const flat = (members: DeviceGroups): GroupsAnswer => ({ members, hierarchy: new Map() });
/** Each period brings another look. */
const period = 30_000;

function told(groups: DeviceGroups, entries: readonly TableEntry[]): GroupMembership {
  const membership = new GroupMembership();
  membership.tell(flat(groups), groupsOf(entries), 0);
  return membership;
}

test('a group is each of its firewalls, with the vsys that is named or with those that are in the group', () => {
  const groups = new Map([
    ['edge', [member('A'), member('B', 'vsys1', 'vsys3')]],
    ['lab', [member('C', 'vsys2')]],
  ]);
  const tables = (...entries: TableEntry[]) => names(told(groups, entries).tables(entries));
  assert.deepEqual(tables(inGroup('edge')), ['A edge', 'B vsys1 edge', 'B vsys3 edge']);
  assert.deepEqual(tables(inGroup('edge', 'vsys1')), ['A vsys1 edge', 'B vsys1 edge']);
  assert.deepEqual(tables(inGroup('lab', 'vsys1'), inGroup('lab', 'vsys2')), ['C vsys2 lab']);
});

test('who is listed and in groups is one table, called as it is listed', () => {
  const groups = new Map([
    ['edge', [member('A'), member('B')]],
    ['lab', [member('A', 'vsys1')]],
  ]);
  const entries = [inGroup('edge'), inGroup('lab'), listed('A', 'vsys1')];
  assert.deepEqual(names(told(groups, entries).tables(entries)), ['A vsys1', 'B edge']);
});

test('an empty group and a failed look change nothing, and say so', () => {
  const entries = [inGroup('edge')];
  const membership = told(new Map([['edge', [member('A')]]]), entries);
  for (const groups of [new Map(), new Map([['edge', []]])]) {
    membership.tell(flat(groups), ['edge'], period);
    assert.deepEqual(names(membership.tables(entries)), ['A edge']);
    assert.match(
      membership.noteOf('edge') ?? '',
      /edge: its tables are kept as before, though .* no firewall/,
    );
    assert.equal(membership.findingOf('edge'), undefined);
  }
  membership.fail({ reason: 'RoleNotAuthorized', message: 'a right lacks' }, ['edge']);
  assert.deepEqual(names(membership.tables(entries)), ['A edge']);
  assert.match(membership.noteOf('edge') ?? '', /kept as before, as it was not looked up: a right lacks/);
  for (const at of [2 * period, 3 * period])
    membership.tell(flat(new Map([['edge', [member('B')]]])), ['edge'], at);
  assert.deepEqual([names(membership.tables(entries)), membership.noteOf('edge')], [['B edge'], undefined]);
});

test('what is wrong with a group in which nobody is known to be', () => {
  const membership = new GroupMembership();
  const says = () => [
    membership.findingOf('edge')?.reason,
    membership.isKnown('edge'),
    membership.isUnseen('edge'),
  ];
  assert.deepEqual(says(), ['Progressing', false, true]);
  membership.fail({ reason: 'AuthenticationFailed', message: 'the key is bad' }, ['edge']);
  assert.deepEqual(says(), ['AuthenticationFailed', false, false]);
  membership.tell(flat(new Map()), ['edge'], 0);
  assert.deepEqual(says(), ['DeviceUnavailable', true, false]);
  assert.equal(membership.isTold('edge'), false);
  membership.tell(flat(new Map([['edge', [member('A')]]])), ['edge'], 0);
  assert.deepEqual(says(), [undefined, true, false]);
});

test('after a start, who was known is known, and is not told before a look', () => {
  const entries = [inGroup('edge')];
  const membership = told(new Map([['edge', [member('Z')]]]), entries);
  const former: TableEntry[] = [
    { serial: 'A', vsys: undefined, deviceGroup: 'edge' },
    { serial: 'B', vsys: 'vsys1', deviceGroup: 'edge' },
    { serial: 'B', vsys: 'vsys2', deviceGroup: 'edge' },
    { serial: 'C', vsys: undefined },
  ];
  membership.begin(former);
  assert.deepEqual(names(membership.tables(entries)), ['A edge', 'B vsys1 edge', 'B vsys2 edge']);
  assert.deepEqual([membership.isTold('edge'), membership.isUnseen('edge')], [false, true]);
});

test('a table is still asked for while its group is in the spec, with its vsys or without one', () => {
  const found = { serial: 'A', vsys: 'vsys1', deviceGroup: 'edge' };
  for (const [entry, asked] of [
    [inGroup('edge'), true],
    [inGroup('edge', 'vsys1'), true],
    [inGroup('edge', 'vsys2'), false],
    [inGroup('lab'), false],
    [listed('A', 'vsys1'), false],
  ] as const)
    assert.equal(asksFor([entry], found), asked);
  assert.equal(asksFor([inGroup('edge')], listed('A', 'vsys1')), false);
});

const vsysName = fc.constantFrom('vsys1', 'vsys2', 'vsys3');
const serial = fc.constantFrom('A', 'B', 'C');
const groupName = fc.constantFrom('edge', 'lab');
const entry: fc.Arbitrary<TableEntry> = fc.oneof(
  fc.tuple(groupName, fc.option(vsysName, { nil: undefined })).map(([group, vsys]) => inGroup(group, vsys)),
  fc.tuple(serial, fc.option(vsysName, { nil: undefined })).map(([one, vsys]) => listed(one, vsys)),
);
const answer: fc.Arbitrary<DeviceGroups> = fc
  .tuple(
    ...['edge', 'lab'].map(() =>
      fc.uniqueArray(fc.tuple(serial, fc.uniqueArray(vsysName)), { selector: ([one]) => one }),
    ),
  )
  .map(
    (all) =>
      new Map(
        ['edge', 'lab'].map((name, i) => [name, (all[i] ?? []).map(([one, vsys]) => member(one, ...vsys))]),
      ),
  );

test('law: every table is told once, is listed or in a group that told it, and comes back after a start', () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1 }), fc.array(answer, { minLength: 1 }), (entries, answers) => {
      const membership = new GroupMembership();
      // Each twice: who is missing has left when two looks agree.
      for (const [i, one] of answers.flatMap((each) => [each, each]).entries())
        membership.tell(flat(one), groupsOf(entries), i * period);
      const tables = membership.tables(entries);
      assert.equal(new Set(tables.map(tableKey)).size, tables.length);
      for (const table of tables) {
        if (table.deviceGroup === undefined) assert.ok(entries.includes(table));
        else {
          assert.ok(asksFor(entries, table));
          // The last answer that told of anybody counts.
          const last = answers.findLast((one) => (one.get(table.deviceGroup ?? '')?.length ?? 0) > 0);
          const told = last?.get(table.deviceGroup)?.find((one) => one.serial === table.serial);
          assert.ok(told !== undefined);
          if (told.vsys.length > 0) assert.ok(told.vsys.includes(table.vsys ?? ''));
        }
      }
      const later = new GroupMembership();
      later.begin(tables);
      for (const table of tables)
        if (table.deviceGroup !== undefined) assert.ok(isAmong(later.tables(entries), table));
    }),
  );
});

const refused: GroupsAnswer['hierarchy'] = {
  refused: { reason: 'RoleNotAuthorized', message: 'a right lacks' },
};
const nested = new Map([
  ['edge', ['eu', 'us']],
  ['eu', ['north']],
  ['us', []],
  ['north', []],
]);

test('a group is the firewalls of all groups below it, too; each table names the one that holds it', () => {
  const members = new Map([
    ['edge', [member('A')]],
    ['north', [member('B', 'vsys1', 'vsys2')]],
    ['us', [member('C')]],
    ['lab', [member('D')]],
  ]);
  const membership = new GroupMembership();
  const entries = [inGroup('edge', 'vsys1'), inGroup('north', 'vsys2')];
  membership.tell({ members, hierarchy: nested }, groupsOf(entries), 0);
  const tables = membership.tables(entries);
  assert.deepEqual(names(tables), ['A vsys1 edge', 'C vsys1 us', 'B vsys1 north', 'B vsys2 north']);
  assert.deepEqual(
    tables.map(({ listedGroup }) => listedGroup),
    [undefined, 'edge', 'edge', undefined],
  );
  for (const table of tables) assert.ok(asksFor(entries, table));
  assert.ok(!asksFor([inGroup('north')], tables[1] ?? inGroup('')));
  assert.equal(membership.noteOf('edge'), undefined);
});

test('where the hierarchy is refused, what is known of it stays, also over a start, and the status says so', () => {
  const entries = [inGroup('edge')];
  const members = new Map([
    ['edge', [member('A')]],
    ['north', [member('B')]],
    ['us', [member('C')]],
  ]);
  const own = new GroupMembership();
  own.tell({ members, hierarchy: refused }, ['edge'], 0);
  assert.deepEqual(names(own.tables(entries)), ['A edge']);
  assert.match(
    own.noteOf('edge') ?? '',
    /edge: firewalls that join .* refuses show dg-hierarchy; .*: a right lacks$/,
  );

  const membership = new GroupMembership();
  membership.tell({ members, hierarchy: nested }, ['edge'], 0);
  const all = ['A edge', 'C us', 'B north'];
  assert.deepEqual(names(membership.tables(entries)), all);
  const later = new GroupMembership();
  later.begin(membership.tables(entries));
  for (const one of [membership, later]) {
    for (const at of [1, 2, 3]) one.tell({ members, hierarchy: refused }, ['edge'], at * period);
    assert.deepEqual(names(one.tables(entries)), all);
    // Nor does a hierarchy without the group say anything of it.
    for (const at of [4, 5, 6]) one.tell({ members, hierarchy: new Map() }, ['edge'], at * period);
    assert.deepEqual([names(one.tables(entries)), one.noteOf('edge')], [all, undefined]);
  }

  const nobody = new GroupMembership();
  nobody.tell({ members: new Map(), hierarchy: refused }, ['edge'], 0);
  assert.equal(nobody.findingOf('edge')?.reason, 'RoleNotAuthorized');
});

test('law: a group is what can be reached below it, whatever circles the hierarchy goes in', () => {
  const group = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const hierarchies = fc
    .uniqueArray(fc.tuple(group, fc.array(group)), { selector: ([name]) => name })
    .map((all) => new Map(all));
  fc.assert(
    fc.property(hierarchies, group, (hierarchy, top) => {
      const members = new Map(['a', 'b', 'c', 'd', 'e'].map((name) => [name, [member(name)]] as const));
      const reached = new Map([[top, true]]);
      for (let round = 0; round < 5; round += 1)
        for (const one of reached.keys())
          for (const below of hierarchy.get(one) ?? []) reached.set(below, true);
      const membership = new GroupMembership();
      membership.tell({ members, hierarchy }, [top], 0);
      const tables = membership.tables([inGroup(top)]);
      assert.deepEqual(
        names(tables).toSorted(),
        [...reached.keys()].map((name) => `${name} ${name}`).toSorted(),
      );
    }),
  );
});

test('law: a member departs when two looks that are a period apart agree that it is missing, and no sooner', () => {
  const look = fc.record({
    serials: fc.subarray(['A', 'B', 'C']),
    gap: fc.constantFrom(1, period / 3, period - 1, period, 2 * period),
    isFailure: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(look, { maxLength: 12 }), (looks) => {
      const membership = new GroupMembership();
      const missingSince = new Map<string, number | undefined>();
      let now = 0;
      for (const { serials, gap, isFailure } of looks) {
        now += gap;
        if (isFailure) membership.fail({ reason: 'DeviceUnavailable', message: '' }, ['edge']);
        else membership.tell(flat(new Map([['edge', serials.map((one) => member(one))]])), ['edge'], now);
        if (!isFailure && serials.length > 0) {
          for (const one of serials) missingSince.set(one, undefined);
          for (const [one, since = now] of missingSince)
            if (serials.includes(one)) continue;
            else if (now - since >= period) missingSince.delete(one);
            else missingSince.set(one, since);
        }
        const kept = names(membership.tables([inGroup('edge')])).toSorted();
        assert.deepEqual(kept, [...missingSince.keys()].map((one) => `${one} edge`).toSorted());
      }
    }),
  );
});

test('a group that is taken out of the spec is nobody at once, missing members included', () => {
  const membership = told(new Map([['edge', [member('A'), member('B')]]]), [inGroup('edge')]);
  membership.tell(flat(new Map([['edge', [member('A')]]])), ['edge'], period);
  assert.deepEqual(names(membership.tables([inGroup('edge')])), ['A edge', 'B edge']);
  assert.deepEqual(membership.tables([listed('C')]), [listed('C')]);
});
