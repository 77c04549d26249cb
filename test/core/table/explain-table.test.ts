// Explanation of one address of a table: each state that keeps it from being right shows, and explaining changes nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemovalCause } from '../../../src/core/model/model.ts';
import type { RemovalOrigin } from '../../../src/core/model/removal-origin.ts';
import { type TagSet, noTags } from '../../../src/core/model/tag-set.ts';
import type { GuardLimits } from '../../../src/core/removals/removal-guard.ts';
import { Table } from '../../../src/core/table/table.ts';
import type { DesiredTags } from '../../../src/core/table/desired-tags.ts';
import { neverTrips } from '../removals/guard-limits.ts';
import { confirmBatch, leaveUnanswered, nextBatch } from './messages.ts';

const limits = { entries: 500, bytes: 1024 * 1024 };
const a = '10.0.0.1';
const none = { count: 0, first: [] };
const all = <T>(...first: T[]) => ({ count: first.length, first });

type Rig = {
  readonly guard?: GuardLimits;
  readonly side?: DesiredTags['limits'];
  readonly others?: number;
};

/** A table that was read, where Pods deserve all that was found. */
function inSync(found: Record<string, TagSet>, { guard = neverTrips, side, others = 0 }: Rig = {}) {
  const desired = new Map<string, TagSet>(Object.entries(found));
  const table = new Table(
    {
      tagsOf: (address) => desired.get(address) ?? noTags,
      addresses: () => desired.keys(),
      limits: side,
    },
    () => undefined,
    guard,
    { tagPrefix: 'k.' },
  );
  const want = (
    address: string,
    after: TagSet,
    cause: RemovalCause = 'relabelled',
    origin?: RemovalOrigin,
  ) => {
    const before = desired.get(address) ?? noTags;
    desired.set(address, after);
    table.note({ address, before, after, cause, origin }, 1000);
  };
  const read = (owned: Record<string, TagSet>) => {
    table.beginRead();
    const foreign = new Map(others === 0 ? [] : [[a, others]]);
    table.endRead({ owned: new Map(Object.entries(owned)), others: foreign, agreed: true }, 0);
  };
  read(found);
  const send = () => {
    const batch = nextBatch(table, limits, 1000);
    assert.ok(batch);
    return batch;
  };
  return { table, want, read, send };
}

test('of an address that is as it should be: what is there, what is wanted, and nothing else', () => {
  const { table } = inSync({ [a]: ['k.a', 'k.b'] }, { others: 3 });
  assert.deepEqual(table.explain(a, 0), {
    address: a,
    isRead: true,
    sure: all('k.a', 'k.b'),
    unsure: none,
    foreign: 3,
    wanted: all('k.a', 'k.b'),
    register: none,
    unregister: none,
    guarded: none,
    waiting: none,
    removals: none,
    inFlight: false,
    refused: none,
    contradicted: false,
    late: false,
    unfit: none,
  });
});

test('an address that nobody knows is told as empty, and an unread table says that it is unread', () => {
  const { table } = inSync({});
  assert.deepEqual([table.explain('10.9.9.9', 0).sure, table.explain('10.9.9.9', 0).isRead], [none, true]);
  table.forget();
  assert.equal(table.explain(a, 0).isRead, false);
});

test('what is to be sent is told with cause, origin and how long it has been pending; on its way it is in flight', () => {
  const { table, want, send } = inSync({ [a]: ['k.a'] });
  const origin: RemovalOrigin = { kind: 'PanTagPolicy', name: 'shop/web', change: 'edited' };
  want(a, ['k.b'], 'policy', origin);
  const told = table.explain(a, 4000);
  assert.deepEqual([told.register, told.pendingMs, told.inFlight], [all('k.b'), 3000, false]);
  assert.deepEqual(told.removals, all({ tag: 'k.a', cause: 'policy', origin }));
  assert.deepEqual(told.guarded, all({ tag: 'k.a', state: 'unjudged' }), 'the guard has not judged it yet');
  send();
  assert.equal(table.explain(a, 4000).inFlight, true);
});

