// Reading whole tables: pages, their edges, agreement with the device's count, and devices that page badly.
import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { startSimulator } from '../../../simulator/simulator.ts';
import type { Page, TableClient } from '../../../src/panos/client/table-client.ts';
import { registeredIp } from '../../../src/panos/messages/registered-ip.ts';
import type { RegisteredIp } from '../../../src/panos/messages/registered-ip-reader.ts';
import { readTable as readTableOf } from '../../../src/panos/client/read-table.ts';
import { clientOfSimulator, never } from '../clients.ts';

type Reads = Pick<TableClient<RegisteredIp, never, unknown>, 'count' | 'readPage'>;

const readTable = (client: Reads, options: Omit<Parameters<typeof readTableOf<RegisteredIp>>[1], 'kind'>) =>
  readTableOf(client, { kind: registeredIp, ...options });

const address = (n: number) => `10.1.${n >> 8}.${n & 255}`;
const registered = (n: number): RegisteredIp => ({
  ip: address(n),
  fromAgent: false,
  persistent: true,
  tags: ['k8s.a', `k8s.${n % 7}`],
});
const range = (length: number, start = 0) => Array.from({ length }, (_, n) => registered(start + n));

for (const size of [0, 1, 499, 500, 501, 1000, 1203]) {
  test(`a table of ${size} is read whole, in pages of 500`, async () => {
    await using device = await startSimulator({ vsys: ['vsys1', 'vsys2'] });
    await using client = clientOfSimulator(device);
    if (size > 0)
      device.plant({ vsys: 'vsys2', add: range(size).map(({ ip, tags }) => ({ ip, tags: [...tags] })) });
    const { entries, agreed } = await readTable(client, { vsys: 'vsys2', signal: never });
    assert.equal(agreed, true);
    assert.deepEqual(
      new Map(entries.map((entry) => [entry.ip, entry])),
      new Map(range(size).map((e) => [e.ip, e])),
    );
    const pages = Math.floor(size / 500) + 1;
    assert.equal(device.log().length, pages + 2, 'the pages, and a count before and after');
  });
}

test('tag lists are shared over all pages of a read', async () => {
  await using device = await startSimulator();
  await using client = clientOfSimulator(device);
  device.plant({ add: range(1203).map(({ ip, tags }) => ({ ip, tags: [...tags] })) });
  const { entries } = await readTable(client, { signal: never });
  assert.equal(new Set(entries.map(({ tags }) => tags)).size, 7);
});

/** A device's table that may change between the calls. */
function tableClient(
  rows: RegisteredIp[],
  change: (call: number, rows: RegisteredIp[]) => void = () => undefined,
) {
  let calls = 0;
  const step = () => {
    change(calls, rows);
    calls += 1;
  };
  const client: Reads = {
    async count() {
      step();
      return rows.length;
    },
    async readPage({ start, limit }: Page<RegisteredIp>) {
      step();
      return rows.slice(start - 1, start - 1 + limit);
    },
  };
  return client;
}

test('entries that leave during the read hide others, which the counts before and after tell as far as they can', async () => {
  // Calls: count, page 1, page 2, page 3, count.
  const client = tableClient(range(1203), (call, rows) => {
    if (call === 2) rows.splice(0, 2);
  });
  const { entries, agreed } = await readTable(client, { signal: never });
  assert.equal(entries.length, 1201);
  assert.equal(agreed, true, 'the total is what is there afterwards: this one cannot be told');
  const more = tableClient(range(1203), (call, rows) => {
    if (call === 2 || call === 4) rows.splice(0, 2);
  });
  const between = await readTable(more, { signal: never });
  assert.equal(between.agreed, false, 'neither what was there before, nor what is there afterwards');
  const appended = tableClient(range(1203), (call, rows) => {
    if (call === 2) rows.splice(0, 2, ...range(4, 5000));
  });
  assert.equal((await readTable(appended, { signal: never })).agreed, false, 'two came twice');
});

test('a total that is neither count does not agree', async () => {
  const shortened = tableClient(range(600));
  const read = await readTable({ ...shortened, count: async () => 700 }, { signal: never });
  assert.equal(read.agreed, false);
  const more = await readTable({ ...shortened, count: async () => 599 }, { signal: never });
  assert.equal(more.agreed, false);
});

