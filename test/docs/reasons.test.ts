// Every word of the closed lists has its row in docs/operations.md, and no row is left over.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { conditionReasons, eventReasons, skipReasons } from '../../src/core/model.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');

/** The first cells of the table below a heading, in order. */
function rowsBelow(heading: string): string[] {
  const [, section = ''] = text.split(`\n## ${heading}\n`);
  const [body = ''] = section.split('\n## ');
  return [...body.matchAll(/^\| ([A-Za-z]+) \|/gm)]
    .map(([, word = '']) => word)
    .filter((w) => w !== 'reason');
}

test('docs/operations.md has a row for each condition reason, in order of precedence', () => {
  assert.deepEqual(rowsBelow('Condition reasons'), [...conditionReasons]);
});

test('docs/operations.md has a row for each Event reason', () => {
  assert.deepEqual(rowsBelow('Events'), [...eventReasons]);
});

test('docs/operations.md has a row for each skip reason', () => {
  assert.deepEqual(rowsBelow('Skip reasons'), [...skipReasons]);
});
