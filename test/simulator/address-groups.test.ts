// Dynamic address groups: the language of their filters, and their members.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readDagFilter } from '../../simulator/device/dag-filter.ts';
import { openLab, registerXml, type Lab } from './api-client.ts';

const selects = (filter: string, ...tags: string[]): boolean => readDagFilter(filter)(new Set(tags));

test('tags stand in quotes or bare, and compare by case', () => {
  assert.equal(selects(`'k8s.ns_a web'`, 'k8s.ns_a web'), true);
  assert.equal(selects(`"k8s.ns_a"`, 'k8s.ns_a'), true);
  assert.equal(selects('k8s.ns_a', 'k8s.ns_a'), true);
  assert.equal(selects(`'A'`, 'a'), false);
  assert.equal(selects(`'and'`, 'and'), true);
});

test('not binds tighter than and, and tighter than or; parentheses bind first', () => {
  assert.equal(selects(`'a' or 'b' and 'c'`, 'a'), true);
  assert.equal(selects(`('a' or 'b') and 'c'`, 'a'), false);
  assert.equal(selects(`not 'a' and 'b'`, 'b'), true);
  assert.equal(selects(`not ('a' and 'b')`, 'b'), true);
  assert.equal(selects(`NOT 'a' AND not not 'b'`, 'b'), true);
  assert.equal(selects(`'a'and'b'`, 'a', 'b'), true);
});

test('what is no filter is told', () => {
  for (const filter of ['', ' ', `'a`, `"a'`, `'a' 'b'`, `and 'a'`, `'a' or`, `('a'`, `'a')`, 'not', '()']) {
    assert.throws(() => readDagFilter(filter), { name: 'FilterError' }, filter);
  }
});

type Tree =
  | string
  | { readonly not: Tree }
  | { readonly join: 'and' | 'or'; readonly parts: readonly Tree[] };

const tags = ['a', 'b c', 'not', 'x(y)'];
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...tags),
    fc.record({ not: tie('tree') }),
    fc.record({
      join: fc.constantFrom('and' as const, 'or' as const),
      parts: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
    }),
  ),
}));

const write = (node: Tree): string => {
  if (typeof node === 'string') return `'${node}'`;
  if ('not' in node) return `not (${write(node.not)})`;
  return node.parts.map((part) => `(${write(part)})`).join(` ${node.join} `);
};

const judge = (node: Tree, held: readonly string[]): boolean => {
  if (typeof node === 'string') return held.includes(node);
  if ('not' in node) return !judge(node.not, held);
  return node.join === 'and'
    ? node.parts.every((part) => judge(part, held))
    : node.parts.some((part) => judge(part, held));
};

test('any filter means what its parts mean, and any text is a filter or a FilterError', () => {
  fc.assert(
    fc.property(tree, fc.subarray(tags), (node, held) => {
      assert.equal(selects(write(node), ...held), judge(node, held));
    }),
  );
  const piece = fc.constantFrom('(', ')', `'a'`, `"b"`, 'and', 'or', 'not', ' ', `'`, 'x');
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      try {
        readDagFilter(pieces.join(''));
      } catch (error) {
        assert.equal((error as Error).name, 'FilterError');
      }
    }),
  );
});

const show = async (lab: Lab, what = '<all/>'): Promise<string> => {
  const cmd = `<show><object><dynamic-address-group>${what}</dynamic-address-group></object></show>`;
  return (await lab.call({ type: 'op', cmd })).body;
};

test('members follow the table, in the shape of the device', async () => {
  await using lab = await openLab();
  lab.simulator.setAddressGroup({ name: 'web & more', filter: `'web' and not 'off'` });
  await lab.message(registerXml({ '10.1.0.1': ['web'], '10.1.0.2': ['web', 'off'], '10.1.0.3': ['db'] }));
  assert.equal(
    await show(lab),
    '<response cmd="status" status="success"><result><dyn-addr-grp><entry><vsys>vsys1</vsys>' +
      `<group-name>web &amp; more</group-name><filter>'web' and not 'off'</filter>` +
      '<member-list><entry name="10.1.0.1" type="registered-ip"/></member-list></entry></dyn-addr-grp></result></response>',
  );
  lab.simulator.setAddressGroup({ name: 'unused', filter: 'db', inUse: false });
  assert.match(
    await show(lab, '<name>unused</name>'),
    /<dyn-addr-grp><entry>.*unused.*<member-list><\/member-list>/,
  );
  assert.deepEqual(
    lab.simulator.addressGroups().map(({ name, members }) => [name, members]),
    [
      ['web & more', ['10.1.0.1']],
      ['unused', ['10.1.0.3']],
    ],
  );
  assert.deepEqual(
    [lab.simulator.deleteAddressGroup('unused'), lab.simulator.deleteAddressGroup('unused')],
    [true, false],
  );
});

test('a host has the tags of the networks and ranges around it as well', async () => {
  await using lab = await openLab();
  lab.simulator.setAddressGroup({ name: 'both', filter: 'web and pool' });
  await lab.message(
    registerXml({
      '10.1.0.5': ['web'],
      '10.2.0.5': ['web'],
      '10.3.0.5': ['web'],
      'fd00::5': ['web'],
      '10.1.0.0/29': ['pool'],
      '10.2.0.1-10.2.0.5': ['pool'],
    }),
  );
  assert.deepEqual(lab.simulator.addressGroups()[0]?.members, ['10.1.0.5', '10.2.0.5']);
});

test('groups are per vsys and cannot be configured wrongly', async () => {
  await using lab = await openLab({ vsys: ['vsys1', 'vsys2'] });
  lab.simulator.setAddressGroup({ vsys: 'vsys2', name: 'g', filter: 'a' });
  await lab.message(registerXml({ '10.1.0.1': ['a'] }), 'vsys2');
  assert.deepEqual(lab.simulator.addressGroups()[0]?.members, ['10.1.0.1']);
  assert.doesNotMatch(await show(lab), /<entry>/);
  assert.throws(() => lab.simulator.setAddressGroup({ vsys: 'vsys9', name: 'g', filter: 'a' }), RangeError);
  assert.throws(() => lab.simulator.setAddressGroup({ name: 'g', filter: `'a` }), RangeError);
});
