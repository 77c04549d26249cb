// Frames of the demo: what came and what is gone, counts that wait, and lines that fit a terminal.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columns, cut, type Line, paragraph, statusLines, type Table, tableLines } from '../../demo/frame.ts';

const textOf = (line: Line) => line.map(({ text }) => text).join('');
const texts = (lines: readonly Line[]) => lines.map(textOf);
const styled = (line: Line | undefined) =>
  line?.filter(({ text }) => text.trim() !== '').map(({ text, style }) => [text.trim(), style]);
const table = (entries: Readonly<Record<string, readonly string[]>>): Table =>
  new Map(Object.entries(entries));

test('a new address is marked and green as a whole, one that is gone red', () => {
  const [, came, gone, stayed] = tableLines(
    table({ '10.1.0.10': ['web'], '192.0.2.1': ['mark'] }),
    table({ '10.1.0.9': ['web', 'gold'], '192.0.2.1': ['mark'] }),
  );
  assert.deepEqual(styled(came), [
    ['+ 10.1.0.9', 'came'],
    ['gold', 'came'],
    ['web', 'came'],
  ]);
  assert.deepEqual(styled(gone), [
    ['- 10.1.0.10', 'gone'],
    ['web', 'gone'],
  ]);
  assert.deepEqual(styled(stayed), [
    ['192.0.2.1', 'plain'],
    ['mark', 'plain'],
  ]);
});

test('of an address that stays each tag says whether it came or is gone, without colours, too', () => {
  const [, changed] = tableLines(
    table({ '10.1.0.1': ['silver', 'web'] }),
    table({ '10.1.0.1': ['gold', 'web'] }),
  );
  assert.deepEqual(styled(changed), [
    ['~ 10.1.0.1', 'plain'],
    ['+gold', 'came'],
    ['-silver', 'gone'],
    ['web', 'plain'],
  ]);
});

test('an empty table says so', () => {
  assert.deepEqual(texts(tableLines(table({}), table({}))), ['  (empty)']);
});

test('tags that do not fit go on below the first one', () => {
  const tags = ['env', 'tier', 'web'].map((tag) => tag.padEnd(30, 'x'));
  const [head = '', ...rows] = texts(tableLines(table({}), table({ '10.1.0.1': tags })));
  assert.equal(rows.length, 2);
  assert.equal(rows[1]?.indexOf('web'), head.indexOf('TAGS'));
  for (const row of rows) assert.ok(row.length <= columns);
});

test('a single tag that is wider than the terminal stays on the line of its address', () => {
  const lines = tableLines(table({}), table({ '10.1.0.1': ['x'.repeat(120)] }));
  assert.equal(lines.length, 2);
});

test('counts that are about to follow are not shown', () => {
  const statuses = { columns: ['NAME', 'READY', 'ADDRESSES'], rows: [['panfw/edge-a', 'True', '12']] };
  assert.match(texts(statusLines(statuses, true))[1] ?? '', /True +12$/);
  assert.match(texts(statusLines(statuses, false))[1] ?? '', /True +…$/);
});

test('a line is cut at the width of the terminal, whatever its spans', () => {
  const line: Line = [
    { text: 'abcdef', style: 'plain' },
    { text: 'ghi', style: 'came' },
  ];
  assert.equal(textOf(cut(line, 9)), 'abcdefghi');
  assert.equal(textOf(cut(line, 8)), 'abcdefg…');
  assert.equal(textOf(cut(line, 6)), 'abcde…');
  assert.equal(textOf(cut(line, 1)), '…');
});

test('a paragraph has lines that fit', () => {
  const lines = texts(paragraph('word '.repeat(40).trim(), 'plain'));
  assert.equal(lines.join(' '), 'word '.repeat(40).trim());
  for (const line of lines) assert.ok(line.length <= columns);
});
