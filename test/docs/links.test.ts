// Checks that links between our own pages lead to a page and its heading, and that files which the pages name are there.
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { conditionReasons } from '../../src/core/model/model.ts';

const root = join(import.meta.dirname, '../..');
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...globSync('.github/*.md', { cwd: root }),
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

const files = globSync('{src,test,simulator,scripts,demo}/**/*.ts', { cwd: root }).map((file) => `/${file}`);

for (const page of ['tour.md', 'glossary.md', ...safetyPages(), ...adrs()]) {
  test(`the files that docs/${page} names are there`, () => {
    const text = readFileSync(join(root, 'docs', page), 'utf8');
    const named = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file = '']) => file);
    assert.deepEqual(
      named.filter((file) => !files.some((path) => path.endsWith(`/${file}`))),
      [],
    );
  });
}

function safetyPages(): string[] {
  return readdirSync(join(root, 'docs')).filter((name) => name.startsWith('safety'));
}

function adrs(): string[] {
  return readdirSync(join(root, 'docs/adr')).map((name) => `adr/${name}`);
}

/** In characters: a row that is longer cannot be read in a terminal or a browser. */
const longestRow = 160;

test('no row of a table in docs is too long to be read', () => {
  const others = ['reliability.md', 'reference/'].map((name) => join(root, 'docs', name));
  for (const page of pages.filter(
    (path) => path.includes('/docs/') && !others.some((one) => path.startsWith(one)),
  )) {
    const rows = readFileSync(page, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('|'));
    assert.deepEqual(
      rows.filter(({ length }) => length > longestRow),
      [],
      relative(root, page),
    );
  }
});

const longestPage = 250;

test('no page of docs has more lines than somebody reads', () => {
  for (const page of pages.filter((path) => path.includes('/docs/'))) {
    const lines = readFileSync(page, 'utf8').trimEnd().split('\n').length;
    assert.ok(lines <= longestPage, `${relative(root, page)} has ${lines} lines`);
  }
});

test('each page of docs opens with what it answers', () => {
  for (const page of pages.filter((path) => path.includes('/docs/') && !path.includes('/reference/'))) {
    const [title = '', empty, first = ''] = readFileSync(page, 'utf8').split('\n');
    assert.match(title, /^# \S/, relative(root, page));
    assert.equal(empty, '', relative(root, page));
    assert.match(first, /^[A-Z*`].{30}/, relative(root, page));
  }
});
