// Write mode of a table.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeModeOf, writes } from '../../../src/core/rights/write-mode.ts';

const enforced = { mode: 'Enforce', deletionPolicy: 'Purge', finalized: true, deleting: false } as const;
const writesWith = (change: Partial<Parameters<typeof writeModeOf>[0]>) =>
  writes(writeModeOf({ ...enforced, ...change }));

test('nothing is written in Observe, without the finalizer that a purge needs, or to a firewall that is being deleted', () => {
  assert.equal(writesWith({}), true);
  assert.equal(writesWith({ mode: 'Observe' }), false);
  assert.equal(writesWith({ finalized: false }), false);
  assert.equal(writesWith({ finalized: false, deletionPolicy: 'Retain' }), true);
  assert.equal(writesWith({ deleting: true }), false);
  assert.equal(writesWith({ deleting: true, deletionPolicy: 'Retain' }), false);
});
