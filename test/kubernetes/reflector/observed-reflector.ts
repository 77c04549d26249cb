// A reflector under observation: what its sink knows, what it logged, and a clock that runs faster than ours.

import { setTimeout as delay } from 'node:timers/promises';
import type { PodRecord } from '../../../src/kubernetes/codec/pod-record.ts';
import type { Clock } from '../../../src/kubernetes/reflector/clock.ts';
import { createPodDecoder } from '../../../src/kubernetes/codec/decoders.ts';
import type { KubeHttp } from '../../../src/kubernetes/client/http.ts';
import {
  type Change,
  createReflector,
  type Reflector,
  type ReflectorOptions,
} from '../../../src/kubernetes/reflector/reflector.ts';
import { waitFor } from '../../harness/wait-for.ts';

/** By default a minute of its time passes in three seconds of ours. */
const defaultSpeed = 20;

export type ObservedOptions = Partial<ReflectorOptions<PodRecord>> & { readonly speed?: number };

export type Observed = {
  readonly reflector: Reflector;
  /** Every batch that the sink got. */
  readonly batches: Change<PodRecord>[][];
  /** `set web-0`, `gone web-0 list` ... of all batches. */
  readonly story: () => string[];
  /** What the sink knows now, as `name@labels.app`, sorted. */
  readonly known: () => string[];
  readonly syncedCalls: () => number;
  readonly restarts: string[];
  readonly missed: () => number;
  readonly logs: { readonly level: string; readonly message: string; readonly fields: object }[];
  /** What it slept for, in its own ms. */
  readonly sleeps: number[];
  readonly until: (what: string, holds: (observed: Observed) => boolean) => Promise<void>;
  readonly stop: () => Promise<void>;
  /** How run() ended. */
  readonly ended: Promise<void>;
};

export function observeReflector(
  http: KubeHttp,
  { speed = defaultSpeed, ...options }: ObservedOptions = {},
): Observed {
  const batches: Change<PodRecord>[][] = [];
  const records = new Map<string, PodRecord>();
  const logs: Observed['logs'] = [];
  const log = (level: string) => (fields: object, message: string) => {
    logs.push({ level, message, fields });
  };
  const counts = { synced: 0, missed: 0 };
  const restarts: string[] = [];
  const sleeps: number[] = [];
  const controller = new AbortController();
  const reflector = createReflector<PodRecord>({
    http,
    resource: { path: '/api/v1/pods', name: 'pods' },
    decoder: createPodDecoder(),
    protobuf: false,
    sink: {
      apply: (changes) => {
        batches.push([...changes]);
        for (const { type, record } of changes) {
          if (type === 'set') records.set(record.uid, record);
          else records.delete(record.uid);
        }
      },
      synced: () => {
        counts.synced += 1;
      },
    },
    log: { debug: log('debug'), info: log('info'), warn: log('warn') },
    observer: {
      watchRestart: (reason) => restarts.push(reason),
      missedChange: (count) => {
        counts.missed += count;
      },
      activity: () => undefined,
    },
    clock: fastClock(speed, sleeps),
    ...options,
  });
  const ended = reflector.run(controller.signal);
  // Whoever awaits it sees the error; nobody has to.
  ended.catch(() => undefined);
  const observed: Observed = {
    reflector,
    batches,
    story: () => batches.flat().map(({ type, record, origin }) => `${type} ${record.name} ${origin}`),
    known: () => [...records.values()].map(({ name, labels }) => `${name}@${labels.get('app') ?? ''}`).sort(),
    syncedCalls: () => counts.synced,
    restarts,
    missed: () => counts.missed,
    logs,
    sleeps,
    until: async (what, holds) => {
      await waitFor(() => holds(observed), { what, intervalMs: 2 });
    },
    stop: async () => {
      controller.abort();
      await ended;
    },
    ended,
  };
  return observed;
}

function fastClock(speed: number, sleeps: number[]): Clock {
  return {
    now: () => performance.now() * speed,
    sleep: async (ms, signal) => {
      sleeps.push(ms);
      await delay(ms / speed, undefined, { signal }).catch(() => undefined);
    },
  };
}
