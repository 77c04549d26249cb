// Every link between our own pages leads to a page, and to a heading where it names one.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { conditionReasons } from '../../src/core/model/model.ts';

const root = join(import.meta.dirname, '../..');
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].map((name) => join(root, name));

/** As GitHub makes them of headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function linksOf(page: string): readonly string[] {
  const text = readFileSync(page, 'utf8').replaceAll(/```.*?```/gs, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
}

for (const page of pages) {
  const links = linksOf(page).filter((link) => !/^[a-z]+:/.test(link));
  if (links.length === 0) continue;
  test(`the links of ${relative(root, page)} lead somewhere`, () => {
    for (const link of links) {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : resolve(dirname(page), path);
      assert.ok(existsSync(target), `${link}: no such file`);
      if (anchor !== undefined) assert.ok(anchorsOf(target).has(anchor), `${link}: no such heading`);
    }
  });
}

test('the page about devices names only reasons that there are', () => {
  const [, section = ''] = /^## 10\.(.*)/ms.exec(readFileSync(join(root, 'docs/panos.md'), 'utf8')) ?? [];
  const named = [...section.matchAll(/^\| ([A-Z]\w+) \|/gm)].map(([, reason = '']) => reason);
  assert.ok(named.length >= 10);
  for (const reason of named) assert.ok((conditionReasons as readonly string[]).includes(reason), reason);
});
