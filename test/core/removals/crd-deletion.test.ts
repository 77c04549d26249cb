// Deleted objects told from those that went with their CRD, over every sequence of CRDs that come and go.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type DefinitionLook, wasDeletedAlone } from '../../../src/core/removals/crd-deletion.ts';

const second = (n: number) => `2026-11-22T00:00:${String(n).padStart(2, '0')}Z`;

test('while the definition is on its way out, or gone, nobody was deleted alone', () => {
  assert.equal(wasDeletedAlone({ state: 'deleting' }, second(9)), false);
  assert.equal(wasDeletedAlone({ state: 'gone' }, second(9)), false);
});

test('an object that is older than the definition that stands went with an earlier one', () => {
  for (const original of [true, false]) {
    const look: DefinitionLook = { state: 'stands', createdAt: second(5), original };
    assert.equal(wasDeletedAlone(look, second(4)), false);
    assert.equal(wasDeletedAlone(look, second(5)), original);
    assert.equal(wasDeletedAlone(look, second(6)), true);
    assert.equal(wasDeletedAlone(look, ''), false, 'of unknown age');
  }
});

type Step = 'create' | 'deleteObject' | 'mark' | 'sweep' | 'tick';
const steps = fc.array(fc.constantFrom<Step>('create', 'create', 'deleteObject', 'mark', 'sweep', 'tick'), {
  maxLength: 40,
  size: 'max',
});

type Definition = { readonly id: number; readonly createdAt: string };
type Gone = {
  readonly createdAt: string;
  readonly swept: boolean;
  readonly of: Definition;
  readonly at: number;
};

/** What an API server goes through: the definition that stands after each step, and each object's end. */
function play(story: readonly Step[]) {
  let now = 0;
  let definition: Definition = { id: 0, createdAt: second(now) };
  let marked = false;
  let objects: string[] = [];
  const gone: Gone[] = [];
  const stood: { readonly definition: Definition; readonly marked: boolean }[] = [];
  for (const [at, step] of story.entries()) {
    if (step === 'tick') now += 1;
    if (step === 'create' && !marked) objects.push(second(now));
    if (step === 'mark') marked = true;
    const end = (createdAt: string) => gone.push({ createdAt, swept: marked, of: definition, at });
    const [first] = objects;
    if (step === 'deleteObject' && first !== undefined) {
      end(first);
      objects = objects.slice(1);
    }
    if (step === 'sweep' && marked) {
      for (const createdAt of objects) end(createdAt);
      objects = [];
      definition = { id: definition.id + 1, createdAt: second(now) };
      marked = false;
    }
    stood.push({ definition, marked });
  }
  return { gone, stood };
}

test('law: whenever the look is made, no object that went with its CRD is taken for deleted', () => {
  const seen = { swept: 0, deleted: 0 };
  fc.assert(
    fc.property(steps, (story) => {
      const { gone, stood } = play(story);
      for (const { createdAt, swept, of, at } of gone) {
        // Any state from the step of its end on: the event takes its time, and so does the look.
        for (const { definition, marked } of stood.slice(at)) {
          const original = definition.id === 0;
          const look: DefinitionLook = marked
            ? { state: 'deleting' }
            : { state: 'stands', createdAt: definition.createdAt, original };
          const alone = wasDeletedAlone(look, createdAt);
          if (swept) assert.equal(alone, false);
          const sameDefinition = definition.id === of.id && !marked;
          const surelyYounger = original || createdAt > definition.createdAt;
          if (!swept && sameDefinition && surelyYounger) assert.equal(alone, true);
          seen[swept ? 'swept' : 'deleted'] += 1;
        }
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(seen.swept > 0 && seen.deleted > 0, JSON.stringify(seen));
});