test('a removal that the gate keeps back is told with what it waits for', () => {
  const { table, want } = inSync({ [a]: ['k.a'] });
  table.setKnowledge({ gate: () => 'namespaces are not known' }, 0);
  want(a, noTags, 'policy');
  assert.deepEqual(table.explain(a, 0).waiting, all({ tag: 'k.a', why: 'namespaces are not known' }));
});

test('held removals are told with their plan, and those of the same scope as behind it', () => {
  const b = '10.0.0.2';
  const { table, want } = inSync({ [a]: ['k.a'], [b]: ['k.a'] }, { guard: { percent: 0, minimum: 0 } });
  want(a, noTags, 'policy');
  nextBatch(table, limits, 1000);
  want(b, noTags, 'policy');
  const [plan] = table.held;
  assert.deepEqual(table.explain(a, 0).guarded, all({ tag: 'k.a', state: 'held', plan: plan?.id }));
  assert.deepEqual(table.explain(b, 0).guarded, all({ tag: 'k.a', state: 'behind' }));
});

test('what the device refused is told in its words, cut, with when it is tried again', () => {
  const { table, want, send } = inSync({});
  want(a, ['k.a']);
  const message = 'x'.repeat(1000);
  confirmBatch(send(), [{ section: 'register', address: a, tag: 'k.a', message }], 1000);
  const { refused, register } = table.explain(a, 11_000);
  const words = message.slice(0, 300);
  assert.deepEqual(
    refused,
    all({ section: 'register', tag: 'k.a', message: words, retryInMs: 20_000 }),
    'set aside for 30 s',
  );
  assert.deepEqual(register, none, 'it is set aside');
});

test('a message without an answer leaves tags unsure and the address late', () => {
  const { table, want, send } = inSync({ [a]: ['k.a'] });
  want(a, ['k.a', 'k.b']);
  leaveUnanswered(send(), 1000);
  const { sure, unsure, late } = table.explain(a, 1000);
  assert.deepEqual([sure, unsure, late], [all('k.a'), all('k.b'), true]);
});

test('what was confirmed and is not there when it is read is contradicted', () => {
  const { table, want, send, read } = inSync({});
  want(a, ['k.a']);
  confirmBatch(send(), [], 1000);
  read({});
  assert.equal(table.explain(a, 1000).contradicted, true);
});

test('an address without a place and tags that do not fit are told', () => {
  const side = {
    deserved: () => ['k.a', 'k.b'],
    tagsPerAddress: 1,
    displacementOf: () => 'rank' as const,
    ranksAt: () => new Map(),
  };
  const { table } = inSync({ [a]: ['k.a', 'k.b'] }, { side });
  const { displaced, unfit, wanted } = table.explain(a, 0);
  assert.deepEqual([displaced, unfit, wanted], ['rank', all('k.b'), all('k.a')]);
});

test('registrations with a timeout tell it, and how long their refresh has been due', () => {
  const { table } = inSync({ [a]: ['k.a'] });
  table.timeouts.configure({ timeoutSeconds: 900, obstacle: undefined }, 0);
  assert.deepEqual(table.explain(a, 0).timeout, { seconds: 900 });
  assert.ok([...table.timeouts.due(300_001)].includes(a));
  const { dueMs } = table.explain(a, 300_001).timeout ?? {};
  assert.ok(dueMs !== undefined && dueMs > 0, String(dueMs));
});

test('an explanation is JSON, bounded whatever there is, and changes nothing', () => {
  const many = Array.from({ length: 5000 }, (_, i) => `k.${String(i).padStart(4, '0')}`);
  const rigs = [inSync({ [a]: many }), inSync({ [a]: many })] as const;
  for (const { want } of rigs) want(a, ['k.new'], 'policy');
  const [explained, untouched] = rigs;
  const told = explained.table.explain(a, 0);
  assert.equal(told.removals.count, 5000);
  const text = JSON.stringify(told);
  assert.ok(text.length < 8000, String(text.length));
  assert.deepEqual(JSON.parse(text), told);
  assert.deepEqual(explained.table.explain(a, 0), told);
  assert.deepEqual(explained.send(), untouched.send());
});
