// Table with a guard that trips: what is judged as one, what is held, and what becomes of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemovalCause } from '../../../src/core/model/model.ts';
import type { RemovalGate } from '../../../src/core/removals/removal-gate.ts';
import type { GuardLimits } from '../../../src/core/removals/removal-guard.ts';
import { Table } from '../../../src/core/table/table.ts';
import { noTags, type TagSet } from '../../../src/core/model/tag-set.ts';
import { confirmBatch, leaveUnanswered, nextBatch } from './messages.ts';

const open: RemovalGate = () => undefined;
const shut: RemovalGate = () => 'something is not known';
const limits = { entries: 500, bytes: 1024 * 1024 };
const holdsAll: GuardLimits = { percent: 0, minimum: 0 };
/** Nothing is held for its number; a table that would be emptied still is. */
const anyNumber: GuardLimits = { percent: 100, minimum: 1000 };

/** A table that was read, where Pods deserve all that was found. */
function inSync(found: Record<string, string[]>, guard: GuardLimits, gate = open) {
  const desired = new Map<string, TagSet>(Object.entries(found));
  const table = new Table(
    { tagsOf: (address) => desired.get(address) ?? noTags, addresses: () => desired.keys() },
    gate,
    guard,
  );
  const want = (address: string, after: TagSet, cause: RemovalCause = 'policy') => {
    const before = desired.get(address) ?? noTags;
    if (after.length === 0) desired.delete(address);
    else desired.set(address, after);
    table.note({ address, before, after, cause }, 0);
  };
  const read = (owned: Record<string, string[]>) => {
    table.beginRead();
    table.endRead({ owned: new Map(Object.entries(owned)), others: new Map(), agreed: true }, 0);
  };
  /** Sends all there is, and answers what that removed. */
  const removals = () => {
    const gone: string[] = [];
    for (let batch = nextBatch(table, limits, 0); batch !== undefined; batch = nextBatch(table, limits, 0)) {
      for (const { address, unregister } of batch) gone.push(...unregister.map((tag) => `${address} ${tag}`));
      confirmBatch(batch, [], 0);
    }
    return gone.sort();
  };
  const plan = () =>
    [...(table.held[0]?.removals ?? [])].map(([address, tags]) => `${address} ${tags.join(' ')}`);
  read(found);
  return { table, want, read, removals, plan };
}

function addresses(count: number, tags = ['k.a']): Record<string, string[]> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`10.0.0.${i + 1}`, tags]));
}

test('what is held goes when its plan is approved, not by another id, and not before', () => {
  const { table, want, removals, plan } = inSync(addresses(3), holdsAll);
  want('10.0.0.1', []);
  want('10.0.0.2', []);
  assert.equal(table.pending, 2, 'it is work to judge them');
  assert.equal(table.hasToJudge, true, 'there may be a plan soon');
  assert.deepEqual(removals(), []);
  assert.equal(table.hasToJudge, false);
  assert.deepEqual(plan(), ['10.0.0.1 k.a', '10.0.0.2 k.a']);
  assert.equal(table.pending, 0, 'what is held is not');
  assert.equal(table.approve('none', 0), false);
  assert.deepEqual(removals(), []);
  assert.equal(table.approve(table.held[0]?.id ?? '', 0), true);
  assert.equal(table.pending, 2);
  assert.deepEqual(removals(), ['10.0.0.1 k.a', '10.0.0.2 k.a']);
  assert.equal(table.held[0], undefined);
});

test('while knowledge is missing a plan stays as it is, and what was approved waits', () => {
  const { table, want, removals, plan } = inSync(addresses(3), holdsAll);
  want('10.0.0.1', []);
  removals();
  const id = table.held[0]?.id ?? '';
  table.setKnowledge({ gate: shut }, 0);
  assert.deepEqual([table.waiting, table.held[0]?.id, plan()], [1, id, ['10.0.0.1 k.a']]);
  table.setKnowledge({ gate: open }, 0);
  assert.deepEqual([table.waiting, table.held[0]?.id], [0, id]);
  table.approve(id, 0);
  table.setKnowledge({ gate: shut }, 0);
  assert.deepEqual([table.pending, table.waiting, nextBatch(table, limits, 0)], [0, 1, undefined]);
  table.setKnowledge({ gate: open }, 0);
  assert.deepEqual(removals(), ['10.0.0.1 k.a'], 'an approval outlasts it');
});

