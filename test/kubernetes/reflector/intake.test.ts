// Lists as a sink sees them: when what it knows is behind, and when it is not any more.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Intake } from '../../../src/kubernetes/reflector/intake.ts';

const entry = (uid: string, resourceVersion = '1') => ({ uid, resourceVersion, record: uid });

async function synced(known: readonly string[]) {
  const told: string[] = [];
  const intake = new Intake<string>(
    {
      apply: (changes) => told.push(changes.map(({ type, record }) => `${type} ${record}`).join(', ')),
      synced: () => told.push('synced'),
      relisting: (isRelisting) => told.push(isRelisting ? 'behind' : 'whole'),
    },
    2,
  );
  intake.beginList();
  intake.add(known.map((uid) => entry(uid)));
  await intake.endList('1');
  return { intake, told };
}

test('the first list is told by its end alone', async () => {
  const { told } = await synced(['a', 'b']);
  assert.deepEqual(told, ['set a, set b', 'synced']);
});

test('from the moment that only a list can help until its last slice, what is known is behind', async () => {
  const { intake, told } = await synced(['a', 'b', 'c']);
  told.length = 0;
  intake.forgetPosition();
  assert.deepEqual(told, ['behind']);
  intake.beginList();
  intake.add([entry('d')]);
  await intake.endList('2');
  assert.deepEqual(told, ['behind', 'gone a, gone b', 'gone c, set d', 'whole']);
});

test('a list that fails half-way leaves it behind, until another one is whole', async () => {
  const { intake, told } = await synced(['a', 'b']);
  told.length = 0;
  intake.beginList();
  intake.add([entry('a')]);
  intake.forgetPosition();
  intake.beginList();
  intake.add([entry('b')]);
  await intake.endList('2');
  assert.deepEqual(told, ['behind', 'gone a', 'whole']);
  await intake.take([{ kind: 'gone', entry: entry('b', '3') }]);
  assert.equal(told.length, 4, 'an event is no list');
});

/** What a list tells of an object whose version is known, with other content than the known one. */
test('a version that an etcd restored from a backup gives a second time: what the list says counts', async () => {
  const { intake, told } = await synced(['a', 'b']);
  told.length = 0;
  intake.forgetPosition();
  intake.beginList();
  intake.add([{ ...entry('a'), record: 'a restored' }, entry('b')]);
  await intake.endList('1');
  assert.deepEqual(told, ['behind', 'set a restored', 'whole']);
});
