// A table worker in simulated time: hours pass in a second, and every call of its device is counted.

import type { DeviceError } from '../../../src/core/model/device-error.ts';
import { mock } from 'node:test';
import { DeviceLimits } from '../../../src/core/limits/device-limits.ts';
import { LimitTally } from '../../../src/core/limits/limit-tally.ts';
import { markerAddress } from '../../../src/core/rights/ownership.ts';
import { tagSet } from '../../../src/core/model/tag-set.ts';
import type { RegisteredIp } from '../../../src/operator/device/device-port.ts';
import { TableWorker } from '../../../src/operator/table/table-worker.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { type ContextOver, tableContext } from './table-contexts.ts';
import { fakeConnection } from '../device/fake-connection.ts';

export type Call = 'connect' | 'look' | 'read' | 'write';

export type Simulated = {
  readonly worker: TableWorker;
  /** Changes what the address is to have. */
  readonly want: (address: string, ...tags: readonly string[]) => void;
  /** What the device holds. */
  readonly table: ReadonlyMap<string, ReadonlySet<string>>;
  readonly calls: readonly { readonly kind: Call; readonly at: number }[];
  /** Warnings and what is over, in order. */
  readonly lines: readonly string[];
  /** The reasons that the table failed with, in the order in which they came and went ('' when it did not). */
  readonly states: readonly string[];
  /** Lets the time pass. */
  readonly pass: (ms: number) => Promise<void>;
  readonly now: () => number;
};

export type Behaviour = {
  /** How the call fails at this time; may take its time. */
  readonly fails?: (kind: Call, sim: { readonly now: () => number }) => Promise<DeviceError | undefined>;
  readonly readMs?: number;
  /** What of the worker's context is other than usual. */
  readonly context?: ContextOver;
  /** The mark does not stay. */
  readonly forgetsMarks?: () => boolean;
};

const stepMs = 100;

/** Runs `play` against a worker whose clock and timers only `pass` moves. */
export async function simulate(behaviour: Behaviour, play: (sim: Simulated) => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ['setTimeout'] });
  const stop = new AbortController();
  let clock = 1_000_000;
  const now = () => clock;
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= stepMs) {
      clock += Math.min(stepMs, left);
      mock.timers.tick(Math.min(stepMs, left));
      await new Promise(setImmediate);
    }
  };
  const desired = new Map<string, readonly string[]>();
  const table = new Map<string, Set<string>>();
  const calls: { kind: Call; at: number }[] = [];
  const lines: string[] = [];
  const states: string[] = [''];
  const { fails = async () => undefined, readMs = 10, forgetsMarks = () => false } = behaviour;

  let isMet = false;
  const call = async <T>(kind: Call, answer: () => T): Promise<T> => {
    calls.push({ kind, at: now() });
    const failure = await fails(kind, { now });
    if (failure !== undefined) throw failure;
    return answer();
  };
  const entryOf = ([ip, tags]: readonly [string, ReadonlySet<string>]): RegisteredIp => ({
    ip,
    fromAgent: false,
    tags: [...tags],
  });
  const connection = fakeConnection({
    haState: async () => ({ enabled: false }),
    readOne: ({ key }) =>
      call('look', () => {
        const tags = table.get(key);
        return tags && entryOf([key, tags]);
      }),
    readAll: async ({ betweenPages }) => {
      const pages = await call('read', () => [...table].map(entryOf));
      await new Promise((resolve) => setTimeout(resolve, readMs));
      await betweenPages?.();
      return { entries: pages, agreed: true };
    },
    send: ({ batch }) =>
      call('write', () => {
        for (const { address, register, unregister } of batch) {
          const tags = table.get(address) ?? new Set();
          for (const tag of unregister) tags.delete(tag);
          for (const tag of register) tags.add(tag);
          if (tags.size === 0 || (address === markerAddress && forgetsMarks())) table.delete(address);
          else table.set(address, tags);
        }
        return [];
      }),
  });
  const limits = new DeviceLimits({
    deserved: { tagsOf: () => [], addresses: () => [], count: 0, rankOf: () => undefined },
    tables: () => [],
    configured: () => ({ addresses: undefined, tagsPerAddress: undefined }),
  });
  const look = (): void => {
    const state = worker.view().failing?.reason ?? '';
    if (state !== states.at(-1)) states.push(state);
  };
  const own = {
    name: 'edge',
    connect: async () => {
      if (!isMet) await call('connect', () => {});
      isMet = true;
      return connection;
    },
    observer: {
      changed: () => look(),
      confirmed() {},
      unanswered() {},
      refused() {},
      failed() {
        isMet = false;
        setImmediate(look);
      },
      record() {},
      lost() {
        lines.push('lost');
      },
    },
    log: logTo(lines),
    now,
  };
  const worker: TableWorker = new TableWorker(tableContext(own, behaviour.context), {
    desired: { tagsOf: (address) => desired.get(address) ?? [], addresses: () => desired.keys() },
    limits: {
      limits,
      tally: new LimitTally(),
      ready: () => true,
      refresh() {},
      answered: () => new Set<string>(),
    },
  });
  const running = worker.run(stop.signal, new AbortController().signal);
  const want = (address: string, ...tags: readonly string[]): void => {
    const before = desired.get(address) ?? [];
    desired.set(address, tags);
    worker.note({ address, before: tagSet(before), after: tagSet(tags), cause: 'relabelled' });
  };
  try {
    await play({ worker, want, table, calls, lines, states, pass, now });
  } finally {
    stop.abort();
    const ended = { yet: false };
    void running.finally(() => {
      ended.yet = true;
    });
    while (!ended.yet) await pass(1000);
    mock.timers.reset();
  }
}

function logTo(lines: string[]) {
  const log = createLogger({ level: 'silent', format: 'json' });
  const told = (fields: unknown, text?: unknown): void => {
    lines.push(String(text ?? fields));
  };
  return Object.assign(Object.create(log) as typeof log, {
    warn: told,
    info: (fields: unknown, text?: unknown) => {
      const line = String(text ?? fields);
      if (line.includes('again')) lines.push(line);
    },
  });
}
