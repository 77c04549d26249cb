// A table is not emptied unasked, whatever became of the messages before: all that may go already counts as gone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GuardLimits } from '../../../src/core/removals/removal-guard.ts';
import { Table } from '../../../src/core/table/table.ts';
import type { Batch } from '../../../src/core/message/batch.ts';
import { noTags, type TagSet } from '../../../src/core/model/tag-set.ts';
import { confirmBatch, leaveUnanswered, nextBatch } from './messages.ts';

const limits = { entries: 500, bytes: 1024 * 1024 };
const ordinary: GuardLimits = { percent: 30, minimum: 50 };

/** A table that holds one deserved tag at each of so many addresses. */
function stage(count: number, guard = ordinary) {
  const wanted = new Map<string, TagSet>(
    Array.from({ length: count }, (_, i) => [`10.0.${i >> 8}.${i & 255}`, ['k.a']]),
  );
  const table = new Table(
    { tagsOf: (address) => wanted.get(address) ?? noTags, addresses: () => wanted.keys() },
    () => undefined,
    guard,
  );
  const owned = new Map(wanted);
  table.beginRead();
  table.endRead({ owned, others: new Map(), agreed: true }, 0);
  /** A policy edit takes the tag from so many addresses. */
  const edit = (many: number, now: number) => {
    for (const [address, before] of [...wanted].slice(0, many)) {
      wanted.delete(address);
      table.note({ address, before, after: [], cause: 'policy' }, now);
    }
  };
  const send = (now: number): Batch => nextBatch(table, limits, now) ?? [];
  const refused = (batch: Batch) =>
    batch.map(({ address }) => ({ section: 'unregister', address, tag: 'k.a', message: 'busy' }) as const);
  const heldAddresses = () => table.held.map(({ size }) => size);
  return { table, wanted, edit, send, refused, heldAddresses };
}

test('the last address is held where the message about the others had no answer', () => {
  const { edit, send, heldAddresses } = stage(40);
  edit(39, 1000);
  leaveUnanswered(send(1000), 2000);
  edit(1, 3000);
  // The others are sent again; the last one is not among them.
  assert.deepEqual([send(3000).length, heldAddresses()], [39, [1]]);
});

test('the last address is held where the others are still to be sent', () => {
  const { table, edit, send, heldAddresses } = stage(600, { percent: 100, minimum: 50 });
  edit(599, 1000);
  const first = send(1000);
  assert.equal(first.length, 500);
  edit(1, 1001);
  confirmBatch(first, [], 1100);
  const second = send(1200);
  assert.deepEqual([second.length, heldAddresses()], [99, [1]]);
  confirmBatch(second, [], 1300);
  assert.deepEqual([send(1300).length, table.owned], [0, 1]);
});

test('the last address is held where the device refused to remove the others for now', () => {
  const { edit, send, refused, heldAddresses } = stage(10);
  edit(9, 1000);
  const first = send(1000);
  confirmBatch(first, refused(first), 1100);
  edit(1, 1200);
  assert.deepEqual([send(1200).length, heldAddresses()], [0, [1]]);
});

test('the last address is held where the others are vacated and not sent yet', () => {
  const { table, wanted, edit, send, heldAddresses } = stage(10);
  for (const [address, before] of [...wanted].slice(0, 9)) {
    wanted.delete(address);
    table.note({ address, before, after: [], cause: 'vacated' }, 1000);
  }
  edit(1, 1000);
  assert.deepEqual([send(1000).length, heldAddresses()], [9, [1]]);
});

test('the last address is held where the others were approved', () => {
  const { table, edit, send, heldAddresses } = stage(10, { percent: 0, minimum: 0 });
  edit(9, 1000);
  send(1000);
  table.configureGuard({ percent: 100, minimum: 50 });
  table.approve(table.held[0]?.id ?? '', 1001);
  edit(1, 1002);
  assert.deepEqual([send(1002).length, heldAddresses()], [9, [1]]);
});

test('an address whose only new tag is refused counts as gone', () => {
  const { table, wanted, send, heldAddresses } = stage(6, { percent: 100, minimum: 50 });
  for (const address of wanted.keys()) {
    wanted.set(address, ['k.b']);
    table.note({ address, before: ['k.a'], after: ['k.a', 'k.b'], cause: 'relabelled' }, 1000);
  }
  const refusals = [...wanted.keys()].map((address) => ({
    section: 'register' as const,
    address,
    tag: 'k.b',
    message: 'the table is full',
  }));
  table.setAside(refusals, 1000);
  for (const address of wanted.keys()) table.review(address, 1001);
  assert.deepEqual([send(1001).length, heldAddresses()], [0, [6]]);
});

test('an address that has to be registered first is none of those that would be left', () => {
  const { table, wanted, edit, send, heldAddresses } = stage(10);
  edit(10, 1000);
  wanted.set('10.0.1.1', ['k.a']);
  table.note({ address: '10.0.1.1', before: [], after: ['k.a'], cause: 'newHolder' }, 1000);
  assert.deepEqual([send(1000).length, heldAddresses()], [1, [10]]);
});

test('a table of three that grew to ten within the window is not emptied', () => {
  const { table, wanted, edit, send, heldAddresses } = stage(3);
  edit(3, 1000);
  confirmBatch(send(1000), [], 1001);
  assert.equal(table.owned, 0, 'three may go');
  for (let i = 0; i < 10; i += 1) {
    wanted.set(`10.0.1.${i}`, ['k.a']);
    table.note({ address: `10.0.1.${i}`, before: [], after: ['k.a'], cause: 'newHolder' }, 2000);
  }
  confirmBatch(send(2000), [], 2001);
  edit(10, 3000);
  assert.deepEqual([send(3000).length, heldAddresses(), table.owned], [0, [10], 10]);
});
