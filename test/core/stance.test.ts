// How far a table may be written.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stanceOf, writes } from '../../src/core/stance.ts';

test('in Observe nothing is written', () => {
  assert.equal(writes(stanceOf({ mode: 'Enforce' })), true);
  assert.equal(writes(stanceOf({ mode: 'Observe' })), false);
});
