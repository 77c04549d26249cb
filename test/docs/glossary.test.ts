// The glossary: each word has one row, and the words that another one replaces are in no name of the code.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const glossary = readFileSync(join(root, 'docs/glossary.md'), 'utf8');
const [words = '', unused = ''] = glossary.split('## Words that are not used');

/** The first cells of all tables, without their heads. */
function firstCells(text: string): string[] {
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  return rows
    .map((row) => (row.split('|')[1] ?? '').trim())
    .filter((cell) => !['word', 'not'].includes(cell));
}

/** The words of all names in a file: comments and texts are prose, where a word may be plain English. */
function wordsOfNames(file: string): Set<string> {
  const prose = /\/\*.*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/gs;
  const code = readFileSync(join(root, file), 'utf8').replace(prose, ' ');
  const name = file.replace(/^.*\//, '').replace(/\.ts$/, '');
  const parts = `${code} ${name}`.match(/[A-Z]?[a-z]+/g) ?? [];
  return new Set(parts.map((part) => part.toLowerCase()));
}

test('each word of the glossary has one row', () => {
  const all = firstCells(words).flatMap((cell) => cell.split(', '));
  assert.ok(all.length > 70, String(all.length));
  assert.deepEqual(
    all.filter((word, i) => all.indexOf(word) !== i),
    [],
  );
});

test('no name in src has a word that the glossary replaces', () => {
  const replaced = firstCells(unused);
  assert.ok(replaced.length > 0);
  const found = globSync('src/**/*.ts', { cwd: root }).flatMap((file) => {
    const used = wordsOfNames(file);
    return replaced
      .filter((word) => used.has(word) || used.has(`${word}s`))
      .map((word) => `${file}: ${word}`);
  });
  assert.deepEqual(found, []);
});
