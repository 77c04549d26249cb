// Capacity learned from refusals: certain words at once, others when two addresses heard them; tried again slowly.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CapacityEvidence, type CapacityOutcome } from '../../../src/core/limits/capacity-evidence.ts';

const perhaps = (...addresses: string[]) =>
  addresses.map((address) => ({ address, namespace: address, isCertain: false }));
const surely = (...addresses: string[]) =>
  addresses.map((address) => ({ address, namespace: address, isCertain: true }));

const outcome = (entries: number, given: Partial<CapacityOutcome>): CapacityOutcome => ({
  freed: 0,
  taken: 0,
  isProbeTaken: false,
  refused: [],
  entries,
  ...given,
});

test('words that are certain, or others that Pods of two namespaces heard, tell the limit', () => {
  const certain = new CapacityEvidence();
  assert.equal(certain.answered(outcome(7, { refused: surely('a') }), 0), true);
  assert.equal(certain.limit, 7);
  const other = new CapacityEvidence();
  assert.equal(other.answered(outcome(7, { refused: perhaps('a') }), 0), false);
  assert.equal(other.answered(outcome(7, { refused: perhaps('a') }), 0), false, 'the same address again');
  assert.equal(other.limit, undefined);
  const sibling = [{ address: 'a2', namespace: 'a', isCertain: false }];
  assert.equal(other.answered(outcome(7, { refused: sibling }), 0), false, 'another one of the same tenant');
  assert.equal(other.answered(outcome(7, { refused: perhaps('b') }), 0), true);
  assert.equal(other.limit, 7);
  assert.equal(
    other.answered(outcome(7, { refused: perhaps('c') }), 0),
    true,
    'one says that it still holds',
  );
});

test('an address that is taken in between makes the words mean something else', () => {
  const evidence = new CapacityEvidence();
  evidence.answered(outcome(7, { refused: perhaps('a') }), 0);
  assert.equal(evidence.answered(outcome(8, { taken: 1 }), 0), false);
  assert.equal(evidence.answered(outcome(8, { refused: perhaps('b') }), 0), false);
  assert.equal(evidence.limit, undefined);
});

test('capacity that the same message freed and nobody took: the refusal is about something else', () => {
  const evidence = new CapacityEvidence();
  evidence.answered(outcome(7, { refused: surely('a') }), 0);
  assert.equal(evidence.answered(outcome(6, { freed: 1, refused: perhaps('b', 'c') }), 0), false);
  assert.equal(evidence.limit, undefined);
  // Where the words are certain, what was freed came too late for this message, and is free for the next one.
  assert.equal(evidence.answered(outcome(6, { freed: 1, refused: surely('b') }), 0), true);
  assert.equal(evidence.limit, 7);
});

test('others are tried after 30 s, doubling to 10 min; success ends the limit, and so does another device', () => {
  const evidence = new CapacityEvidence();
  assert.equal(evidence.probeAt, undefined);
  assert.equal(evidence.probe(1e9), false);
  evidence.answered(outcome(7, { refused: surely('a') }), 1000);
  let now = 1000;
  for (const delay of [30, 60, 120, 240, 480, 600, 600]) {
    assert.equal(evidence.probeAt, now + delay * 1000);
    assert.equal(evidence.probe(now + delay * 1000 - 1), false);
    now += delay * 1000;
    assert.equal(evidence.probe(now), true);
    assert.equal(evidence.probe(now), false, 'one at a time');
    assert.equal(evidence.answered(outcome(7, { refused: perhaps('b') }), now), true);
    assert.equal(evidence.limit, 7);
  }
  evidence.waits('b');
  assert.equal(evidence.probeAt, now + 600_000, 'one of its Pods was refused already');
  evidence.waits('shop');
  assert.equal(evidence.probeAt, now + 30_000, 'whoever was never tried does not wait for longer than that');
  evidence.probe(now + 30_000);
  assert.equal(evidence.answered(outcome(8, { taken: 1 }), now), false);
  assert.equal(evidence.limit, undefined);
  assert.equal(evidence.answered(outcome(8, { refused: surely('a') }), now), false, 'a was wrong');
  evidence.answered(outcome(9, { refused: surely('c') }), now);
  assert.equal(evidence.probeAt, now + 30_000, 'and it begins anew');
  evidence.answered(outcome(9, { taken: 1, freed: 1, isProbeTaken: true }), now);
  assert.equal(evidence.limit, undefined, 'what was tried was taken, though others left meanwhile');
  evidence.answered(outcome(9, { refused: surely('d') }), now);
  assert.equal(evidence.limit, 9);
  evidence.forget();
  assert.deepEqual([evidence.limit, evidence.probeAt], [undefined, undefined]);
});

test('whose words turned out to mean something else is no witness any more', () => {
  const evidence = new CapacityEvidence();
  assert.equal(evidence.answered(outcome(7, { refused: perhaps('a', 'b') }), 0), true);
  evidence.answered(outcome(8, { taken: 1, isProbeTaken: true }), 30_000);
  assert.equal(evidence.answered(outcome(8, { refused: perhaps('a', 'b') }), 31_000), false);
  assert.equal(evidence.answered(outcome(8, { refused: perhaps('c') }), 32_000), false);
  assert.equal(evidence.answered(outcome(8, { refused: perhaps('d') }), 33_000), true);
});

test('a device that takes less than it did says so, also while one more is tried', () => {
  const evidence = new CapacityEvidence();
  evidence.answered(outcome(7, { refused: surely('a') }), 0);
  assert.equal(evidence.answered(outcome(5, { refused: perhaps('b', 'c') }), 0), true);
  assert.equal(evidence.limit, 5);
  assert.equal(evidence.answered(outcome(5, {}), 0), false);
  assert.equal(evidence.limit, 5, 'a message about something else tells nothing');
});
