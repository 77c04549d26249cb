// A purge against a device in a few lines: what goes, in which order, and when it is over.

import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../../src/core/message/batch.ts';
import type { RefusedPair } from '../../../src/core/message/refusals.ts';
import type { Precedence } from '../../../src/core/rights/table-claims.ts';
import { TablePurge, type TablePurgeParts } from '../../../src/operator/table/table-purge.ts';
import { type ContextOver, silent, tableContext } from './table-contexts.ts';
import { fakeConnection } from '../device/fake-connection.ts';

const mark = 'k8s._owner.0123456789ab';
const self = { prefix: 'k8s.', id: '0123456789ab' };
const limitMs = 10_000;

type Send = (batch: Batch) => readonly RefusedPair[];

/** Holds tags by address, and writes down each message. */
class SmallDevice {
  readonly table: Map<string, string[]>;
  readonly sent: string[][] = [];
  reads = 0;
  /** Instead of taking the next message as it is. */
  readonly faults: Send[] = [];
  readonly agreed: boolean[] = [];

  constructor(table: Readonly<Record<string, readonly string[]>>) {
    this.table = new Map(Object.entries(table).map(([ip, tags]) => [ip, [...tags]]));
  }

  take(batch: Batch, refused: readonly RefusedPair[] = []): readonly RefusedPair[] {
    for (const { address, unregister } of batch) {
      if (refused.some((one) => one.address === address)) continue;
      const left = (this.table.get(address) ?? []).filter((tag) => !unregister.includes(tag));
      if (left.length === 0) this.table.delete(address);
      else this.table.set(address, left);
    }
    return refused;
  }

  readonly connection = fakeConnection({
    readAll: async () => {
      this.reads += 1;
      const entries = [...this.table].map(([ip, tags]) => ({ ip, fromAgent: false, tags: [...tags] }));
      return { entries, agreed: this.agreed.shift() ?? true };
    },
    send: async ({ batch }) => {
      assert.ok(batch.every(({ register, unregister }) => register.length === 0 && unregister.length > 0));
      this.sent.push(
        batch.flatMap(({ address, unregister }) => unregister.map((tag) => `${address} ${tag}`)),
      );
      return this.faults.shift()?.(batch) ?? this.take(batch);
    },
  });
}

async function purge(
  device: SmallDevice,
  over: ContextOver = {},
  parts: Partial<TablePurgeParts> = {},
): Promise<TablePurge> {
  const connect = async () => device.connection;
  const observer = { ...silent, failed: () => worker.retryNow() };
  const context = tableContext({ self, connect, observer }, over);
  const worker: TablePurge = new TablePurge(context, { wanted: () => [], unsureUntil: 0, ...parts });
  const limit = AbortSignal.timeout(limitMs);
  await worker.run(limit, limit);
  assert.ok(!limit.aborted, `it ends in time: ${worker.obstacle}`);
  return worker;
}

const marked = {
  '192.0.2.1': [mark, 'of.others'],
  '10.0.0.1': ['k8s.a', 'k8s.b', 'of.others'],
  '10.0.0.2': ['k8s.a'],
};
const strangers = { '192.0.2.1': ['of.others'], '10.0.0.1': ['of.others'] };

test('our tags go, then the mark, and nothing of others', async () => {
  const device = new SmallDevice(marked);
  const { outcome } = await purge(device);
  assert.deepEqual(outcome, { kind: 'clean', addresses: 2 });
  assert.deepEqual(device.sent, [
    ['10.0.0.1 k8s.a', '10.0.0.1 k8s.b', '10.0.0.2 k8s.a'],
    [`192.0.2.1 ${mark}`],
  ]);
  assert.deepEqual(Object.fromEntries(device.table), strangers);
});

test('a message without an answer is followed by another reading, and so is one that was refused in part', async () => {
  const device = new SmallDevice(marked);
  const silence = new DeviceError('DeviceUnavailable', 'no answer', {
    retry: 'backoff',
    applied: 'unknown',
  });
  device.faults.push((batch) => {
    device.take(batch);
    throw silence;
  });
  device.agreed.push(true, true);
  assert.deepEqual((await purge(device)).outcome, { kind: 'clean', addresses: 0 });
  assert.equal(device.reads, 2);

  const other = new SmallDevice(marked);
  const refusal = { section: 'unregister', address: '10.0.0.2', tag: 'k8s.a', message: 'busy' } as const;
  other.faults.push((batch) => other.take(batch, [refusal]));
  assert.deepEqual((await purge(other)).outcome, { kind: 'clean', addresses: 2 });
  assert.deepEqual(other.sent.slice(1), [['10.0.0.2 k8s.a'], [`192.0.2.1 ${mark}`]]);
});

test('it is not over while a reading was incomplete, or an earlier message may still take effect', async () => {
  const partial = new SmallDevice(marked);
  partial.agreed.push(false, false);
  await purge(partial);
  assert.equal(partial.reads, 3);
  assert.deepEqual(Object.fromEntries(partial.table), strangers);

  const late = new SmallDevice(marked);
  const unsureUntil = performance.now() + 200;
  setTimeout(() => late.table.set('10.0.0.9', ['k8s.late']), 50);
  assert.deepEqual((await purge(late, {}, { unsureUntil })).outcome, { kind: 'clean', addresses: 3 });
  assert.ok(performance.now() >= unsureUntil);
  assert.deepEqual(late.sent.at(-1), [`192.0.2.1 ${mark}`]);
  assert.deepEqual(Object.fromEntries(late.table), strangers);
});

