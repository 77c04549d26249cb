// Every word of the closed lists has its row in docs/reasons.md, and no row is left over.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { conditionReasons, eventReasons, skipReasons } from '../../src/core/model/model.ts';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/reasons.md'), 'utf8');

/** The first cells of the table below a heading, in order. */
function rowsBelow(heading: string): string[] {
  const [, section = ''] = text.split(`\n## ${heading}\n`);
  const [body = ''] = section.split('\n## ');
  return [...body.matchAll(/^\| ([A-Za-z]+) \|/gm)]
    .map(([, word = '']) => word)
    .filter((w) => w !== 'reason');
}

test('docs/reasons.md has a row for each condition reason, in order of precedence', () => {
  assert.deepEqual(rowsBelow('Condition reasons'), [...conditionReasons]);
});

test('docs/reasons.md has a row for each Event reason', () => {
  assert.deepEqual(rowsBelow('Events'), [...eventReasons]);
});

test('docs/reasons.md has a row for each skip reason', () => {
  assert.deepEqual(rowsBelow('Skip reasons'), [...skipReasons]);
});

/** Where the lists, and what belongs to each word, stand: they say nothing by themselves. */
const tables = /(?:core\/model\/model|core\/status\/event-note|docs\/reasons\.test)\.ts$/;

function textOf(pattern: string): string {
  const files = globSync(pattern, { cwd: root }).filter((file) => !tables.test(file));
  return files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
}

test('each word of the closed lists is said somewhere, and some test expects it', () => {
  const [sources, tests] = [textOf('src/**/*.ts'), textOf('test/**/*.test.ts')];
  for (const word of new Set([...conditionReasons, ...eventReasons, ...skipReasons])) {
    assert.ok(sources.includes(`'${word}'`), `${word} is said nowhere`);
    assert.match(tests, new RegExp(`['"\`/ ]${word}\\b`), `no test expects ${word}`);
  }
});
