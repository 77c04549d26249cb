// Who may import whom, and what no room may do. The arrows are drawn in docs/tour.md.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

/** Room -> what its files may import from within the repository, besides their own room. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  'src/core': [],
  'src/runtime': [],
  'src/net': [],
  'src/kubernetes': ['src/core', 'src/net'],
  'src/panos': ['src/core', 'src/net'],
  'src/operator': ['src/core', 'src/kubernetes', 'src/panos', 'src/runtime'],
  'src/config.ts': ['src/core', 'src/runtime'],
  'src/version.ts': ['package.json'],
  'src/run.ts': ['src'],
  'src/leadership.ts': ['src/core', 'src/kubernetes', 'src/operator', 'src/runtime'],
  'src/main.ts': ['src'],
  simulator: [],
};

type Import = { readonly file: string; readonly target: string };

function filesOf(room: string): string[] {
  return room.endsWith('.ts') ? [room] : globSync(`${room}/**/*.ts`, { cwd: root });
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, target = '']) => ({
    file,
    target,
  }));
}

function isWithin(path: string, rooms: readonly string[]): boolean {
  return rooms.some((room) => path === room || path.startsWith(`${room}/`));
}

for (const [room, allowed] of Object.entries(arrows)) {
  test(`${room} imports only ${['itself', ...allowed].join(', ')}`, () => {
    const files = filesOf(room);
    assert.ok(files.length > 0, `${room} has no files`);
    const strays = files
      .flatMap(importsOf)
      .filter(({ target }) => target.startsWith('.'))
      .map(({ file, target }) => ({ file, target: relative(root, join(root, dirname(file), target)) }))
      .filter(({ target }) => !isWithin(target, [room, ...allowed]));
    assert.deepEqual(strays, []);
  });
}

test('core reads no clock, no environment, no randomness, and of Node only net, crypto and util', () => {
  const allowed = new Set(['node:net', 'node:crypto', 'node:util']);
  const foreign = filesOf('src/core')
    .flatMap(importsOf)
    .filter(({ target }) => !target.startsWith('.') && !allowed.has(target));
  assert.deepEqual(foreign, []);
  assert.deepEqual(
    filesThat(filesOf('src/core'), /Date\.now|new Date\(\)|Math\.random|performance\.|process\.|console\./),
    [],
  );
});

test('only config.ts reads the environment', () => {
  const files = filesOf('src').filter((file) => file !== 'src/config.ts');
  assert.deepEqual(filesThat(files, /process\.env/), []);
});

test('nothing in src prints, exits, or evaluates text; only a stop that hangs is ended by exit', () => {
  assert.deepEqual(filesThat(filesOf('src'), /console\.|child_process|\beval\(|new Function\(/), []);
  assert.deepEqual(filesThat(filesOf('src'), /process\.exit\(/), ['src/runtime/stop-signals.ts']);
});

function filesThat(files: readonly string[], pattern: RegExp): string[] {
  return files.filter((file) => pattern.test(readFileSync(join(root, file), 'utf8')));
}
