// Memory of holders that a list left out: bounded, the oldest goes first, and a holder that comes back was never gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Succession } from '../../../src/core/desired/succession.ts';

const left = (uid: string) => ({ before: uid, after: undefined });
const taken = (uid: string) => ({ before: undefined, after: uid });

test('of 200,000 addresses that a list left out and nobody took again, the oldest is forgotten: its next holder is new', () => {
  const succession = new Succession();
  succession.claimantsSynced();
  for (let i = 0; i <= 200_000; i += 1) {
    assert.equal(succession.causeAt(`a${i}`, left(`pod-${i}`), 'list'), 'relist');
  }
  assert.equal(succession.causeAt('a0', taken('pod-0'), 'watch'), 'newHolder');
  assert.equal(succession.causeAt('a1', taken('pod-1'), 'watch'), 'relist');
  assert.equal(succession.causeAt('a200000', taken('pod-200000'), 'watch'), 'relist');
  assert.equal(succession.causeAt('a2', taken('another'), 'watch'), 'newHolder');
});
