// Table: what it knows of a device, what it sends next, and what it never does. The laws are in table-laws.test.ts.

import { neverTrips } from '../removals/guard-limits.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddressChange } from '../../../src/core/model/address-change.ts';
import type { RemovalGate } from '../../../src/core/removals/removal-gate.ts';
import { Table } from '../../../src/core/table/table.ts';
import type { Batch } from '../../../src/core/message/batch.ts';
import { noTags, type TagSet } from '../../../src/core/model/tag-set.ts';
import { encodeUidMessage } from '../../../src/panos/messages/uid-message.ts';
import { urlencodedBytes } from '../../panos/urlencoded-bytes.ts';
import { confirmBatch, leaveUnanswered, nextBatch } from './messages.ts';

const open: RemovalGate = () => undefined;
const shut: RemovalGate = () => 'something is not known';
const limits = { entries: 500, bytes: 1024 * 1024 };

/** A table that was read, with what it found. */
function readTable(found: Record<string, string[]> = {}, gate: RemovalGate = open) {
  const desired = new Map<string, TagSet>();
  const table = new Table(
    { tagsOf: (address) => desired.get(address) ?? noTags, addresses: () => desired.keys() },
    gate,
    neverTrips,
  );
  const want = (address: string, after: TagSet, cause: AddressChange['cause'], now = 0) => {
    const before = desired.get(address) ?? noTags;
    if (after.length === 0) desired.delete(address);
    else desired.set(address, after);
    table.note({ address, before, after, cause }, now);
  };
  const read = (owned: Record<string, string[]>, now = 0) => {
    table.beginRead();
    table.endRead({ owned: new Map(Object.entries(owned)), others: new Map(), agreed: true }, now);
  };
  read(found);
  return { table, want, read };
}

const pairs = (batch: Batch | undefined) =>
  batch?.map(({ address, register, unregister }) => ({ address, register, unregister }));

/** Everything that the table wants to send now, confirmed message by message. */
function drain(table: Table, now = 0): number {
  let messages = 0;
  for (
    let batch = nextBatch(table, limits, now);
    batch !== undefined;
    batch = nextBatch(table, limits, now)
  ) {
    confirmBatch(batch, [], now);
    messages += 1;
    assert.ok(messages < 1000, 'it comes to an end');
  }
  return messages;
}

test('before the table has been read nothing is sent, and a read finds everything to do', () => {
  const { table, want, read } = readTable();
  table.forget();
  want('10.0.0.1', ['t'], 'newHolder');
  assert.equal(nextBatch(table, limits, 0), undefined);
  assert.equal(table.known, false);
  read({ '10.0.0.2': ['old'] });
  assert.deepEqual(pairs(nextBatch(table, limits, 0)), [
    { address: '10.0.0.2', register: [], unregister: ['old'] },
    { address: '10.0.0.1', register: ['t'], unregister: [] },
  ]);
});

test('what was vacated before the first read and is not on the device is settled by that read', () => {
  const { table, want, read } = readTable();
  table.forget();
  want('10.0.0.1', [], 'vacated');
  read({});
  table.setKnowledge({ gate: shut }, 1);
  read({ '10.0.0.1': ['put there by hand'] }, 2);
  assert.equal(nextBatch(table, limits, 2), undefined);
  assert.equal(table.waiting, 1);
});

test('what a message changed while the table was read is not sent again', () => {
  const { table, want } = readTable({ '10.0.0.1': ['old'] });
  want('10.0.0.1', ['new'], 'newHolder');
  const batch = nextBatch(table, limits, 0) ?? [];
  table.beginRead();
  confirmBatch(batch, [], 0);
  table.endRead({ owned: new Map([['10.0.0.1', ['old']]]), others: new Map(), agreed: true }, 0);
  assert.deepEqual([table.pending, nextBatch(table, limits, 0)], [0, undefined]);
});

test('what is on its way is pending until it is confirmed, also when a read finds it there already', () => {
  const { table, want, read } = readTable();
  want('10.0.0.1', ['new'], 'newHolder');
  const batch = nextBatch(table, limits, 0) ?? [];
  read({ '10.0.0.1': ['new'] });
  assert.equal(table.pending, 1);
  confirmBatch(batch, [], 0);
  assert.equal(table.pending, 0);
});

