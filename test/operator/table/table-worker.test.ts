// A table worker against a scripted device: what it does when a read cannot be trusted, and in which order it begins.

import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { DeviceLimits } from '../../../src/core/limits/device-limits.ts';
import { LimitTally } from '../../../src/core/limits/limit-tally.ts';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RefusedPair } from '../../../src/core/message/refusals.ts';
import { markerAddress } from '../../../src/core/rights/ownership.ts';
import type { BatchItem } from '../../../src/core/message/batch.ts';
import type { Answers, Connection, RegisteredIp } from '../../../src/operator/device/device-port.ts';
import { TableWorker, type TableWorkerParts } from '../../../src/operator/table/table-worker.ts';
import { type ContextOver, tableContext } from './table-contexts.ts';
import { fakeConnection } from '../device/fake-connection.ts';

type Reading = { readonly entries: readonly RegisteredIp[]; readonly agreed: boolean };

const entry = (ip: string, ...tags: string[]): RegisteredIp => ({ ip, fromAgent: false, tags });

/** A device that gives these readings one after the other, the last one for ever, and takes every message. */
function device(
  readings: readonly Reading[],
  {
    forgetsMarks = false,
    refusesMarks = false,
    passive = false,
    doubts = 0,
    marked = [],
  }: {
    readonly forgetsMarks?: boolean;
    readonly refusesMarks?: boolean;
    readonly passive?: boolean;
    readonly doubts?: number;
    readonly marked?: readonly string[];
  } = {},
) {
  const ha = { passive, doubts };
  const marks: string[] = [...marked];
  const calls: string[] = [];
  const sent: BatchItem[] = [];
  const left = [...readings];
  const connection = fakeConnection({
    haState: async () => {
      calls.push('ha');
      return { enabled: true, state: ha.passive ? 'passive' : 'active', peerState: '' };
    },
    readOne: async () => {
      calls.push('mark');
      return marks.length === 0 ? undefined : entry(markerAddress, ...marks);
    },
    readAll: async () => {
      calls.push('read');
      const [reading = { entries: [], agreed: true }] = left.length > 1 ? left.splice(0, 1) : left;
      return reading;
    },
    send: async ({ batch }) => {
      if (ha.passive) {
        calls.push('denied');
        throw new DeviceError('PassivePeer', 'it is passive', { retry: 'slow', applied: 'no' });
      }
      if (ha.doubts > 0 && batch.some(({ address }) => address !== markerAddress)) {
        ha.doubts -= 1;
        const facts = { retry: 'backoff', applied: 'unknown', answered: true } as const;
        throw new DeviceError('DeviceUnavailable', 'it is not active any more', facts);
      }
      if (refusesMarks && batch.some(({ address }) => address === markerAddress)) {
        calls.push('put');
        return [{ section: 'register', address: markerAddress, message: 'the table is full' }];
      }
      for (const item of batch) {
        calls.push(item.address === markerAddress ? 'put' : 'send');
        sent.push(item);
        if (item.address === markerAddress && !forgetsMarks) marks.push(...item.register);
      }
      return [];
    },
  });
  return { connection, calls, sent, ha };
}

const noLimits: TableWorkerParts['limits'] = (() => {
  const device = new DeviceLimits({
    deserved: { tagsOf: () => [], addresses: () => [], count: 0, rankOf: () => undefined },
    tables: () => [],
    configured: () => ({ addresses: undefined, tagsPerAddress: undefined }),
  });
  return {
    limits: device,
    tally: new LimitTally(),
    ready: () => true,
    refresh() {},
    answered: () => new Set<string>(),
  };
})();

/** Runs a worker until `done` or for ten seconds. */
async function run(
  connection: Connection,
  desired: ReadonlyMap<string, readonly string[]>,
  done: (worker: TableWorker) => boolean,
  over: ContextOver = {},
  prepare?: (worker: TableWorker) => void,
): Promise<TableWorker> {
  const settings = {
    resync: { fullIntervalSeconds: 0.05, markerIntervalSeconds: 60 },
    removalGuard: { percent: 100, minimum: 1000 },
  };
  const worker = new TableWorker(tableContext({ settings, connect: async () => connection }, over), {
    desired: { tagsOf: (address) => desired.get(address) ?? [], addresses: () => desired.keys() },
    limits: noLimits,
  });
  prepare?.(worker);
  const stop = new AbortController();
  const running = worker.run(stop.signal, new AbortController().signal);
  for (let i = 0; i < 1000 && !done(worker); i++) await sleep(10);
  stop.abort();
  await running;
  return worker;
}

