// A table whose registrations carry timeouts: changes go first, nothing that is refreshed counts as a change.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemovalCause } from '../../../src/core/model/model.ts';
import { Table } from '../../../src/core/table/table.ts';
import type { Batch } from '../../../src/core/message/batch.ts';
import { neverTrips } from '../removals/guard-limits.ts';
import { confirmBatch, leaveUnanswered, nextBatch, withdrawBatch } from './messages.ts';

const limits = { entries: 500, bytes: 1024 * 1024 };
const host = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;

class Stage {
  now = 0;
  readonly desired = new Map<string, readonly string[]>();
  readonly table: Table;

  /** In sync, `count` addresses with these tags. */
  constructor(count: number, tags: readonly string[] = ['k.a'], timeoutSeconds = 900) {
    for (let i = 0; i < count; i++) this.desired.set(host(i), tags);
    this.table = new Table(
      { tagsOf: (address) => this.desired.get(address) ?? [], addresses: () => this.desired.keys() },
      () => undefined,
      neverTrips,
    );
    this.table.timeouts.configure({ timeoutSeconds, obstacle: undefined }, 0);
    this.read(new Map(this.desired));
  }

  read(owned: ReadonlyMap<string, readonly string[]>): void {
    this.table.beginRead();
    this.table.endRead({ owned, others: new Map(), agreed: true }, this.now);
  }

  want(address: string, tags: readonly string[], cause: RemovalCause = 'relabelled'): void {
    const before = this.desired.get(address) ?? [];
    if (tags.length === 0) this.desired.delete(address);
    else this.desired.set(address, tags);
    this.table.note({ address, before, after: tags, cause }, this.now);
  }

  next(): Batch {
    return nextBatch(this.table, limits, this.now) ?? [];
  }

  confirm(batch: Batch): void {
    confirmBatch(batch, [], this.now);
  }
}

test('what is new is registered with the timeout, and what is refreshed stands for nothing else', () => {
  const stage = new Stage(1);
  stage.want('10.9.9.9', ['k.b']);
  const sent = stage.next();
  const [fresh, ...others] = sent;
  assert.deepEqual([fresh?.register, fresh?.timeoutSeconds, fresh?.refresh], [['k.b'], 900, undefined]);
  assert.deepEqual(others, []);
  stage.confirm(sent);
  stage.now = 450_001;
  const batch = stage.next();
  assert.deepEqual(batch.map(({ address }) => address).sort(), ['10.0.0.0', '10.9.9.9']);
  for (const { register, unregister, timeoutSeconds } of batch)
    assert.deepEqual([register, unregister, timeoutSeconds], [[], [], 900]);
});

test('a refresh on its way moves no count, and when it is done nothing is left to send', () => {
  const stage = new Stage(10);
  stage.now = 450_001;
  const batch = stage.next();
  assert.deepEqual(batch.flatMap(({ refresh = [] }) => refresh).length, 10);
  assert.deepEqual([stage.table.owned, stage.table.pending, stage.table.oldestPendingAt], [10, 0, undefined]);
  stage.confirm(batch);
  assert.deepEqual([stage.table.owned, stage.table.pending], [10, 0]);
  assert.deepEqual(stage.next(), []);
});

test('changes go first and alone; a refresh that is late gets its share of their message', () => {
  const early = new Stage(200);
  early.now = 5_000;
  early.want('10.9.9.9', ['k.b']);
  assert.deepEqual(
    early.next().map(({ address }) => address),
    ['10.9.9.9'],
  );
  const late = new Stage(200);
  late.now = 100_000;
  withdrawBatch(late.next(), late.now);
  late.now = 200_000;
  late.want('10.9.9.9', ['k.b']);
  const batch = late.next();
  assert.equal(batch.filter(({ refresh = [] }) => refresh.length > 0).length, 50);
  assert.deepEqual(batch.at(-1)?.register, ['k.b']);
});

