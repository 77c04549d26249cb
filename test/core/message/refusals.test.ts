// Refused pairs: alone, slowly again, at once when their input changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusals, type RefusedPair } from '../../../src/core/message/refusals.ts';

const address = '10.0.0.1';
const bad: RefusedPair = { section: 'register', address, tag: 'bad', message: 'tag is reserved' };
const all: RefusedPair = { section: 'unregister', address, message: 'no such address' };
const sent = { register: ['bad', 'good'], unregister: ['old', 'older'] };

/** Refuses these pairs at 0 s. */
function refused(...refusedPairs: RefusedPair[]): Refusals {
  const refusals = new Refusals();
  refusals.answered(address, sent, refusedPairs, 0);
  return refusals;
}

test('only what was refused is set aside', () => {
  const refusals = refused(bad);
  assert.deepEqual(refusals.admit(address, 'register', ['bad', 'good']), ['good']);
  assert.deepEqual(refusals.admit(address, 'unregister', ['bad']), ['bad']);
  assert.deepEqual(refusals.admit('10.0.0.2', 'register', ['bad']), ['bad']);
  assert.equal(refusals.messageOf(address), 'tag is reserved');
  assert.deepEqual([...refusals.addresses()], [address]);
});

test('a refusal that names no tag sets the whole section aside', () => {
  const refusals = refused(all);
  assert.deepEqual(refusals.admit(address, 'unregister', ['old', 'other']), []);
  assert.deepEqual(refusals.admit(address, 'register', ['bad', 'good']), ['bad', 'good']);
});

test('it is tried again after 30 s, then after twice as long each time, at most 10 min', () => {
  const refusals = refused(bad);
  const delays: number[] = [];
  for (let now = 0; delays.length < 8; ) {
    const due = refusals.nextDueAt() ?? Number.NaN;
    delays.push((due - now) / 1000);
    assert.deepEqual(refusals.takeDue(due - 1), []);
    assert.deepEqual(refusals.takeDue(due), [address]);
    assert.deepEqual(refusals.takeDue(due), [], 'told once');
    assert.equal(refusals.nextDueAt(), undefined);
    assert.deepEqual(refusals.admit(address, 'register', ['bad']), ['bad']);
    assert.equal(refusals.has(address), true, 'still refused while it is tried');
    now = due + 5;
    refusals.answered(address, { register: ['bad'], unregister: [] }, [bad], now);
  }
  assert.deepEqual(delays, [30, 60, 120, 240, 480, 600, 600, 600]);
});

test('a message about other pairs neither forgives it nor hastens it, and each pair keeps its own time', () => {
  const refusals = refused(bad);
  refusals.answered(address, { register: ['good'], unregister: [] }, [], 10_000);
  assert.equal(refusals.nextDueAt(), 30_000);
  refusals.answered(address, { register: [], unregister: ['old'] }, [all], 10_000);
  assert.deepEqual(refusals.admit(address, 'register', ['bad']), []);
  assert.deepEqual(refusals.takeDue(30_000), [address]);
  assert.deepEqual(refusals.admit(address, 'register', ['bad']), ['bad']);
  assert.deepEqual(refusals.admit(address, 'unregister', ['old']), []);
  assert.equal(refusals.nextDueAt(), 40_000);
});

test('each pair has its own delay, and the next retry is the earliest', () => {
  const refusals = refused(bad);
  refusals.takeDue(30_000);
  const good: RefusedPair = { ...bad, tag: 'good' };
  refusals.answered(address, sent, [bad, good, all], 30_000);
  assert.equal(refusals.nextDueAt(), 60_000, 'a pair that is refused for the first time');
  assert.deepEqual(refusals.takeDue(60_000), [address]);
  assert.deepEqual(refusals.admit(address, 'register', ['bad', 'good']), ['good']);
  assert.equal(refusals.nextDueAt(), 90_000, 'a pair that is refused again');
});