test('a table is not marked by a reading that may have missed what somebody else left', async () => {
  const stranger = entry('10.0.0.9', 'k8s.old');
  const { connection, calls, sent } = device([
    { entries: [], agreed: false },
    { entries: [stranger], agreed: true },
  ]);
  await run(
    connection,
    new Map([['10.0.0.1', ['k8s.web']]]),
    () => calls.filter((c) => c === 'read').length >= 4,
  );
  assert.ok(calls.includes('send'));
  assert.ok(!calls.includes('put'));
  assert.ok(sent.every(({ unregister }) => unregister.length === 0));
});

test('the mark is read first, then the table; the mark is put before anything is registered', async () => {
  const { connection, calls } = device([{ entries: [], agreed: true }]);
  await run(connection, new Map([['10.0.0.1', ['k8s.web']]]), () => calls.includes('send'));
  assert.deepEqual(calls.slice(0, 3), ['mark', 'read', 'put']);
  assert.ok(calls.indexOf('send') > calls.indexOf('put'));
});

test('a device that confirms the mark and never has it is asked again at the pace of the interval only', async () => {
  const { connection, calls } = device([{ entries: [], agreed: true }], { forgetsMarks: true });
  await run(connection, new Map([['10.0.0.1', ['k8s.web']]]), () => calls.includes('send'));
  assert.equal(calls.filter((call) => call === 'put').length, 1);
});

test('while the device refuses the mark it is still a first contact: what nobody claims is held', async () => {
  const stranger = entry('10.0.0.9', 'k8s.old');
  const readings = [
    { entries: [], agreed: true },
    { entries: [stranger], agreed: true },
  ];
  const { connection, calls, sent } = device(readings, { refusesMarks: true });
  const enough = () => calls.filter((call) => call === 'read').length >= 4;
  await run(connection, new Map([['10.0.0.1', ['k8s.web']]]), enough);
  assert.ok(calls.includes('put') && calls.includes('send'));
  assert.ok(sent.every(({ unregister }) => unregister.length === 0));
});

const holding = { settings: { removalGuard: { percent: 0, minimum: 0 } } };

test('an adoption is not over while what nobody claims is there, also where another rival contests the table', async () => {
  const left = entry('10.0.0.9', 'k8s.old');
  for (const rivals of [[], ['k8s._owner.bbbbbbbbbbbb']]) {
    const marked = ['k8s._owner.aaaaaaaaaaaa', ...rivals];
    const { connection } = device([{ entries: [left], agreed: true }], { marked });
    const answers: string[] = [];
    const asked = (worker: TableWorker): boolean => {
      if (worker.table.known) answers.push(worker.adopt('cccccccccccc'));
      return answers.length > 0;
    };
    await run(connection, new Map(), asked, holding);
    assert.deepEqual(answers, ['pending'], rivals.join());
  }
});

test('a passive HA peer is asked for its state at the pace of the marker, sent nothing meanwhile, and read when it is active', async () => {
  const { connection, calls, ha } = device([{ entries: [], agreed: true }], { passive: true });
  let wasPassive = false;
  const worker = await run(
    connection,
    new Map([['10.0.0.1', ['k8s.web']]]),
    (running) => {
      wasPassive ||= running.isPassivePeer;
      if (calls.filter((call) => call === 'ha').length === 3) ha.passive = false;
      return calls.includes('send');
    },
    { settings: { resync: { fullIntervalSeconds: 0.05, markerIntervalSeconds: 0.03 } } },
  );
  assert.ok(wasPassive);
  assert.ok(!worker.isPassivePeer);
  assert.deepEqual(calls.slice(0, 6), ['mark', 'read', 'denied', 'ha', 'ha', 'ha']);
  const rest = calls.slice(6).filter((call) => call !== 'ha');
  assert.deepEqual(rest.slice(0, 3), ['mark', 'read', 'put']);
  assert.ok(rest.includes('send'));
});

test('a message that was answered by a device in doubt blames none of its entries, however often', async () => {
  const { connection, calls, sent } = device([{ entries: [], agreed: true }], { doubts: 3 });
  const worker = await run(connection, new Map([['10.0.0.1', ['k8s.web']]]), () => calls.includes('send'));
  assert.ok(sent.some(({ address }) => address === '10.0.0.1'));
  assert.equal(worker.table.refusals.size, 0);
});

test('after a takeover a clean reading settles nothing: what the former leader’s last message left goes at once', async () => {
  const clean = { entries: [], agreed: true };
  const late = { entries: [entry('10.0.0.1', 'k8s.web')], agreed: true };
  const { connection, sent } = device([clean, clean, late]);
  const left = () => sent.filter(({ address }) => address === '10.0.0.1');
  const worker = await run(
    connection,
    new Map(),
    () => left().length > 0,
    holding,
    (standby) =>
      // The replica stood by and saw the Pod end.
      standby.note({ address: '10.0.0.1', before: ['k8s.web'], after: [], cause: 'vacated' }),
  );
  assert.deepEqual(left()[0]?.unregister, ['k8s.web']);
  assert.deepEqual(worker.table.held, []);
});