test("the reader's own changes between the pages are no disagreement, others still are", async () => {
  const readWith = async (changed: number, told: number) => {
    const rows = range(1203);
    const pages: number[] = [];
    const read = await readTable(tableClient(rows), {
      signal: never,
      async betweenPages(page) {
        pages.push(page.length);
        if (pages.length > 1) return 0;
        rows.splice(0, changed);
        rows.push(...range(changed, 9000));
        return told;
      },
    });
    assert.deepEqual(pages, [500, 500, 203 + told], 'as many are asked for again as may have moved');
    return read;
  };
  assert.equal((await readWith(10, 10)).agreed, true);
  const own = tableClient(range(700));
  const disagreeing = await readTable(
    { ...own, count: async () => 720 },
    { signal: never, betweenPages: async () => 9 },
  );
  assert.equal(disagreeing.agreed, false, 'twice 9 do not explain 20');
});

test('the next page is asked for when the caller is done with this one', async () => {
  const events: string[] = [];
  const client = tableClient(range(501), (call) => events.push(`call ${call}`));
  await readTable(client, {
    signal: never,
    async betweenPages(page) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      events.push(`done ${page.length}`);
      return 0;
    },
  });
  assert.deepEqual(events, ['call 0', 'call 1', 'done 500', 'call 2', 'done 1', 'call 3']);
});

const invalid = (error: unknown) => error instanceof DeviceError && error.reason === 'InvalidResponse';

test('a device that gives the same page again and again is found out', async () => {
  const page = range(500);
  const client = { count: async () => 1000, readPage: async () => page };
  await assert.rejects(readTable(client, { signal: never }), invalid);
});

test('a device without an end is found out, also while the caller changes its table', async () => {
  const page = range(500);
  const client = { count: async () => 1000, readPage: async () => page };
  await assert.rejects(readTable(client, { signal: never, betweenPages: async () => 1 }), invalid);
});

test('own messages may move a whole page of known entries into view', async () => {
  const rows = range(500);
  let once = true;
  const { entries } = await readTable(tableClient(rows), {
    signal: never,
    async betweenPages() {
      if (!once) return 0;
      once = false;
      rows.unshift(...range(500, 9000));
      return 500;
    },
  });
  assert.equal(entries.length, 1000);
});

test('law: whatever the reader’s own messages take away and add between the pages, nothing else is overlooked', async () => {
  const moves = fc.array(fc.record({ remove: fc.nat(500), add: fc.nat(200), at: fc.nat(1600) }), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1600 }), moves, async (size, [...left]) => {
      const rows = range(size);
      const removed = new Set<string>();
      let added = 5000;
      const { entries, agreed } = await readTable(tableClient(rows), {
        signal: never,
        async betweenPages() {
          const move = left.shift();
          if (move === undefined) return 0;
          const gone = rows.splice(Math.min(move.at, Math.max(0, rows.length - 1)), move.remove);
          for (const { ip } of gone) removed.add(ip);
          rows.splice(move.at, 0, ...range(move.add, added));
          added += move.add;
          return gone.length + move.add;
        },
      });
      const seen = new Set(entries.map(({ ip }) => ip));
      const overlooked = range(size).filter(({ ip }) => !removed.has(ip) && !seen.has(ip));
      assert.deepEqual(overlooked, []);
      assert.equal(agreed, true);
    }),
    { numRuns: 200 },
  );
});

test('a failing page fails the read, and an abort comes through', async () => {
  await using device = await startSimulator();
  await using client = clientOfSimulator(device);
  device.plant({ add: range(700).map(({ ip, tags }) => ({ ip, tags: [...tags] })) });
  device.inject({ fault: 'truncate', on: 'read', skip: 2 });
  await assert.rejects(readTable(client, { signal: never }), invalid);
  device.clearFaults();
  const abort = new AbortController();
  const aborted = readTable(client, {
    signal: abort.signal,
    async betweenPages() {
      abort.abort();
      return 0;
    },
  });
  await assert.rejects(aborted, { name: 'AbortError' });
});