test('a refresh that was certainly without effect is sent again, one without an answer is registered again', () => {
  const stage = new Stage(1);
  stage.now = 450_001;
  withdrawBatch(stage.next(), stage.now);
  const again = stage.next();
  assert.deepEqual(
    again.map(({ refresh }) => refresh),
    [['k.a']],
  );
  leaveUnanswered(again, stage.now);
  assert.equal(stage.table.pending, 1);
  const [item] = stage.next();
  assert.deepEqual([item?.register, item?.refresh, item?.timeoutSeconds], [['k.a'], undefined, 900]);
});

test('a tag that the device took back and refused to register again is missing, and told', () => {
  const stage = new Stage(2);
  stage.now = 450_001;
  const refused = { section: 'register', address: '10.0.0.0', tag: 'k.a', message: 'full' } as const;
  confirmBatch(stage.next(), [refused], stage.now);
  assert.deepEqual([stage.table.owned, stage.table.refusals.messageOf('10.0.0.0')], [1, 'full']);
  stage.now += 30_001;
  assert.deepEqual(
    stage.next().map(({ register }) => register),
    [['k.a']],
  );
});

test('a tag that the device would not take back stays, and is refreshed again with the next turn', () => {
  const stage = new Stage(1);
  stage.now = 450_001;
  const refused = { section: 'unregister', address: '10.0.0.0', tag: 'k.a', message: 'no' } as const;
  confirmBatch(stage.next(), [refused], stage.now);
  assert.deepEqual([stage.table.owned, stage.table.pending, stage.table.refusals.size], [1, 0, 0]);
  assert.deepEqual(stage.next(), []);
  stage.now += 310_000;
  assert.equal(stage.next().length, 1);
});

test('a change of an address whose refresh is on its way is open from the start, and goes next', () => {
  const stage = new Stage(1);
  stage.now = 450_001;
  const batch = stage.next();
  stage.want('10.0.0.0', [], 'vacated');
  assert.equal(stage.table.pending, 1);
  stage.confirm(batch);
  assert.deepEqual(
    stage.next().map(({ unregister, refresh }) => [unregister, refresh]),
    [[['k.a'], undefined]],
  );
});

test('tags whose removal is held are refreshed too: what somebody is to approve does not end by itself', () => {
  const stage = new Stage(0);
  stage.table.configureGuard({ percent: 0, minimum: 0 });
  stage.read(new Map([['10.0.0.7', ['k.old']]]));
  assert.deepEqual(stage.next(), []);
  assert.notEqual(stage.table.held, undefined);
  stage.now = 450_001;
  assert.deepEqual(
    stage.next().map(({ address, refresh, unregister }) => [address, refresh, unregister]),
    [['10.0.0.7', ['k.old'], []]],
  );
});

test('nothing is refreshed while the table is being read, and what has left it is not visited any more', () => {
  const stage = new Stage(1);
  stage.now = 450_001;
  stage.table.beginRead();
  assert.deepEqual(stage.next(), []);
  stage.table.abandonRead();
  stage.want('10.0.0.0', [], 'vacated');
  stage.confirm(stage.next());
  assert.deepEqual(stage.next(), []);
  assert.equal(stage.table.timeouts.nextAt(), undefined);
});

test('20,000 addresses with three tags: no message is larger than allowed, and no registration times out', () => {
  const stage = new Stage(20_000, ['k.a', 'k.b', 'k.c']);
  const madeAt = new Map([...stage.desired.keys()].map((address) => [address, 0]));
  for (; stage.now < 1_500_000; stage.now += 1000) {
    for (let batch = stage.next(); batch.length > 0; batch = stage.next()) {
      stage.now += 1;
      assert.ok(batch.length <= 250);
      for (const { address } of batch) madeAt.set(address, stage.now);
      stage.confirm(batch);
    }
    if (stage.now % 50_000 > 1000) continue;
    for (const at of madeAt.values()) assert.ok(stage.now - at < 600_000);
  }
});