test('what was held and then vacated goes at once, and leaves the plan', () => {
  const { want, removals, plan } = inSync(addresses(3), holdsAll);
  want('10.0.0.1', []);
  want('10.0.0.2', []);
  removals();
  want('10.0.0.2', [], 'vacated');
  assert.deepEqual(plan(), ['10.0.0.1 k.a']);
  assert.deepEqual(removals(), ['10.0.0.2 k.a']);
});

test('only guarded removals count, and none that is deserved again before it was judged', () => {
  const { table, want, removals } = inSync(addresses(20), { percent: 0, minimum: 1 });
  for (let i = 1; i <= 10; i += 1) want(`10.0.0.${i}`, ['k.a', 'k.new'], 'relabelled');
  want('10.0.0.11', []);
  want('10.0.0.12', []);
  want('10.0.0.12', ['k.a']);
  assert.deepEqual([removals(), table.held[0]], [['10.0.0.11 k.a'], undefined]);
});

test('a table that would be emptied is held, whatever the limits', () => {
  const { want, removals, plan } = inSync(addresses(6), anyNumber);
  for (const address of Object.keys(addresses(6))) want(address, []);
  assert.deepEqual([removals(), plan().length], [[], 6]);
});

test('a table is not emptied where each address keeps a tag, gets another, or has one that waits', () => {
  const keeps = inSync(addresses(6, ['k.a', 'k.b']), anyNumber);
  for (const address of Object.keys(addresses(6))) keeps.want(address, ['k.b']);
  assert.equal(keeps.removals().length, 6);
  const moves = inSync(addresses(6), anyNumber);
  for (const address of Object.keys(addresses(6))) moves.want(address, ['k.b']);
  assert.equal(moves.removals().length, 6);
  const bWaits: RemovalGate = (tag) => (tag === 'k.b' ? 'something is not known' : undefined);
  const waits = inSync(addresses(6, ['k.a', 'k.b']), anyNumber, bWaits);
  for (const address of Object.keys(addresses(6))) waits.want(address, []);
  assert.equal(waits.removals().length, 6);
});

test('a table is not emptied either where the tag that waits may be there or not', () => {
  const bWaits: RemovalGate = (tag) => (tag === 'k.b' ? 'something is not known' : undefined);
  const { table, want, removals } = inSync(addresses(6), anyNumber, bWaits);
  for (const address of Object.keys(addresses(6))) want(address, ['k.a', 'k.b'], 'relabelled');
  const batch = nextBatch(table, limits, 0) ?? [];
  leaveUnanswered(batch, 0);
  for (const address of Object.keys(addresses(6))) want(address, []);
  assert.equal(removals().length, 6);
});

test('where nothing is left to remove nothing is held, although the table was large a moment ago', () => {
  const { table, want, removals } = inSync(addresses(10), anyNumber);
  for (const address of Object.keys(addresses(9))) want(address, []);
  assert.equal(removals().length, 9);
  want('10.0.0.10', [], 'vacated');
  assert.equal(removals().length, 1);
  assert.equal(table.held[0], undefined);
  want('10.0.0.11', ['k.a'], 'newHolder');
  removals();
  assert.equal(table.held[0], undefined);
});

test('what would be sent counts what is held', () => {
  const { table, want, removals } = inSync(addresses(3), holdsAll);
  want('10.0.0.1', []);
  removals();
  assert.deepEqual(table.outlook, { register: 0, unregister: 1, examples: ['unregister 10.0.0.1 k.a'] });
});