test('an address that keeps a tag goes in its turn, whatever leaves it at once', () => {
  const { table, want } = readTable({ '10.0.0.1': ['a'] });
  want('10.0.0.1', ['a'], 'relist');
  want('10.0.0.2', ['a'], 'newHolder', 1);
  want('10.0.0.1', ['b'], 'relabelled', 2);
  assert.deepEqual(
    nextBatch(table, limits, 3)?.map(({ address }) => address),
    ['10.0.0.2', '10.0.0.1'],
  );
});

test('vacated addresses go first; addresses that a policy left go in their turn', () => {
  const { table, want } = readTable({ '10.0.0.1': ['a'], '10.0.0.3': ['a'] });
  for (const address of ['10.0.0.1', '10.0.0.3']) want(address, ['a'], 'relist');
  want('10.0.0.2', ['a'], 'newHolder', 1);
  want('10.0.0.1', [], 'policy', 2);
  want('10.0.0.3', [], 'vacated', 3);
  const batch = nextBatch(table, limits, 4);
  assert.deepEqual(
    batch?.map(({ address }) => address),
    ['10.0.0.3', '10.0.0.2', '10.0.0.1'],
  );
});

test('an address alone may go, however small the limits', () => {
  const { table, want } = readTable({ '10.0.0.1': ['former'] });
  want('10.0.0.1', ['latter'], 'newHolder');
  want('10.0.0.2', ['x'], 'newHolder');
  assert.equal(nextBatch(table, { entries: 1, bytes: 10 }, 0)?.length, 1);
});

