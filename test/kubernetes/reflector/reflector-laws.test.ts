// Whatever happens to an API server and to the connections with it, the sink ends up equal to the server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import type { Clock } from '../../../src/kubernetes/reflector/clock.ts';
import { rawDecoder, type RawObject } from '../../../src/kubernetes/codec/decoders.ts';
import { KubeApiError, KubeUnreachableError } from '../../../src/kubernetes/errors/kube-errors.ts';
import { createReflector, type Reflector } from '../../../src/kubernetes/reflector/reflector.ts';
import { ModelApi } from './model-api.ts';

const resyncMs = 3_600_000;
const names = ['a', 'b', 'c', 'd'];

const inactivityMs = 120_000;

/** Short waits pass in a turn of the event loop; long ones (silence, audits) only when they are woken. */
function createModelClock() {
  let now = 0;
  let audit: () => void = () => undefined;
  const silences = new Set<() => void>();
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      if (signal.aborted) return;
      if (ms < inactivityMs / 2) {
        now += ms;
        await nextTurn();
        return;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (ms >= resyncMs) audit = resolve;
      else silences.add(resolve);
      await promise;
    },
  };
  const passSilence = () => {
    now += inactivityMs;
    for (const wake of silences) wake();
    silences.clear();
  };
  return { clock, audit: () => audit(), passSilence };
}

type World = {
  readonly api: ModelApi;
  readonly audit: () => void;
  /** So much time passes that every open watch has been silent for too long. */
  readonly passSilence: () => void;
  readonly reflector: Reflector;
  /** name -> uid and version, as the sink knows it. */
  readonly known: () => Map<string, string>;
  readonly missed: () => number;
  readonly stop: () => Promise<void>;
};

function createWorld(): World {
  const api = new ModelApi();
  const { clock, audit, passSilence } = createModelClock();
  const byUid = new Map<string, RawObject>();
  const controller = new AbortController();
  const counts = { synced: 0, missed: 0 };
  const known = () =>
    new Map(
      [...byUid.values()].map(({ object, uid, resourceVersion }) => [
        (object['metadata'] as { name: string }).name,
        `${uid}@${resourceVersion}`,
      ]),
    );
  const reflector = createReflector<RawObject>({
    http: api.http(),
    resource: { path: '/things', name: 'things' },
    decoder: rawDecoder,
    pageSize: 2,
    inactivityMs,
    resyncMs,
    random: () => 0.5,
    clock,
    sink: {
      apply: (changes) => {
        assert.ok(changes.length > 0);
        for (const { type, record, origin } of changes) {
          if (type === 'set') {
            assert.notEqual(
              byUid.get(record.uid)?.resourceVersion,
              record.resourceVersion,
              'a change changes something',
            );
            byUid.set(record.uid, record);
          } else {
            assert.ok(byUid.delete(record.uid), 'only what is known can be gone');
            assert.ok(api.everGone.has(record.uid), `${origin}: it was really gone at some time`);
          }
        }
        const uids = [...byUid.values()].map(({ object }) => (object['metadata'] as { name: string }).name);
        if (counts.synced > 0) assert.equal(new Set(uids).size, uids.length, 'no object meets its successor');
      },
      synced: () => {
        counts.synced += 1;
        assert.equal(counts.synced, 1);
        const position = Number(reflector.state().resourceVersion);
        assert.deepEqual(known(), namesOf(api.at(position)), 'synced: all that existed at this version');
      },
    },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    observer: {
      watchRestart: () => undefined,
      activity: () => undefined,
      missedChange: (count) => {
        counts.missed += count;
      },
    },
  });
  const running = reflector.run(controller.signal);
  running.catch(() => undefined);
  return {
    api,
    audit,
    passSilence,
    reflector,
    known,
    missed: () => counts.missed,
    stop: async () => {
      controller.abort();
      await running;
    },
  };
}

function namesOf(state: ModelApi['state'] | undefined): Map<string, string> {
  return new Map([...(state ?? [])].map(([name, { uid, version }]) => [name, `${uid}@${version}`]));
}

type Step = { readonly name: string; readonly run: (world: World) => void | Promise<void> };

const step = (name: string, run: Step['run']): Step => ({ name, run });
const name = fc.constantFrom(...names);
const refusal = fc.constantFrom(429, 500, 503, 401, 403, 0).map((code) =>
  step(`fail ${code}`, ({ api }) => {
    api.failures.push(() =>
      code === 0
        ? new KubeUnreachableError('ECONNREFUSED', 'refused')
        : new KubeApiError({ code, reason: '', message: 'no', retryAfterSeconds: undefined }),
    );
  }),
);

