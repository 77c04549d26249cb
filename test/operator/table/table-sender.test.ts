// The sender of one table against a device in a few lines: what becomes of messages that have no answer.

import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Table } from '../../../src/core/table/table.ts';
import type { Batch } from '../../../src/core/message/batch.ts';
import type { RefusedPair } from '../../../src/core/message/refusals.ts';
import type { TableObserver } from '../../../src/operator/table/table-observer.ts';
import { TableSender } from '../../../src/operator/table/table-sender.ts';
import { limitedTable } from '../../../src/operator/limits/limited-table.ts';
import { ReadSchedule } from '../../../src/operator/table/read-schedule.ts';
import { silent, tableContext } from './table-contexts.ts';
import { fakeConnection } from '../device/fake-connection.ts';

const silence = () =>
  new DeviceError('DeviceUnavailable', 'no answer', { retry: 'backoff', applied: 'unknown' });

type Send = (batch: Batch, signal: AbortSignal) => Promise<readonly RefusedPair[]>;

/** A table of these addresses, of which nothing has been sent yet, and its sender. */
function sending(
  addresses: readonly string[],
  send: Send,
  more: { readonly tags?: readonly string[]; readonly observer?: Partial<TableObserver> } = {},
) {
  const desired = new Map(addresses.map((address) => [address, more.tags ?? ['k8s.a']]));
  const limits = { percent: 100, minimum: 1000 };
  const tags = { tagsOf: (address: string) => desired.get(address) ?? [], addresses: () => desired.keys() };
  const table = new Table(tags, () => undefined, limits);
  table.beginRead();
  table.endRead({ owned: new Map(), others: new Map(), agreed: true }, 0);
  const connection = fakeConnection({
    readOne: async () => undefined,
    send: ({ batch }, signal) => send(batch, signal),
  });
  let now = 0;
  const nothing = () => {};
  const context = tableContext(
    { connect: async () => connection },
    { now: () => now++, observer: { ...silent, ...more.observer } },
  );
  const limited = limitedTable({ table, isFailing: () => false, wake: nothing, now: () => now });
  const reads = new ReadSchedule({ intervalMs: () => 900_000, now: () => now, timing: context.timing });
  const sender = new TableSender({ context, table, reads, limited, limits: { answered: () => new Set() } });
  const next = () => {
    now += 10;
    return sender.sendNext(connection, new AbortController().signal);
  };
  return { table, sender, next };
}

test('suspects are not waited for as long as an ordinary message: 15 s, and 50 ms for each pair', async () => {
  const asked: { readonly batch: Batch; readonly signal: AbortSignal }[] = [];
  let hangs = false;
  const { next } = sending(['10.0.0.1', '10.0.0.2'], (batch, signal) => {
    asked.push({ batch, signal });
    if (!hangs) return Promise.reject(silence());
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  });
  await assert.rejects(next(), DeviceError);
  await assert.rejects(next(), DeviceError);
  assert.deepEqual(
    asked.map(({ batch }) => batch.length),
    [2, 2],
  );
  hangs = true;
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const trial = assert.rejects(next(), /did not answer within 15 s/);
    assert.equal(asked.at(-1)?.batch.length, 1);
    mock.timers.tick(15_049);
    assert.equal(asked.at(-1)?.signal.aborted, false);
    mock.timers.tick(1);
    await trial;
  } finally {
    mock.timers.reset();
  }
});

test('an address that has no answer while others have is set aside, and no failure of the device', async () => {
  const bad = '10.0.0.2';
  const { table, next } = sending(['10.0.0.1', bad, '10.0.0.3', '10.0.0.4'], async (batch) => {
    if (batch.some(({ address }) => address === bad)) throw silence();
    return [];
  });
  let failed = 0;
  let sent = 0;
  while (table.pending > 0 && sent++ < 20) await next().catch(() => failed++);
  assert.deepEqual(table.refusals.addresses(), [bad]);
  assert.match(
    table.refusals.messageOf(bad) ?? '',
    /does not answer updates that contain this entry: no answer/,
  );
  assert.deepEqual([table.owned, failed <= 4, sent <= 10], [3, true, true], `${failed} of ${sent} failed`);
});

test('what changes is no suspect any more', async () => {
  const sizes: number[] = [];
  const addresses = ['10.0.0.1', '10.0.0.2'];
  const { sender, next } = sending(addresses, async (batch) => {
    sizes.push(batch.length);
    if (sizes.length < 3) throw silence();
    return [];
  });
  await assert.rejects(next(), DeviceError);
  await assert.rejects(next(), DeviceError);
  for (const address of addresses) sender.release(address);
  await next();
  assert.deepEqual(sizes, [2, 2, 2]);
});

test('a device that says "not now" is waited for, and nothing is set aside or halved', async () => {
  const sizes: number[] = [];
  let ready = false;
  const { table, next } = sending(['10.0.0.1', '10.0.0.2', '10.0.0.3'], async (batch) => {
    sizes.push(batch.length);
    if (ready) return [];
    const facts = { retry: 'backoff', applied: 'unknown', refused: true, answered: true } as const;
    throw new DeviceError('DeviceUnavailable', 'It said: not ready', facts);
  });
  for (let n = 0; n < 5; n++) await assert.rejects(next(), /not ready/);
  assert.deepEqual(table.refusals.addresses(), []);
  ready = true;
  await next();
  assert.deepEqual(sizes, [3, 3, 3, 3, 3, 3]);
  assert.equal(table.pending, 0);
});

test('what was set aside while the device refused every message is sent again as soon as one passes', async () => {
  let refuses = true;
  const sizes: number[] = [];
  const { table, next } = sending(['10.0.0.1', '10.0.0.2'], async (batch) => {
    sizes.push(batch.length);
    if (!refuses) return [];
    throw new DeviceError('RegistrationRejected', 'no', {
      retry: 'slow',
      applied: 'unknown',
      refused: true,
    });
  });
  for (let n = 0; n < 2; n++) await next();
  assert.deepEqual(table.refusals.addresses().length, 1);
  refuses = false;
  for (let n = 0; n < 3 && table.pending > 0; n++) await next();
  await next();
  assert.deepEqual([table.refusals.addresses(), table.owned], [[], 2], sizes.join(' '));
});

test('an answer that refuses very much is read, taken up, and followed by the next message in turns of their own', async () => {
  const tags = Array.from({ length: 10 }, (_, i) => `k8s.t-${i}`);
  const addresses = Array.from({ length: 20 }, (_, i) => `10.0.0.${i + 1}`);
  const told: string[] = [];
  const turns = { going: true };
  const otherWork = () => {
    if (told.at(-1) !== 'others') told.push('others');
    if (turns.going) setImmediate(otherWork);
  };
  const refuse: Send = async (batch) => {
    // The turn in which the reply came and was read.
    await new Promise(setImmediate);
    told.push('answered');
    return batch.flatMap(({ address }) =>
      tags.map((tag) => ({ section: 'register' as const, address, tag, message: 'tag is invalid' })),
    );
  };
  const observer = { confirmed: () => void told.push('taken up') };
  const { table, next } = sending(addresses, refuse, { tags, observer });
  otherWork();
  try {
    assert.equal(await next(), addresses.length);
    told.push('next');
  } finally {
    turns.going = false;
  }
  assert.deepEqual(told, ['others', 'answered', 'others', 'taken up', 'others', 'next']);
  assert.equal(table.refusals.size, addresses.length);
});
