// Maps source files to the tests that import them, directly or over other sources, and to what they reach.

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Steps from src to src that a test may be away: 1 is a test of the file itself. */
const farthest = 3;

/** All paths are absolute. */
export type Suite = {
  /** The nearest first. */
  readonly tests: readonly string[];
  /** The source, the tests, and every file that imports the source over whatever others. */
  readonly affected: ReadonlySet<string>;
};

export function suiteOf(root: string, source: string): Suite {
  const tests = globSync('test/core/**/*.test.ts', { cwd: root })
    .sort()
    .map((test) => ({ test: join(root, test), steps: stepsTo(source, join(root, test), join(root, 'src')) }))
    .filter(({ steps }) => steps <= farthest)
    .sort((a, b) => a.steps - b.steps)
    .map(({ test }) => test);
  if (tests.length === 0) throw new Error(`no test reaches ${source}`);
  const importers = globSync(['src/core/**/*.ts', 'test/core/**/*.ts'], { cwd: root }).map((file) =>
    join(root, file),
  );
  const affected = new Set([source, ...tests]);
  // A set's loop also sees what is added meanwhile.
  for (const file of affected) {
    for (const importer of importers) if (importsOf(importer).includes(file)) affected.add(importer);
  }
  return { tests, affected };
}

/** Breadth first; what lies in test/ is no step of its own. */
function stepsTo(source: string, test: string, src: string): number {
  let files = [test];
  for (let steps = 1; steps <= farthest; steps++) {
    const seen = new Set<string>();
    const next = files.flatMap((file) => importedSources(file, src, seen));
    if (next.includes(source)) return steps;
    files = next;
  }
  return Number.POSITIVE_INFINITY;
}

function importedSources(file: string, src: string, seen: Set<string>): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  return importsOf(file).flatMap((target) =>
    target.startsWith(src) ? [target] : importedSources(target, src, seen),
  );
}

/** Those that are there at run time: types are not. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^(?:import|export)(?! type)[^;]*? from '(\.[^']+)'/gm)].map(([, target = '']) =>
    resolve(dirname(file), target),
  );
}
