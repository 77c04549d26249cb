// Choice of the next message: suspects apart from all others, and what spoilt a message before apart from the start.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../../src/core/message/batch.ts';
import { type Choice, nextMessage } from '../../../src/core/table/message-choice.ts';
import type { Rejection } from '../../../src/core/message/refusals.ts';
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
  const next = (now = 0) => nextMessage(table, suspects, { limits, now });
  const confirm = (choice: Choice | undefined, now = 0) => {
    suspects.passed();
    if (choice !== undefined) table.confirm(choice.batch, [], now);
  };
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

const spoils = (section: Rejection['section'], address: string, tag: string): Rejection => ({
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
  suspects.refused(0, 10);
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
    suspects.began([{ address: b, register: ['x'], unregister: [] }]);
    suspects.refused(0, 0);
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
