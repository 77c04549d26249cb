// One process a table, whatever happens in which order: edits, devices that answer late, status of an earlier leader.

import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { productTiming } from '../../../src/core/model/timing.ts';
import { type TableRef, tableKey } from '../../../src/core/model/table-ref.ts';
import type { FirewallContext } from '../../../src/operator/firewall/firewall-context.ts';
import type { FormerTables } from '../../../src/operator/firewall/former-tables.ts';
import { TableSet } from '../../../src/operator/firewall/table-set.ts';
import type { Term } from '../../../src/operator/leadership/term.ts';
import type { TablePurge } from '../../../src/operator/table/table-purge.ts';
import type { TableWorker } from '../../../src/operator/table/table-worker.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { silent } from '../table/table-contexts.ts';

const vsys1: TableRef = { serial: undefined, vsys: 'vsys1' };
const vsys2: TableRef = { serial: undefined, vsys: 'vsys2' };
const endless = new AbortController().signal;
const term: Term = { signal: endless, lost: endless, mayBegin: () => true, mayGoOn: () => true };

/** A PanFirewall of a device that says who it is when it is told to; its processes run until they are stopped. */
function stage(former: readonly TableRef[]) {
  const running: string[] = [];
  const process = (kind: 'keeps' | 'purges') => (ref: TableRef) => ({
    unsureUntil: 0,
    outcome: undefined,
    obstacle: undefined,
    view: () => ({ owned: 1, foreign: 0 }),
    retryNow: () => {},
    forget: () => {},
    async run(signal: AbortSignal) {
      const name = `${kind} ${ref.vsys}`;
      running.push(name);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      // A message in flight ends first.
      await turn();
      running.splice(running.indexOf(name), 1);
    },
  });
  const create = {
    table: process('keeps') as unknown as (ref: TableRef) => TableWorker,
    purge: process('purges') as unknown as (ref: TableRef) => TablePurge,
  };
  const was: FormerTables = {
    serial: '007',
    tables: former.map((ref) => ({ ref, owned: 1, foreign: 0 })),
    departed: [],
    timeouts: [],
    established: [],
    guardWindows: [],
  };
  const context = {
    settings: { tables: [vsys1, vsys2], purgeTimeoutSeconds: 300, mode: 'Enforce', deletionPolicy: 'Purge' },
    former: was,
    observer: silent,
    log: createLogger({ level: 'silent', format: 'json' }),
    now: () => performance.now(),
    timing: productTiming,
  };
  const device: { endpoint: ReturnType<typeof info> | undefined } = { endpoint: undefined };
  const set = new TableSet(context as unknown as FirewallContext, {
    create,
    devices: {
      get endpoint() {
        return device.endpoint;
      },
      deviceGroups: () => new Promise(() => {}),
    },
    changed: () => {},
  });
  set.lead(term);
  return {
    set,
    running: () => [...running].sort(),
    wants: (...tables: readonly TableRef[]): Promise<void> => {
      context.settings = { ...context.settings, tables: [...tables] };
      return set.configure();
    },
    edits: (deletionPolicy: 'Purge' | 'Retain'): void => {
      context.settings = { ...context.settings, deletionPolicy };
    },
    meets: async (isAnother = false): Promise<void> => {
      device.endpoint = info();
      set.met(isAnother);
      await settled();
    },
  };
}

const info = () => ({ serial: '007', model: 'PA-VM', swVersion: '11.1.4', multiVsys: true });

async function settled(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await turn();
}

test('a table that leaves before its device has answered is purged once, and not at all when it is back', async () => {
  const { wants, meets, running, set } = stage([vsys1, vsys2]);
  await settled();
  assert.deepEqual(running(), ['keeps vsys1', 'keeps vsys2']);
  await wants(vsys1);
  assert.deepEqual(running(), ['keeps vsys1', 'purges vsys2']);
  // The status of the earlier leader names the table, too.
  await meets();
  assert.deepEqual(running(), ['keeps vsys1', 'purges vsys2']);
  await wants(vsys1, vsys2);
  assert.deepEqual(running(), ['keeps vsys1', 'keeps vsys2']);
  await set.standBy();
  assert.deepEqual(running(), []);
});

test('a table whose worker is ending is not purged before it has ended', async () => {
  const { wants, meets, running, set } = stage([vsys1, vsys2]);
  await settled();
  const left = wants(vsys1);
  await turn();
  const met = meets();
  for (let i = 0; i < 10; i += 1) {
    const vsys2s = running().filter((name) => name.endsWith(tableKey(vsys2).slice(1)));
    assert.ok(vsys2s.length <= 1, running().join());
    await turn();
  }
  await Promise.all([left, met]);
  assert.deepEqual(running(), ['keeps vsys1', 'purges vsys2']);
  await set.standBy();
});

test('what becomes of a table is asked when its worker has ended: deletionPolicy may have been edited meanwhile', async () => {
  for (const [before, after, expected] of [
    ['Retain', 'Purge', ['keeps vsys1', 'purges vsys2']],
    ['Purge', 'Retain', ['keeps vsys1']],
  ] as const) {
    const { wants, edits, running, set } = stage([vsys1, vsys2]);
    edits(before);
    await settled();
    const left = wants(vsys1);
    // Its worker has been told to stop, and its last message ends in the next turn.
    for (let i = 0; i < 50; i += 1) await Promise.resolve();
    assert.equal(running().length, 2);
    edits(after);
    await left;
    assert.deepEqual(running(), expected, `${before} to ${after}`);
    await set.standBy();
  }
});

test('a table of an earlier leader that is not in the spec any more is purged when the device is known', async () => {
  const { meets, running, set, wants } = stage([vsys1, vsys2, { serial: undefined, vsys: 'vsys3' }]);
  await settled();
  assert.deepEqual(running(), ['keeps vsys1', 'keeps vsys2']);
  await meets();
  assert.deepEqual(running(), ['keeps vsys1', 'keeps vsys2', 'purges vsys3']);
  await wants(vsys1, vsys2);
  assert.deepEqual(running(), ['keeps vsys1', 'keeps vsys2', 'purges vsys3']);
  await set.standBy();
  assert.deepEqual(running(), []);
});

test('a table that is kept again just as another device answers is not kept before its purge has ended', async () => {
  const { wants, meets, running, set } = stage([]);
  await settled();
  await wants(vsys1);
  const met = meets(true);
  const back = wants(vsys1, vsys2);
  for (let i = 0; i < 100; i += 1) {
    assert.ok(running().filter((name) => name.endsWith('vsys2')).length <= 1, running().join());
    await Promise.resolve();
  }
  await Promise.all([met, back]);
  assert.deepEqual(running(), ['keeps vsys1', 'keeps vsys2']);
  await set.standBy();
});
