// Interpretation of a full read: ours and others' tags, also where agents teach them, and where an entry cannot be read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { neverTrips } from '../../core/removals/guard-limits.ts';
import { Table } from '../../../src/core/table/table.ts';
import type { TagSet } from '../../../src/core/model/tag-set.ts';
import type { RegisteredIp } from '../../../src/operator/device/device-port.ts';
import { toReading } from '../../../src/operator/table/table-reading.ts';
import { confirmBatch, nextBatch } from '../../core/table/messages.ts';

const [ip, other] = ['10.0.0.1', '10.0.0.2'];
const local = (address: string, ...tags: string[]): RegisteredIp => ({ ip: address, fromAgent: false, tags });
const taught = (address: string, ...tags: string[]): RegisteredIp => ({ ip: address, fromAgent: true, tags });
const bad = (address: string): RegisteredIp => ({
  ip: address,
  fromAgent: false,
  tags: [],
  unreadable: true,
});
const limits = { entries: 500, bytes: 1024 * 1024 };

/** A table in which everything may go, what is wanted in it, and readings of what the device shows. */
function watched() {
  const desired = new Map<string, TagSet>();
  const tags = { tagsOf: (address: string) => desired.get(address) ?? [], addresses: () => desired.keys() };
  const table = new Table(tags, () => undefined, neverTrips);
  const want = (address: string, ...after: string[]) => {
    const before = desired.get(address) ?? [];
    if (after.length === 0) desired.delete(address);
    else desired.set(address, after);
    table.note({ address, before, after, cause: after.length === 0 ? 'vacated' : 'newHolder' }, 0);
  };
  const read = (...entries: RegisteredIp[]) => {
    table.beginRead();
    const { learned, shared, ...reading } = toReading(entries, 'k8s.', (one) => table.registeredAt(one));
    const contradicted = table.endRead({ ...reading, agreed: true }, 0);
    return { learned, shared, contradicted };
  };
  /** What goes out and is confirmed. */
  const send = () => {
    const batch = nextBatch(table, limits, 0);
    if (batch !== undefined) confirmBatch(batch, [], 0);
    return batch?.map(({ address, register, unregister }) => [address, register, unregister]) ?? [];
  };
  return { table, want, read, send };
}

test('what only agents taught is theirs, whatever it is called', () => {
  const { table, want, read, send } = watched();
  const { learned, shared } = read(taught(ip, 'k8s.a', 'x'), local(other, 'y'));
  assert.deepEqual([learned, shared, table.owned, table.foreign], [ip, undefined, 0, 2]);
  assert.deepEqual(send(), []);
  want(other, 'k8s.b');
  want(other);
  assert.deepEqual(send(), []);
});

test('a pair that we registered and that agents teach, too, is confirmed, and unregistered once when its Pod ends', () => {
  const { table, want, read, send } = watched();
  read();
  want(ip, 'k8s.a');
  assert.deepEqual(send(), [[ip, ['k8s.a'], []]]);
  for (let times = 0; times < 5; times++) {
    const { contradicted, shared, learned } = read(taught(ip, 'k8s.a', 'x'));
    assert.deepEqual([contradicted, shared, learned], [[], ip, undefined]);
    assert.deepEqual([table.owned, table.pending, send()], [1, 0, []]);
  }
  want(ip);
  assert.deepEqual(send(), [[ip, [], ['k8s.a']]]);
  for (let times = 0; times < 3; times++) {
    const { contradicted, shared, learned } = read(taught(ip, 'k8s.a', 'x'));
    assert.deepEqual([contradicted, shared, learned], [[], undefined, ip]);
    assert.deepEqual([table.owned, send()], [0, []]);
  }
});

test('of an entry that cannot be read nothing is concluded, and all others are followed', () => {
  const { table, want, read, send } = watched();
  read(local(ip, 'k8s.a'));
  want(ip, 'k8s.a');
  want(other, 'k8s.b');
  assert.deepEqual(send(), [[other, ['k8s.b'], []]]);
  for (let times = 0; times < 3; times++) {
    assert.deepEqual(read(bad(ip), local(other, 'k8s.b')).contradicted, []);
    assert.deepEqual([table.owned, table.pending, send()], [2, 0, []]);
  }
  want(ip);
  assert.deepEqual(send(), [[ip, [], ['k8s.a']]], 'what we registered goes');
  // What left of it is still known when it can be read again.
  read(bad(ip), local(other, 'k8s.b'));
  read(local(ip, 'k8s.a'), local(other, 'k8s.b'));
  assert.deepEqual(send(), [[ip, [], ['k8s.a']]]);
});

test('after a start with an unreadable entry its address gets what it deserves, and what is seen later goes at once', () => {
  const { table, want, read, send } = watched();
  want(ip, 'k8s.a');
  want(other);
  read(bad(ip), bad(other));
  assert.deepEqual(send(), [[ip, ['k8s.a'], []]]);
  assert.deepEqual([table.owned, table.foreign], [1, 1]);
  read(local(ip, 'k8s.a', 'k8s.old'), local(other, 'k8s.b'));
  assert.deepEqual(send(), [
    [other, [], ['k8s.b']],
    [ip, [], ['k8s.old']],
  ]);
});