const ordinarySteps: fc.Arbitrary<Step>[] = [
  name.map((name) => step(`set ${name}`, ({ api }) => api.set(name))),
  name.map((name) => step(`set ${name}`, ({ api }) => api.set(name))),
  name.map((name) => step(`remove ${name}`, ({ api }) => api.remove(name))),
  name.map((name) =>
    step(`replace ${name}`, ({ api }) => {
      api.remove(name);
      api.set(name);
    }),
  ),
  fc.constant(step('bookmark', ({ api }) => api.bookmark())),
  fc.nat(12).map((turns) =>
    step(`wait ${turns}`, async () => {
      for (let i = 0; i < turns; i += 1) await nextTurn();
    }),
  ),
];

const faultSteps: fc.Arbitrary<Step>[] = [
  refusal,
  fc.boolean().map((inEvent) => step('break', ({ api }) => api.breakConnections(inEvent))),
  fc.constant(step('end', ({ api }) => api.endConnections())),
  fc.constant(step('restart', ({ api }) => api.restart())),
  fc.nat(3).map((after) => step(`break list after ${after}`, ({ api }) => void api.listBreaks.push(after))),
  fc.constant(step('break pages', ({ api }) => void api.pageBreaks.push(1))),
  fc.constant(step('audit', ({ audit }) => audit())),
  fc.constant(step('silence', ({ passSilence }) => passSilence())),
];

const walk = (extra: fc.Arbitrary<Step>[] = []) =>
  fc.record({
    watchList: fc.boolean(),
    steps: fc.array(fc.oneof(...ordinarySteps, ...faultSteps, ...extra), { maxLength: 40 }),
  });

/** Lets the reflector work until the sink equals the server. */
async function converge({ api, known, reflector, passSilence }: World): Promise<void> {
  api.failures.length = 0;
  api.listBreaks.length = 0;
  api.pageBreaks.length = 0;
  for (let turn = 0; turn < 2000; turn += 1) {
    await nextTurn();
    if (reflector.state().synced && equal(known(), namesOf(api.state))) return;
    if (turn % 200 === 199) passSilence();
  }
  assert.deepEqual(known(), namesOf(api.state));
  assert.fail('not synced');
}

/** Lets everything happen that can happen without a change, silences included. */
async function settle({ passSilence }: World): Promise<void> {
  for (let turn = 0; turn < 400; turn += 1) {
    await nextTurn();
    if (turn === 200) passSilence();
  }
}

function equal(a: Map<string, string>, b: Map<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

async function play({ watchList, steps }: { watchList: boolean; steps: readonly Step[] }): Promise<World> {
  const world = createWorld();
  world.api.watchListServed = watchList;
  for (const { run } of steps) await run(world);
  return world;
}

test('after any changes and faults the sink equals the server, and an audit has found nothing', async () => {
  await fc.assert(
    fc.asyncProperty(walk(), async (story) => {
      const world = await play(story);
      await converge(world);
      await world.stop();
      assert.equal(world.missed(), 0);
    }),
    { numRuns: 1500 },
  );
});

test('also when etcd is restored from a backup, however far back', async () => {
  const restore = fc
    .integer({ min: 1, max: 20 })
    .map((back) => step(`restore ${back}`, ({ api }) => api.restore(back)));
  await fc.assert(
    fc.asyncProperty(
      walk(),
      restore,
      fc.array(fc.oneof(...ordinarySteps), { maxLength: 10 }),
      async (story, restore, later) => {
        const world = await play(story);
        await converge(world);
        await restore.run(world);
        // The server is found behind us only while it is: what follows happens after we have reconnected.
        await settle(world);
        for (const { run } of later) await run(world);
        await converge(world);
        await world.stop();
      },
    ),
    { numRuns: 700 },
  );
});

test('changes that a watch does not tell are found and made good by an audit', async () => {
  await fc.assert(
    fc.asyncProperty(
      walk(),
      fc.array(fc.tuple(name, fc.boolean()), { minLength: 1, maxLength: 6 }),
      async (story, silent) => {
        const world = await play(story);
        await converge(world);
        world.api.lossy = true;
        for (const [name, removed] of silent) {
          if (removed) world.api.remove(name);
          else world.api.set(name);
        }
        world.api.lossy = false;
        await settle(world);
        world.api.bookmark();
        await settle(world);
        const differed = !equal(world.known(), namesOf(world.api.state));
        world.audit();
        await converge(world);
        await world.stop();
        if (differed) assert.ok(world.missed() > 0);
      },
    ),
    { numRuns: 500 },
  );
});