test('a removal whose burst ends between the look for work and the falling asleep is judged all the same', async () => {
  const there = entry('10.0.0.1', 'k8s.web', 'k8s.side');
  // A clock that runs on with each look at it: whatever the length of the burst, some look falls just before its end.
  for (let burstMs = 0; burstMs < 60; burstMs += 1) {
    const { connection, sent } = device([{ entries: [there], agreed: true }]);
    let skew = 0;
    const now = () => performance.now() + (skew += 4);
    const desired = new Map([['10.0.0.1', ['k8s.web', 'k8s.side']]]);
    let judgeFrom = 0;
    let removedAt: number | undefined;
    await run(
      connection,
      desired,
      (worker) => {
        if (removedAt === undefined && worker.table.known) {
          removedAt = performance.now();
          desired.set('10.0.0.1', ['k8s.web']);
          judgeFrom = now() + burstMs;
          const before = ['k8s.web', 'k8s.side'];
          worker.note({ address: '10.0.0.1', before, after: ['k8s.web'], cause: 'policy' });
        }
        const late = removedAt !== undefined && performance.now() > removedAt + 2_000;
        return late || sent.some(({ unregister }) => unregister.includes('k8s.side'));
      },
      {
        now,
        settings: { resync: { fullIntervalSeconds: 60, markerIntervalSeconds: 60 } },
        get knowledge() {
          return { synced: true, judgeFrom };
        },
      },
    );
    assert.ok(
      sent.some(({ unregister }) => unregister.includes('k8s.side')),
      `a burst of ${burstMs} ms`,
    );
  }
});

const refusedWhole = () =>
  new DeviceError('RegistrationRejected', 'no such thing', { retry: 'slow', applied: 'unknown' });

test('a mark that is refused with its whole message is named, and stops nothing', async () => {
  const { connection, calls } = device([{ entries: [], agreed: true }]);
  const send: Answers['send'] = ({ table, batch }, signal) =>
    batch.some(({ address }) => address === markerAddress)
      ? Promise.reject(refusedWhole())
      : connection.call({ ask: 'send', table, batch }, signal);
  const worker = await run(
    fakeConnection({ send }, connection),
    new Map([['10.0.0.1', ['k8s.web']]]),
    (running) => {
      return calls.includes('send') && running.view().refused !== undefined;
    },
  );
  assert.ok(calls.includes('send'));
  assert.ok(!calls.includes('put'), 'the mark was not taken');
  assert.equal(worker.view().failing, undefined);
});

/** A device that keeps a table, in which some pairs are answered for in another way. */
function keeper(answer: (item: BatchItem) => readonly RefusedPair[]) {
  const table = new Map<string, readonly string[]>();
  const reads: string[] = [];
  const { connection } = device([{ entries: [], agreed: true }]);
  const script: Partial<Answers> = {
    readOne: async ({ table: ref, key: ip }, signal) => {
      reads.push(ip);
      if (ip === markerAddress) return connection.call({ ask: 'readOne', table: ref, key: ip }, signal);
      const tags = table.get(ip);
      return tags && entry(ip, ...tags);
    },
    readAll: async () => {
      reads.push('all');
      return { entries: [...table].map(([ip, tags]) => entry(ip, ...tags)), agreed: true };
    },
    send: async ({ table: ref, batch }, signal) => {
      await connection.call({ ask: 'send', table: ref, batch }, signal);
      for (const { address, register } of batch)
        if (address !== markerAddress && register.length > 0) table.set(address, register);
      return batch.flatMap((item) => (item.address === markerAddress ? [] : answer(item)));
    },
  };
  return { connection: fakeConnection(script, connection), reads };
}

test('the addresses of refused pairs are read back, and what is there after all is not refused', async () => {
  const { connection, reads } = keeper(({ address }) => [
    { section: 'register', address, tag: 'k8s.web', message: 'steht schon da' },
  ]);
  const desired = new Map([1, 2, 3].map((n) => [`10.0.0.${n}`, ['k8s.web']]));
  const worker = await run(connection, desired, () => reads.includes('10.0.0.3'));
  assert.deepEqual(reads.filter((ip) => ip.startsWith('10.')).toSorted(), [...desired.keys()]);
  assert.equal(worker.view().refused, undefined);
});

test('of many refused pairs the whole table is read instead', async () => {
  const { connection, reads } = keeper(({ address }) => [
    { section: 'register', address, tag: 'k8s.web', message: 'steht schon da' },
  ]);
  const desired = new Map(Array.from({ length: 20 }, (_, n) => [`10.0.0.${n}`, ['k8s.web']]));
  await run(connection, desired, () => reads.filter((what) => what === 'all').length >= 2);
  assert.ok(reads.every((what) => what === 'all' || what === markerAddress));
});
