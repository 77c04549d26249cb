// The mark of ownership: whose place is taken, and when a wish to take it has lapsed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownTable } from '../../../src/core/model/table-ref.ts';
import { markerAddress, markerTag, type Owner } from '../../../src/core/rights/ownership.ts';
import { Marker } from '../../../src/operator/table/marker.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { fakeConnection } from '../device/fake-connection.ts';

const self: Owner = { prefix: 'k8s.', id: 'aaaaaaaaaaaa' };
const rival: Owner = { prefix: 'k8s.', id: 'bbbbbbbbbbbb' };
const { signal } = new AbortController();

/** A table with these owners' marks, and our view of it. */
function marked(...owners: readonly Owner[]) {
  const marks = new Set(owners.map(markerTag));
  const connection = fakeConnection({
    readOne: async () => ({ ip: markerAddress, fromAgent: false, tags: [...marks] }),
    send: async ({ batch }) => {
      for (const { register, unregister } of batch) {
        for (const tag of unregister) marks.delete(tag);
        for (const tag of register) marks.add(tag);
      }
      return [];
    },
  });
  const marker = new Marker({
    self,
    ref: ownTable,
    intervalMs: () => 1000,
    log: createLogger({ level: 'silent', format: 'json' }),
    now: () => 0,
  });
  return { marker, marks, connection };
}

const nothingUnclaimed = (): boolean => false;

test('a place is taken in one message, and the wish is done with it', async () => {
  const { marker, marks, connection } = marked(rival);
  await marker.read(connection, signal);
  assert.equal(marker.wanted(nothingUnclaimed), false);
  assert.equal(marker.adopt(rival.id), 'pending');
  assert.equal(marker.wanted(nothingUnclaimed), true);
  await marker.put(connection, signal);
  assert.deepEqual([...marks], [markerTag(self)]);
  assert.equal(marker.adopt(rival.id), 'done');
});

test('a rival that left before its place was taken is not replaced when it comes back', async () => {
  const { marker, marks, connection } = marked(rival);
  await marker.read(connection, signal);
  marker.adopt(rival.id);
  marks.clear();
  await marker.read(connection, signal);
  assert.equal(marker.adopt(rival.id), 'unknown owner');
  marks.add(markerTag(rival));
  await marker.read(connection, signal);
  assert.equal(marker.wanted(nothingUnclaimed), false);
});

test('what one device was just asked does not keep the next from being marked at once', async () => {
  const { marker, marks, connection } = marked();
  await marker.read(connection, signal);
  await marker.put(connection, signal);
  marker.forget();
  marks.clear();
  await marker.read(connection, signal);
  assert.equal(marker.wanted(nothingUnclaimed), true);
});

test('a wish about one device says nothing about the next', async () => {
  const { marker, connection } = marked(rival);
  await marker.read(connection, signal);
  marker.adopt(rival.id);
  marker.forget();
  await marker.read(connection, signal);
  assert.equal(marker.wanted(nothingUnclaimed), false);
});

test('of a mark that cannot be read nothing is concluded: whose the table was, it is', async () => {
  const { marker, connection } = marked(self);
  const unreadable = { ip: markerAddress, fromAgent: false, tags: [], unreadable: true } as const;
  const blind = fakeConnection({ readOne: async () => unreadable });
  await assert.rejects(marker.read(blind, signal), /entry of 192\.0\.2\.1, .*cannot be read/);
  assert.equal(marker.ownership.kind, 'unknown');
  await marker.read(connection, signal);
  await marker.read(blind, signal);
  assert.equal(marker.ownership.kind, 'owner');
});
