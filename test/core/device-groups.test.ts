// Which tables spec.tables comes to, as device groups are told, and that whoever tells nothing changes nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  asksFor,
  type DeviceGroups,
  GroupMembership,
  groupsOf,
  isAmong,
  type TableEntry,
} from '../../src/core/device-groups.ts';
import { tableKey } from '../../src/core/table-ref.ts';

const inGroup = (deviceGroup: string, vsys?: string): TableEntry => ({
  serial: undefined,
  vsys,
  deviceGroup,
});
const listed = (serial: string, vsys?: string): TableEntry => ({ serial, vsys });
const member = (serial: string, ...vsys: string[]) => ({ serial, vsys });
const names = (tables: readonly TableEntry[]) =>
  tables.map(({ serial, vsys, deviceGroup }) => [serial, vsys, deviceGroup].filter(Boolean).join(' '));

function told(groups: DeviceGroups, entries: readonly TableEntry[]): GroupMembership {
  const membership = new GroupMembership();
  membership.tell(groups, groupsOf(entries));
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
    membership.tell(groups, ['edge']);
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
  membership.tell(new Map([['edge', [member('B')]]]), ['edge']);
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
  membership.tell(new Map(), ['edge']);
  assert.deepEqual(says(), ['DeviceUnavailable', true, false]);
  assert.equal(membership.isTold('edge'), false);
  membership.tell(new Map([['edge', [member('A')]]]), ['edge']);
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
      for (const one of answers) membership.tell(one, groupsOf(entries));
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
