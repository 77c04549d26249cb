// Every word of the closed lists has its heading in docs/reasons.md, or its row in docs/events.md, and none is left over.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { conditionReasons, eventReasons, skipReasons } from '../../src/core/model/model.ts';

const root = join(import.meta.dirname, '../..');
const read = (page: string) => readFileSync(join(root, 'docs', page), 'utf8');

/** word -> what stands below its heading, in order. */
function headingsBelow(section: string): ReadonlyMap<string, string> {
  const [, body = ''] = read('reasons.md').split(`\n## ${section}\n`);
  const [mine = ''] = body.split('\n## ');
  const words = mine.split(/^### /m).slice(1);
  return new Map(words.map((word) => [word.slice(0, word.indexOf('\n')), word]));
}

test('docs/reasons.md has a heading for each condition reason, in order of precedence', () => {
  assert.deepEqual([...headingsBelow('Condition reasons').keys()], [...conditionReasons]);
});

test('docs/reasons.md says of each condition reason what to do, and where more is told', () => {
  const failures = [...headingsBelow('Condition reasons')].filter(([word]) => word !== 'InSync');
  for (const [word, said] of failures) assert.match(said, /\*\*Do\.\*\* [^]+\]\([^)]+\.md/, word);
});

test('docs/reasons.md has a heading for each skip reason', () => {
  assert.deepEqual([...headingsBelow('Skip reasons').keys()], [...skipReasons]);
});

test('docs/events.md has a row for each Event reason', () => {
  const rows = [...read('events.md').matchAll(/^\| ([A-Za-z]+) \|/gm)].map(([, word]) => word);
  assert.deepEqual(rows, ['reason', ...eventReasons]);
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
