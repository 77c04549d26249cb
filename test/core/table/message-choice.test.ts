// Choice of the next message: suspects apart from all others, and what spoilt a message before apart from the start.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../../src/core/message/batch.ts';
import { chooseMessage } from '../../../src/core/table/message-choice.ts';
import type { Outgoing } from '../../../src/core/table/outgoing.ts';
import type { RefusedPair } from '../../../src/core/message/refusals.ts';
import { Suspects } from '../../../src/core/message/suspects.ts';
import { Table } from '../../../src/core/table/table.ts';
import { noTags, type TagSet } from '../../../src/core/model/tag-set.ts';
import { neverTrips } from '../removals/guard-limits.ts';

const limits = { entries: 500, bytes: 1024 * 1024 };
const [a, b, c] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];

/** A table with this on the device, where that is wanted. */
function world(held: Record<string, string[]>, wanted: Record<string, string[]>) {
  const desired = new Map<string, TagSet>(Object.entries(wanted));
  const tags = {
    tagsOf: (address: string) => desired.get(address) ?? noTags,
    addresses: () => desired.keys(),
  };
  const table = new Table(tags, () => undefined, neverTrips);
  table.beginRead();
  table.endRead({ owned: new Map(Object.entries(held)), others: new Map(), agreed: true }, 0);
  const suspects = new Suspects();
  const next = (now = 0) => chooseMessage(table, suspects, { limits, now });
  const confirm = (message: Outgoing | undefined, now = 0) => message?.confirmed([], now);
  const want = (address: string, after: TagSet) => {
    const before = desired.get(address) ?? noTags;
    desired.set(address, after);
    table.note({ address, before, after, cause: 'newHolder' }, 0);
    suspects.release(address);
  };
  return { table, suspects, next, confirm, want };
}

const texts = (batch: Batch | undefined) =>
  (batch ?? []).flatMap(({ address, register, unregister }) => [
    ...unregister.map((tag) => `-${address} ${tag}`),
    ...register.map((tag) => `+${address} ${tag}`),
  ]);

const spoils = (section: RefusedPair['section'], address: string, tag: string): RefusedPair => ({
  section,
  address,
  tag,
  message: 'no',
  spoils: true,
});

test('suspects go by themselves, of their group only what is still to be sent, and the others without them', () => {
  const { suspects, next, confirm } = world({}, { [a]: ['t', 'u'], [b]: ['t'], [c]: ['t'] });
  suspects.add([{ address: a, register: ['t', 'gone'], unregister: [] }]);
  const first = next();
  assert.deepEqual([first?.isTrial, texts(first?.batch)], [true, [`+${a} t`]]);
  confirm(first);
  suspects.add([{ address: b, register: ['t'], unregister: [] }]);
  suspects.began({ batch: [] }).refused(0, 10);
  const second = next(5);
  assert.deepEqual([second?.isTrial, texts(second?.batch)], [false, [`+${c} t`, `+${a} u`]]);
  confirm(second);
  const third = next(20);
  assert.deepEqual([third?.isTrial, texts(third?.batch)], [true, [`+${b} t`]]);
});

test('a group of which nothing is left to send is dropped, and what changed goes with the others', () => {
  const { suspects, next, want } = world({}, { [a]: ['t'], [b]: ['t'] });
  suspects.add([{ address: a, register: ['other'], unregister: [] }]);
  suspects.add([{ address: b, register: ['t'], unregister: [] }]);
  want(b, ['new']);
  const only = next();
  assert.deepEqual([only?.isTrial, texts(only?.batch)], [false, [`+${a} t`, `+${b} new`]]);
});

test('while nothing is accepted what nobody suspects waits, too', () => {
  const { suspects, next } = world({}, { [a]: ['t'] });
  for (let i = 0; i < 40; i++) {
    suspects.began({ batch: [{ address: b, register: ['x'], unregister: [] }] }).refused(0, 0);
  }
  assert.equal(next(500), undefined);
  assert.deepEqual(texts(next(1_000)?.batch), [`+${a} t`]);
});

test('a tag that spoilt a message before goes apart wherever it is wanted, and all else of the address at once', () => {
  const { table, next, confirm } = world({}, { [a]: ['bad'], [b]: ['bad', 'good'], [c]: ['bad'] });
  table.setAside([spoils('register', a, 'bad')], 0);
  const first = next();
  assert.deepEqual([first?.isTrial, texts(first?.batch)], [false, [`+${b} good`]]);
  confirm(first);
  const second = next();
  assert.deepEqual([second?.isTrial, texts(second?.batch)], [true, [`+${b} bad`, `+${c} bad`]]);
});

test('where a removal spoilt a message the whole address goes apart: never the registrations before it', () => {
  const { table, next, confirm } = world(
    { [a]: ['old'], [b]: ['old'] },
    { [a]: ['new'], [b]: ['new'], [c]: ['new'] },
  );
  table.setAside([spoils('unregister', a, 'old')], 0);
  const first = next();
  assert.deepEqual([first?.isTrial, texts(first?.batch)], [false, [`+${a} new`, `+${c} new`]]);
  confirm(first);
  const second = next();
  assert.deepEqual([second?.isTrial, texts(second?.batch)], [true, [`-${b} old`, `+${b} new`]]);
});

test('where all that there is to send goes apart, it goes now', () => {
  const { table, next } = world({}, { [a]: ['bad'], [b]: ['bad'] });
  table.setAside([spoils('register', a, 'bad')], 0);
  const only = next();
  assert.deepEqual([only?.isTrial, texts(only?.batch)], [true, [`+${b} bad`]]);
});

test('a message ends once, in whichever way, and tells table and suspects then', () => {
  const why = { message: 'no' };
  const ends: readonly ((message: Outgoing) => unknown)[] = [
    (message) => message.confirmed([], 1),
    (message) => message.refused(why, 1),
    (message) => message.unanswered(why, 1),
    (message) => message.inconclusive(1),
    (message) => message.notSent(1),
  ];
  for (const end of ends) {
    const { table, suspects, next } = world({}, { [a]: ['t'] });
    const message = next();
    assert.ok(message);
    assert.equal(next(), undefined, 'one at a time');
    end(message);
    const known = [table.owned, table.pending, table.refusals.addresses(), suspects.has(a)];
    for (const again of ends) assert.throws(() => again(message), /a message ends once/);
    assert.deepEqual([table.owned, table.pending, table.refusals.addresses(), suspects.has(a)], known);
  }
});

test('what is refused as a whole is set aside once one pair is left, provisionally while nothing was accepted', () => {
  const { table, next } = world({}, { [a]: ['t'], [b]: ['t'] });
  const limit = { kind: 'addresses', isCertain: true } as const;
  const why = { message: 'too many', limit };
  assert.deepEqual(next()?.refused(why, 1), []);
  const expected = { section: 'register', address: a, tag: 't', ...why, spoils: true, provisional: true };
  assert.deepEqual(next(10)?.refused(why, 11), [expected]);
  assert.deepEqual(table.refusals.addresses(), [a]);
  assert.deepEqual(next(20)?.confirmed([], 21), []);
  assert.deepEqual(texts(next(22)?.batch), [`+${a} t`], 'a device that accepts again is asked at once');
});
