// The small boxes of the small scope, in full, and that each of their mutants would be caught by name.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkFits, mutants } from './mutants/mutants.ts';
import { smallBoxes } from './small-scope/boxes.ts';
import { runSmallScope } from './small-scope/small-scope.ts';

const root = join(import.meta.dirname, '../..');

test('every interleaving within the small boxes: two Pods, two operators, a device that loses, delays and doubles', async () => {
  const outcome = await runSmallScope({
    isOver: () => false,
    mostViolations: 1,
    replay: undefined,
    only: Object.keys(smallBoxes),
    mutant: undefined,
    say: () => {},
  });
  assert.deepEqual(outcome.violations, []);
  assert.equal(outcome.isWhole, true);
});

for (const mutant of mutants)
  test(`the mutant fits the source of today: ${mutant.name}`, () => {
    checkFits(mutant, (file) => readFileSync(join(root, file), 'utf8'));
  });