test('nothing is written where another owner, an elder PanFirewall or the spec stands against it', async () => {
  const taken: Precedence = { kind: 'taken', by: 'elder' };
  const contested = { ...marked, '192.0.2.1': [mark, 'k8s.eu._owner.ba9876543210'] };
  const cases: [Record<string, readonly string[]>, ContextOver, RegExp][] = [
    [contested, {}, /ba9876543210/],
    [marked, { precedence: taken }, /elder/],
    [marked, { settings: { mode: 'Observe' } }, /Observe/],
  ];
  for (const [table, options, says] of cases) {
    const device = new SmallDevice(table);
    const { outcome } = await purge(device, options);
    assert.ok(outcome?.kind === 'left');
    assert.match(outcome.why, says);
    assert.deepEqual(device.sent, []);
  }
});

test('a spec that forbids it while it goes on ends it before the next message', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 1200 }, (_, i) => [`10.0.${i >> 8}.${i & 255}`, ['k8s.a']]),
  );
  const device = new SmallDevice({ ...many, '192.0.2.1': [mark] });
  const context: ContextOver = {
    get settings() {
      return { mode: device.sent.length > 0 ? 'Observe' : 'Enforce' } as const;
    },
  };
  const { outcome } = await purge(device, context);
  assert.equal(outcome?.kind, 'left');
  assert.deepEqual(
    device.sent.map(({ length }) => length),
    [500],
  );
  const whole = new SmallDevice({ ...many, '192.0.2.1': [mark] });
  assert.deepEqual((await purge(whole)).outcome, { kind: 'clean', addresses: 1200 });
  assert.deepEqual(
    whole.sent.map(({ length }) => length),
    [500, 500, 200, 1],
  );
});

test('of a table that was never marked only what is wanted goes, and what is left is told', async () => {
  const { '192.0.2.1': _, ...unmarked } = marked;
  const device = new SmallDevice(unmarked);
  const { outcome } = await purge(
    device,
    {},
    { wanted: (address) => (address === '10.0.0.1' ? ['k8s.a'] : []) },
  );
  assert.ok(outcome?.kind === 'left');
  assert.match(outcome.why, /never marked as ours, such as those of 10\.0\.0\.1/);
  assert.deepEqual(device.sent, [['10.0.0.1 k8s.a']]);
  const claimed = new SmallDevice({ '10.0.0.2': ['k8s.a'] });
  assert.deepEqual((await purge(claimed, {}, { wanted: () => ['k8s.a'] })).outcome, {
    kind: 'clean',
    addresses: 1,
  });
});

test('a message that is refused as a whole is taken apart: all but what is meant goes, and it is not asked for ever', async () => {
  const whole = (words: string) =>
    new DeviceError('RegistrationRejected', words, { retry: 'slow', applied: 'unknown' });
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`10.1.0.${i}`, ['k8s.a', 'k8s.b']]));
  const device = new SmallDevice({ ...marked, ...many });
  const bad = (batch: Batch) =>
    batch.some(({ address, unregister }) => address === '10.1.0.77' && unregister.includes('k8s.b'));
  let failed: DeviceError | undefined;
  const refuse: Send = (batch) => {
    if (!bad(batch)) return device.take(batch);
    throw whole('not that one');
  };
  device.faults.push(...Array.from({ length: 30 }, () => refuse));
  await purge(device, {
    observer: {
      changed: () => {},
      confirmed: () => {},
      unanswered: () => {},
      refused: () => {},
      failed: (failure) => {
        failed = failure;
        assert.deepEqual(device.table.get('10.1.0.77'), ['k8s.b']);
        assert.equal([...device.table].filter(([, tags]) => tags.includes('k8s.a')).length, 0);
        assert.ok(device.sent.length <= 24, `${device.sent.length} messages`);
        device.faults.length = 0;
      },
      record: () => {},
      lost: () => {},
    },
  });
  assert.match(failed?.message ?? '', /10\.1\.0\.77: not that one/);
  assert.deepEqual(Object.fromEntries(device.table), strangers);

  const stubborn = new SmallDevice({ ...marked, ...many });
  stubborn.faults.push(
    ...Array.from(
      { length: 500 },
      (): Send => () => {
        throw whole('nothing at all');
      },
    ),
  );
  await purge(stubborn, {
    observer: {
      changed: () => {},
      confirmed: () => {},
      unanswered: () => {},
      refused: () => {},
      failed: (failure) => {
        assert.equal(failure.message, 'nothing at all');
        assert.ok(stubborn.sent.length <= 21, `${stubborn.sent.length} messages before it waits`);
        stubborn.faults.length = 0;
      },
      record: () => {},
      lost: () => {},
    },
  });
  assert.deepEqual(Object.fromEntries(stubborn.table), strangers);
});
