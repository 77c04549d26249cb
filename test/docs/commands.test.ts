// The commands of the docs: each script is there, and none rests on the Node that somebody has on the PATH.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const pages = globSync(['*.md', '.github/*.md', 'docs/**/*.md', 'helm/**/*.md'], { cwd: root });
const texts = pages.map((page) => ({ page, text: readFileSync(join(root, page), 'utf8') }));

test('each npm script that a page names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  const named = texts.flatMap(({ text }) =>
    [...text.matchAll(/npm run ([a-z]+(?::[a-z]+)?)/g)].map(([, name]) => name),
  );
  assert.ok(named.length > 3);
  assert.deepEqual(
    named.filter((name) => !Object.hasOwn(scripts, name ?? '')),
    [],
  );
});

test('no page runs a source with a bare "node", which may be too old for it', () => {
  for (const { page, text } of texts) assert.doesNotMatch(text, /(?:^|`|\s)node (?:--\S+ )*\S+\.ts/m, page);
});

test('one test file is run as CONTRIBUTING says', async () => {
  const text = texts.find(({ page }) => page === 'CONTRIBUTING.md')?.text ?? '';
  const [, args = ''] = /`npm (run test:one -- \S+)`/.exec(text) ?? [];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)('npm', args.split(' '), { cwd: root, env });
  assert.match(stdout, /pass [1-9]/);
});