test('when nothing is known of the table, nothing is held, nothing waits, and no plan is told', () => {
  const { table, want, read, removals } = inSync(addresses(3, ['k.a', 'k.b']), holdsAll);
  want('10.0.0.1', []);
  want('10.0.0.2', []);
  want('10.0.0.3', []);
  removals();
  table.setKnowledge({ gate: (tag) => (tag === 'k.b' ? 'something is not known' : undefined) }, 0);
  assert.deepEqual([table.outlook?.unregister, table.waiting, table.held[0] === undefined], [6, 3, false]);
  table.forget();
  assert.deepEqual([table.outlook, table.waiting, table.held[0]], [undefined, 0, undefined]);
  read({});
  assert.equal(table.outlook?.unregister, 0);
  assert.deepEqual([removals(), table.held[0]], [[], undefined]);
});

test('of strangers too nothing is left when nothing is known of the table', () => {
  const { table, read, removals } = inSync({}, holdsAll);
  read({ '10.0.0.1': ['k.stray'] });
  assert.equal(table.outlook?.unregister, 1);
  table.forget();
  read({});
  assert.deepEqual([table.outlook?.unregister, removals(), table.held[0]], [0, [], undefined]);
});

test('a read that finds what waited gone ends the waiting', () => {
  const { table, read } = inSync({}, holdsAll, shut);
  read({ '10.0.0.1': ['k.stray'] });
  assert.equal(table.waiting, 1);
  read({});
  assert.equal(table.waiting, 0);
});

test('what waited behind a plan is to be judged as soon as a read has ended the plan', () => {
  const { table, want, read, removals, plan } = inSync(addresses(4), holdsAll);
  want('10.0.0.4', []);
  assert.deepEqual(removals(), []);
  want('10.0.0.2', []);
  assert.deepEqual([table.pending, table.hasToJudge], [0, false], 'it waits');
  read(addresses(3));
  assert.equal(table.held[0], undefined);
  assert.deepEqual([table.pending, table.hasToJudge], [1, true]);
  assert.deepEqual(removals(), []);
  assert.deepEqual(plan(), ['10.0.0.2 k.a']);
});

test('one stranger among many removals at first contact holds them all', () => {
  const { table, want, read, removals, plan } = inSync(addresses(9), anyNumber);
  table.setKnowledge({ gate: open, firstContact: true }, 0);
  read({ ...addresses(9), '10.0.0.99': ['k.stray'] });
  want('10.0.0.1', []);
  assert.deepEqual([removals(), plan().length], [[], 2]);
});

test('tags that nobody claims are known wherever they are, and nothing else is taken for one', () => {
  const found = { '10.0.0.1': ['k.a'], '10.0.0.2': ['k.a'] };
  const beside = inSync(found, holdsAll);
  beside.read({ ...found, '10.0.0.1': ['k.a', 'k.stray'] });
  assert.equal(beside.table.hasUnclaimed, true, 'beside a tag that is deserved');

  const waiting = inSync(found, holdsAll, shut);
  waiting.read({ ...found, '10.0.0.9': ['k.stray'] });
  assert.equal(waiting.table.hasUnclaimed, true, 'while knowledge is missing');

  const refusing = inSync(found, anyNumber);
  refusing.read({ ...found, '10.0.0.9': ['k.stray'] });
  const batch = nextBatch(refusing.table, limits, 0) ?? [];
  const refusedPair = { section: 'unregister', address: '10.0.0.9', tag: 'k.stray', message: 'no' } as const;
  confirmBatch(batch, [refusedPair], 0);
  assert.equal(refusing.table.hasUnclaimed, true, 'while the device refuses to remove it');

  const claimed = inSync(found, holdsAll);
  claimed.want('10.0.0.1', []);
  claimed.removals();
  claimed.want('10.0.0.2', ['k.a', 'k.new'], 'relabelled');
  assert.deepEqual([claimed.table.held[0] === undefined, claimed.table.pending], [false, 1]);
  assert.equal(claimed.table.hasUnclaimed, false, 'what is held for its policy, what is to be registered');
});