test('a tag that was refused in one section is refused for the first time in the other', () => {
  const refusals = refused(bad);
  refusals.answered(
    address,
    { register: [], unregister: ['bad'] },
    [{ ...bad, section: 'unregister' }],
    1_000,
  );
  refusals.takeDue(30_000);
  assert.equal(refusals.nextDueAt(), 31_000);
});

test('of several refused pairs each is set aside; of several addresses the first retry and the smallest are told', () => {
  const refusals = refused(bad, { ...bad, tag: 'good' });
  assert.deepEqual(refusals.admit(address, 'register', ['bad', 'fine', 'good']), ['fine']);
  refusals.answered('10.0.0.0', sent, [bad], 10_000);
  assert.equal(refusals.nextDueAt(), 30_000);
  assert.deepEqual(refusals.addresses(), ['10.0.0.0', address]);
});

test('it ends when a message with the pair succeeds, when the input changes, and when nobody wants the pair', () => {
  const ends: ((refusals: Refusals) => void)[] = [
    (refusals) => refusals.answered(address, { register: ['bad'], unregister: [] }, [], 40_000),
    (refusals) => refusals.forgive(address),
    (refusals) => refusals.retain(address, { register: ['good'], unregister: ['bad'] }),
    (refusals) => refusals.clear(),
  ];
  for (const end of ends) {
    const refusals = refused(bad);
    end(refusals);
    assert.equal(refusals.has(address), false);
    assert.equal(refusals.size, 0);
    assert.equal(refusals.nextDueAt(), undefined);
    assert.equal(refusals.messageOf(address), undefined);
  }
});

test('what is still wanted stays refused', () => {
  const refusals = refused(bad, all);
  assert.equal(refusals.size, 1, 'it counts addresses');
  refusals.retain(address, { register: ['bad'], unregister: [] });
  assert.deepEqual(refusals.admit(address, 'register', ['bad']), []);
  assert.deepEqual(refusals.admit(address, 'unregister', ['old']), ['old']);
});

test('a removal that goes at once never waits for more than 5 s', () => {
  const refusals = new Refusals(() => (tag) => tag === 'old');
  const only = { register: [], unregister: ['old'] };
  const old: RefusedPair = { section: 'unregister', address, tag: 'old', message: 'busy' };
  const delays: number[] = [];
  for (let now = 0; delays.length < 6; ) {
    refusals.answered(address, only, [old], now);
    const due = refusals.nextDueAt() ?? Number.NaN;
    delays.push(due - now);
    assert.deepEqual(refusals.admit(address, 'unregister', ['old']), []);
    assert.deepEqual(refusals.takeDue(due), [address]);
    now = due;
  }
  assert.deepEqual(delays, [1000, 2000, 4000, 5000, 5000, 5000]);
  const other = new Refusals(() => (tag) => tag === 'old');
  other.answered(address, sent, [{ ...old, tag: undefined }], 0);
  assert.equal(other.nextDueAt(), 1000, 'as a whole section');
  other.answered('10.0.0.2', sent, [{ ...old, address: '10.0.0.2', tag: 'older' }], 0);
  other.forgive(address);
  assert.equal(other.nextDueAt(), 30_000, 'a removal that does not go at once');
});

test('what was set aside while nothing was accepted is tried with the first message that passes, and then counts', () => {
  const refusals = new Refusals();
  refusals.setAside([{ ...bad, provisional: true, spoils: true }], 0);
  refusals.setAside([{ ...bad, address: '10.0.0.2', spoils: true }], 0);
  assert.deepEqual(refusals.takeDue(5_000), []);
  refusals.accepted(5_000);
  assert.deepEqual(refusals.takeDue(5_000), [address]);
  assert.equal(refusals.spoils('register', 'bad'), true, 'it is still sent apart');
  // Refused again, after others have passed: it is its own fault.
  refusals.setAside([{ ...bad, provisional: true, spoils: true }], 6_000);
  refusals.accepted(7_000);
  assert.deepEqual(refusals.takeDue(7_000), []);
  assert.equal(refusals.nextDueAt(), 30_000);
  refusals.forgive('10.0.0.2');
  assert.equal(refusals.nextDueAt(), 36_000);
});