test('an address is foreign while it has tags of others only, and none is after the device was changed', () => {
  const { table, want } = readTable();
  want('10.0.0.1', ['a'], 'policy');
  table.beginRead();
  table.endRead(
    {
      owned: new Map([['10.0.0.1', ['a']]]),
      others: new Map(['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => [address, 1])),
      agreed: true,
    },
    0,
  );
  assert.equal(table.foreign, 2);
  want('10.0.0.2', ['a'], 'policy');
  want('10.0.0.9', ['a'], 'policy');
  drain(table);
  assert.equal(table.foreign, 1);
  want('10.0.0.2', [], 'vacated');
  want('10.0.0.9', [], 'vacated');
  drain(table);
  assert.equal(table.foreign, 2);
  table.forget();
  assert.equal(table.foreign, 0);
});

test('an address that changes hands is rewritten in one message, whatever the gate says', () => {
  const { table, want } = readTable({ '10.0.0.1': ['former', 'unclaimed'] }, shut);
  assert.equal(nextBatch(table, limits, 0), undefined);
  assert.equal(table.waiting, 1);
  want('10.0.0.1', ['latter'], 'newHolder');
  const batch = nextBatch(table, limits, 0);
  assert.deepEqual(pairs(batch), [
    { address: '10.0.0.1', register: ['latter'], unregister: ['former', 'unclaimed'] },
  ]);
  assert.deepEqual([...(batch?.[0]?.causes.values() ?? [])], ['newHolder', 'newHolder']);
});

test('a tag whose removal had no answer and then has to wait is registered again when it is deserved again', () => {
  const { table, want } = readTable({ '10.0.0.1': ['keep', 'leaves'] });
  want('10.0.0.1', ['keep', 'leaves'], 'relist');
  want('10.0.0.1', ['keep'], 'policy');
  const lost = nextBatch(table, limits, 0);
  assert.deepEqual(pairs(lost), [{ address: '10.0.0.1', register: [], unregister: ['leaves'] }]);
  leaveUnanswered(lost ?? [], 0); // it was applied, but nobody knows
  table.setKnowledge({ gate: shut }, 0);
  drain(table);
  want('10.0.0.1', ['keep', 'leaves'], 'policy');
  assert.deepEqual(pairs(nextBatch(table, limits, 0)), [
    { address: '10.0.0.1', register: ['leaves'], unregister: [] },
  ]);
});

test('work that the gate took back does not hide work behind it', () => {
  const many = Array.from({ length: 1200 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  const { table, want } = readTable(Object.fromEntries(many.map((address) => [address, ['a', 'b']])));
  for (const address of many) want(address, ['a', 'b'], 'relist');
  for (const address of many) want(address, ['a'], 'policy');
  want('192.168.0.1', ['new'], 'newHolder');
  assert.equal(table.pending, 1201);
  table.setKnowledge({ gate: shut }, 1);
  assert.equal(table.pending, 1, 'what may not go is not pending');
  assert.equal(table.waiting, 1200);
  assert.deepEqual(pairs(nextBatch(table, limits, 1)), [
    { address: '192.168.0.1', register: ['new'], unregister: [] },
  ]);
});

test('the oldest pending change is told wherever its address stands in the queue', () => {
  const { table, want } = readTable({ '10.0.0.1': ['a'] });
  want('10.0.0.1', ['a'], 'relist', 1);
  want('10.0.0.1', [], 'vacated', 5);
  want('10.0.0.2', ['b'], 'newHolder', 7);
  want('10.0.0.1', ['c'], 'newHolder', 9);
  assert.equal(table.oldestPendingAt, 5);
});

test('a change that arrives while its message is on the way keeps its own time', () => {
  const { table, want } = readTable();
  want('10.0.0.1', ['a'], 'newHolder', 1);
  const batch = nextBatch(table, limits, 2);
  want('10.0.0.1', ['b'], 'relabelled', 3);
  want('10.0.0.2', ['b'], 'newHolder', 4);
  assert.equal(table.oldestPendingAt, 1);
  confirmBatch(batch ?? [], [], 9);
  assert.equal(table.oldestPendingAt, 3);
  assert.equal(table.pending, 2);
  assert.equal(table.lastConfirmedAt, 9);
});

test('another device has not refused anything yet', () => {
  const { table, want, read } = readTable();
  want('10.0.0.1', ['a'], 'newHolder');
  const batch = nextBatch(table, limits, 0);
  confirmBatch(batch ?? [], [{ section: 'register', address: '10.0.0.1', message: 'no' }], 0);
  assert.equal(nextBatch(table, limits, 1), undefined);
  assert.equal(table.refusals.size, 1);
  table.forget();
  assert.equal(table.refusals.size, 0);
  read({}, 2);
  assert.deepEqual(pairs(nextBatch(table, limits, 2)), [
    { address: '10.0.0.1', register: ['a'], unregister: [] },
  ]);
});

test('a refused pair stands aside for itself alone, and what changed while it was on the way is tried at once', () => {
  const { table, want } = readTable();
  want('10.0.0.1', ['bad', 'good'], 'newHolder');
  const refusal = { section: 'register', address: '10.0.0.1', tag: 'bad', message: 'no' } as const;
  confirmBatch(nextBatch(table, limits, 0) ?? [], [refusal], 0);
  assert.equal(table.owned, 1);
  assert.equal(table.pending, 0);
  assert.equal(nextBatch(table, limits, 29_999), undefined);
  const again = nextBatch(table, limits, 30_000);
  assert.deepEqual(pairs(again), [{ address: '10.0.0.1', register: ['bad'], unregister: [] }]);
  want('10.0.0.1', ['bad', 'better', 'good'], 'relabelled', 30_001);
  confirmBatch(again ?? [], [refusal], 30_002);
  assert.deepEqual(pairs(nextBatch(table, limits, 30_003)), [
    { address: '10.0.0.1', register: ['bad', 'better'], unregister: [] },
  ]);
});

test('a repair of other tags at the same address does not try a refused pair again', () => {
  const { table, want, read } = readTable();
  want('10.0.0.1', ['bad', 'good'], 'newHolder');
  const refusal = { section: 'register', address: '10.0.0.1', tag: 'bad', message: 'no' } as const;
  confirmBatch(nextBatch(table, limits, 0) ?? [], [refusal], 0);
  read({}, 1000);
  const repair = nextBatch(table, limits, 1000);
  assert.deepEqual(pairs(repair), [{ address: '10.0.0.1', register: ['good'], unregister: [] }]);
  confirmBatch(repair ?? [], [], 1000);
  assert.equal(nextBatch(table, limits, 1000), undefined);
  assert.equal(table.refusals.nextDueAt(), 30_000);
});

test('a refusal ends when the pair is there after all', () => {
  const { table, want, read } = readTable();
  want('10.0.0.1', ['bad'], 'newHolder');
  confirmBatch(
    nextBatch(table, limits, 0) ?? [],
    [{ section: 'register', address: '10.0.0.1', message: 'no' }],
    0,
  );
  read({ '10.0.0.1': ['bad'] }, 10);
  assert.equal(table.refusals.size, 0);
  assert.equal(table.refusals.nextDueAt(), undefined);
});

test('messages keep to the limit of bytes as the device counts them, whatever the tags consist of', () => {
  const plain = Array.from({ length: 32 }, (_, i) => `k8s.t${i}`).sort();
  const odd = ['k8s.a/b&<>&&&&&&&&&&', 'ü'.repeat(100), '界'.repeat(100), '🦊'.repeat(50)].map((tag) => [
    tag,
  ]);
  for (const tags of [plain, ...odd]) {
    const { table, want } = readTable();
    const many = Array.from({ length: 400 }, (_, i) => `fd00:1111:2222:3333:4444:5555:6666:${4096 + i}`);
    for (const address of many) want(address, tags, 'newHolder');
    const tight = { entries: 500, bytes: 20_000 };
    let sent = 0;
    for (let batch = nextBatch(table, tight, 0); batch; batch = nextBatch(table, tight, 0)) {
      const register = batch.map((item) => ({ ip: item.address, tags: item.register }));
      assert.ok(urlencodedBytes(encodeUidMessage({ register, unregister: [] })) <= tight.bytes, tags[0]);
      sent += batch.length;
      confirmBatch(batch, [], 0);
    }
    assert.equal(sent, many.length);
  }
});

test('at first contact what nobody claims is held whatever its number, and everything else goes on', () => {
  const { table, want, read } = readTable({ '10.0.0.1': ['left'] });
  table.setKnowledge({ gate: open, firstContact: true }, 0);
  read({ '10.0.0.1': ['left'] });
  want('10.0.0.2', ['new'], 'newHolder');
  assert.equal(table.hasUnclaimed, true);
  assert.deepEqual(pairs(nextBatch(table, limits, 0)), [
    { address: '10.0.0.2', register: ['new'], unregister: [] },
  ]);
  const held = table.held[0];
  assert.deepEqual([...(held?.removals ?? [])], [['10.0.0.1', ['left']]]);
  assert.equal(table.hasUnclaimed, true);
  assert.equal(table.approve(held?.id ?? '', 0), true);
  assert.equal(table.hasUnclaimed, true, 'until the device has confirmed it');
});

test('once what nobody claimed is gone, a first contact holds nothing more', () => {
  const { table, want } = readTable({ '10.0.0.1': ['left'] });
  table.setKnowledge({ gate: open, firstContact: true }, 0);
  nextBatch(table, limits, 0);
  table.approve(table.held[0]?.id ?? '', 0);
  drain(table);
  assert.equal(table.hasUnclaimed, false);
  want('10.0.0.3', ['t'], 'newHolder');
  drain(table);
  want('10.0.0.3', [], 'policy');
  assert.equal(drain(table), 1, 'an ordinary removal passes the guard as ever');
});

test('a claim on what was held takes it out of the plan', () => {
  const { table, want } = readTable({ '10.0.0.1': ['left'] });
  table.setKnowledge({ gate: open, firstContact: true }, 0);
  nextBatch(table, limits, 0);
  want('10.0.0.1', ['left'], 'newHolder');
  assert.equal(table.held[0], undefined);
  assert.equal(table.hasUnclaimed, false);
});

test('the example of what waits is the smallest address, with the reason of the gate', () => {
  const { table } = readTable({ '10.0.0.9': ['t'], '10.0.0.10': ['u'], '10.0.0.11': ['v'] }, shut);
  assert.deepEqual(table.waitingExample, { address: '10.0.0.10', tag: 'u', why: 'something is not known' });
  assert.equal(readTable({}, shut).table.waitingExample, undefined);
});

test('what a device lost again and again is named, unless the table is known to have been emptied', () => {
  for (const excused of [false, true]) {
    const { table, want, read } = readTable();
    want('10.0.0.1', ['t'], 'newHolder');
    drain(table);
    for (const times of [1, 2]) {
      if (excused) table.excuse();
      read({});
      assert.equal(table.refusals.size, times === 2 && !excused ? 1 : 0);
      assert.equal(drain(table), times === 2 && !excused ? 0 : 1);
    }
  }
});

test('what a reading without agreement does not show is neither gone nor there: it is registered anew, and no cause is forgotten', () => {
  const { table, want } = readTable({ '10.0.0.1': ['t'], '10.0.0.2': ['t'] });
  want('10.0.0.1', ['t'], 'newHolder');
  want('10.0.0.2', [], 'vacated');
  table.beginRead();
  table.endRead({ owned: new Map(), others: new Map(), agreed: false }, 0);
  assert.equal(table.owned, 2);
  assert.deepEqual(pairs(nextBatch(table, limits, 0)), [
    { address: '10.0.0.2', register: [], unregister: ['t'] },
    { address: '10.0.0.1', register: ['t'], unregister: [] },
  ]);
});
