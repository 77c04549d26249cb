// Mirror of a device's table: what was read, updated by messages, also while another read is under way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mirror } from '../../../src/core/mirror/mirror.ts';
import { noTags, type TagSet } from '../../../src/core/model/tag-set.ts';

const a = '10.0.0.1';
const b = '10.0.0.2';

function message(register: TagSet, unregister: TagSet = noTags, address = a) {
  return { address, register, unregister, causes: new Map(), since: 0 };
}

function reading(owned: Record<string, string[]>, others: string[] = []) {
  const theirs = new Map(others.map((address) => [address, 1]));
  return { owned: new Map(Object.entries(owned)), others: theirs, agreed: true };
}

/** A mirror after a read that found this. */
function mirror(owned: Record<string, string[]> = {}, others: string[] = []): Mirror {
  const made = new Mirror();
  made.beginRead();
  made.endRead(reading(owned, others));
  return made;
}

test('before a read nothing is known, and a read that is given up changes nothing', () => {
  const made = new Mirror();
  assert.deepEqual([made.known, made.owned, made.foreign, [...made.addresses()]], [false, 0, 0, []]);
  assert.deepEqual(made.at(a), { tags: [], unsure: [] });
  made.beginRead();
  made.abandonRead();
  assert.equal(made.known, false);
});

test('what messages did while a table was read counts more than what the read saw', () => {
  const made = mirror({ [a]: ['k.old'], [b]: ['k.old'], '10.0.0.3': ['k.old'] });
  made.beginRead();
  made.applied(message(['k.new'], ['k.old']), []);
  made.applied(message([], ['k.old'], b), []);
  made.endRead(reading({ [a]: ['k.old'], [b]: ['k.old'], '10.0.0.4': ['k.other'] }));
  assert.deepEqual(made.at(a), { tags: ['k.new'], unsure: [] });
  assert.deepEqual([...made.addresses()].sort(), [a, '10.0.0.4']);
});

test('a read counts more than the messages before it, and than those of a read that was given up', () => {
  const made = mirror();
  made.beginRead();
  made.applied(message(['k.new']), []);
  made.abandonRead();
  made.beginRead();
  made.endRead(reading({ [a]: ['k.by-hand'] }));
  assert.deepEqual(made.at(a), { tags: ['k.by-hand'], unsure: [] });
});

test('a refused pair is as it was, and a refused section speaks of no other', () => {
  const made = mirror({ [a]: ['k.old'] });
  made.applied(message(['k.b', 'k.c'], ['k.old']), [
    { section: 'unregister', address: a, message: 'no' },
    { section: 'register', address: a, tag: 'k.c', message: 'no' },
  ]);
  assert.deepEqual(made.at(a), { tags: ['k.b', 'k.old'], unsure: [] });
});

test('after no answer what was sent is unsure, until a message about it is confirmed', () => {
  const made = mirror({ [a]: ['k.kept', 'k.old'] });
  made.doubtful(message(['k.new'], ['k.old']));
  assert.deepEqual(made.at(a), { tags: ['k.kept'], unsure: ['k.new', 'k.old'], added: ['k.new'] });
  made.applied(message(['k.new']), []);
  assert.deepEqual(made.at(a), { tags: ['k.kept', 'k.new'], unsure: ['k.old'] });
  made.applied(message([], ['k.old']), []);
  assert.deepEqual(made.at(a), { tags: ['k.kept', 'k.new'], unsure: [] });
});

test('an address with as much known as unsure is still ours, and so is one where all is unsure', () => {
  const made = mirror({ [a]: ['k.kept', 'k.old'], [b]: ['k.old'] });
  made.doubtful(message([], ['k.old']));
  made.doubtful(message([], ['k.old'], b));
  assert.equal(made.owned, 2);
  made.applied(message([], ['k.old'], b), []);
  assert.deepEqual([...made.addresses()], [a]);
});

test('addresses of others only are foreign, through every message of ours', () => {
  const made = mirror({ [a]: ['k.a'] }, [a, b]);
  assert.deepEqual([made.owned, made.foreign], [1, 1]);
  made.applied(message(['k.b'], [], b), []);
  assert.deepEqual([made.owned, made.foreign], [2, 0]);
  made.applied(message([], ['k.a']), []);
  made.applied(message(['k.c'], [], '10.0.0.9'), []);
  assert.deepEqual([made.owned, made.foreign], [2, 1]);
  made.forget();
  assert.deepEqual([made.known, made.owned, made.foreign], [false, 0, 0]);
});

test('pairs are counted through readings, messages, doubts, refusals and refreshes', () => {
  const made = mirror({ [a]: ['k.a', 'k.b'], [b]: ['k.a'] });
  assert.equal(made.pairs, 3);
  made.applied(message(['k.c'], ['k.a']), []);
  assert.equal(made.pairs, 3);
  made.applied({ ...message([]), refresh: ['k.b', 'k.c'] }, []);
  assert.deepEqual([made.pairs, made.at(a).tags], [3, ['k.b', 'k.c']]);
  made.applied({ ...message([]), refresh: ['k.b', 'k.c'] }, [
    { section: 'register', address: a, tag: 'k.c', message: 'full' },
  ]);
  assert.deepEqual([made.pairs, made.at(a).tags], [2, ['k.b']]);
  made.doubtful({ ...message([]), refresh: ['k.b'] });
  assert.deepEqual([made.pairs, made.at(a)], [1, { tags: [], unsure: ['k.b'] }]);
  made.readBack(b, ['k.a', 'k.d']);
  assert.equal(made.pairs, 2);
  made.forget();
  assert.equal(made.pairs, 0);
});
