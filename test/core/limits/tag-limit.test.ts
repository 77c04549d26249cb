// Tags of an address under a limit: never too many, all when they fit, by rank, registered ones stay.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { limitsOfModel } from '../../../src/core/device/model-limits.ts';
import { compareRanks, type Rank } from '../../../src/core/policies/rank.ts';
import { fittingTags } from '../../../src/core/limits/tag-limit.ts';
import { tagSet } from '../../../src/core/model/tag-set.ts';

const letters = 'abcdefgh'.split('');
const ranks: readonly Rank[] = [{ priority: 1, name: 'x' }, { priority: 0, name: 'x' }, undefined, undefined];

test('law: as many as fit, of the highest rank, of these what is there, of these the smaller; and then it stays', () => {
  const drawn = fc.record({
    tags: fc.subarray(letters),
    present: fc.subarray(letters),
    atMost: fc.integer({ min: -2, max: 9 }),
    ranks: fc.array(fc.constantFrom(...ranks), { minLength: 8, maxLength: 8 }),
  });
  fc.assert(
    fc.property(drawn, ({ tags, present, atMost, ranks: given }) => {
      const rankOf = (tag: string) => given[letters.indexOf(tag)];
      const byTag = new Map(tags.map((tag) => [tag, rankOf(tag)]));
      const fitting = fittingTags(tags, { atMost, ranks: byTag, present });
      assert.equal(fitting.length, Math.min(tags.length, Math.max(0, atMost)));
      assert.deepEqual(fitting, tagSet(fitting));
      if (tags.length <= atMost) assert.equal(fitting, tags, 'the same instance: nothing is limited');
      const out = tags.filter((tag) => !fitting.includes(tag));
      const order = (a: string, b: string) =>
        compareRanks(rankOf(a), rankOf(b)) ||
        Number(present.includes(b)) - Number(present.includes(a)) ||
        (a < b ? -1 : 1);
      for (const one of fitting)
        for (const other of out) assert.ok(order(one, other) < 0, `${one} before ${other}`);
      assert.deepEqual(
        fittingTags(tags, { atMost, ranks: byTag, present: fitting }),
        fitting,
        'it does not thrash',
      );
    }),
  );
});

test('models whose limits are certain, and those that are not', () => {
  const figures = (model: string) => {
    const { addresses, tagsPerAddress } = limitsOfModel(model);
    return [addresses, tagsPerAddress];
  };
  const certain: Record<string, readonly (number | undefined)[]> = {
    'PA-220': [1000, 32],
    'PA-410': [1000, 64],
    'PA-440': [50_000, 64],
    'PA-460': [100_000, 64],
    'PA-820': [1000, 32],
    'PA-850': [2500, 32],
    'PA-3220': [200_000, 32],
    'PA-3410': [150_000, 64],
    'PA-3440': [200_000, 64],
    'PA-5220': [500_000, 32],
    'PA-5410': [500_000, 64],
    'PA-5440': [500_000, undefined],
    'PA-5450': [undefined, 64],
    Panorama: [500_000, undefined],
    'M-600': [500_000, undefined],
  };
  for (const [model, limits] of Object.entries(certain)) assert.deepEqual(figures(model), limits, model);
  for (const model of ['PA-VM', 'PA-7080', 'PA-CN', '', 'PA-2200', 'xPA-220', 'PA-8500', 'M-6000'])
    assert.deepEqual(figures(model), [undefined, undefined], model);
});
