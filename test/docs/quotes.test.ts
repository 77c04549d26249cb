// Checks that texts of the program which the docs quote are in src, and that every log message is in the docs.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** All sources as one text, texts that go on in the next line joined. */
const sources = globSync('src/**/*.ts', { cwd: root })
  .map(read)
  .join('\n')
  .replaceAll(/(['`]) \+\s+\n?\s*['`]/g, '');

/** What looks like a quoted sentence and is a command, code, a field with its value, or somebody else's word. */
const foreign =
  /^(?:kubectl|helm|npm|curl|show|set|debug|docker|printf|GET|POST|pan-tag-operator|run ->|kubernetes,)|[{}|]|^[\w.]+: |^--|^test\/|^Job Failed$|^Failed to register$/;

/** Quoted texts of two words and more. */
function quotesOf(page: string): readonly string[] {
  const text = read(page).replaceAll(/```.*?```/gs, '');
  return [...text.matchAll(/`([^`\n]+)`/g)]
    .map(([, quote = '']) => quote)
    .filter((quote) => quote.includes(' ') && !foreign.test(quote));
}

/** Of the house's own work: their quotes are of tools. */
const others = new Set(
  ['glossary', 'images', 'panos-notes', 'releasing', 'reliability', 'security'].map(
    (name) => `docs/${name}.md`,
  ),
);
const pages = globSync(['docs/*.md', 'docs/tasks/*.md', 'docs/troubleshooting/*.md'], { cwd: root }).filter(
  (page) => !others.has(page),
);

for (const page of pages) {
  test(`what ${page} quotes of the program is still there`, () => {
    for (const quote of quotesOf(page)) assert.ok(isThere(quote), quote);
  });
}

test('enough is quoted to be worth a test', () => {
  assert.ok(pages.flatMap(quotesOf).length > 15);
});

/** Numbers and `…` stand for what differs, and so may one word more: placeholders in the source. */
function isThere(quote: string): boolean {
  if (sources.includes(quote)) return true;
  const escaped = (word: string) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const words = quote.split(' ').map((word) => (/^(?:…|\d+)$/.test(word) ? placeholder : escaped(word)));
  return words.some((_, place) => {
    const text = words.map((word, i) => (i === place ? placeholder : word)).join(' ');
    return new RegExp(`['\`(]${text}`).test(sources);
  });
}

const placeholder = '\\$\\{[^}]*\\}';

/** Constant texts that are the last argument of a call of a logger. */
const logged =
  /\b(?:log|#log)(?:\.(?:info|warn|error|debug)|\[[^\]]+\])\(\s*(?:[^;]*?,\s*)?'([^'\n]+)',?\s*\)/g;

test('docs/log-messages.md has every log message in its table', () => {
  const table = read('docs/log-messages.md');
  const texts = globSync('src/**/*.ts', { cwd: root }).map(read);
  const messages = new Set(
    texts.flatMap((text) => [...text.matchAll(logged)].map(([, message = '']) => message)),
  );
  assert.ok(messages.size > 70);
  assert.deepEqual(
    [...messages].filter((message) => !table.includes(`\`${message}\``)),
    [],
  );
});
