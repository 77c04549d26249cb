// The pace of status writes: conditions at once, counts within a second while ten a second in all suffice, and fair.
import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import type { FoundCondition } from '../../../src/core/status/conditions.ts';
import type { StatusSubject } from '../../../src/operator/status/status-queue.ts';
import { StatusWorker } from '../../../src/operator/status/status-worker.ts';
import { createLogger } from '../../../src/runtime/logger.ts';

const writeMs = 5;

type Model = { readonly path: string; ready: boolean; count: number; passed: number; judgeable: boolean };
type Write = { readonly path: string; readonly at: number; readonly ready: boolean; readonly count: number };

/** A worker over objects of which the test moves conditions and counts, in a time of its own. */
function stage(t: TestContext, objects: number) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 });
  const now = () => Date.now();
  const models: Model[] = Array.from({ length: objects }, (_, i) => ({
    path: `/p${i}`,
    ready: true,
    count: 0,
    passed: 0,
    judgeable: true,
  }));
  const paths = models.map(({ path }) => path);
  const dirty = new Set(paths);
  const held = new Map<string, Status>();
  const writes: Write[] = [];
  const state = {
    fail: (_path: string): Error | undefined => undefined,
    gone: new Set<string>(),
    /** When the watch brings what was written: before the answer, or so many ms after it. */
    echo: 'before' as 'before' | number,
    answerMs: writeMs,
  };
  const told: string[] = [];
  const attempts: string[] = [];
  const warnings: string[] = [];
  const log = createLogger({ level: 'warn', format: 'json' });
  log.warn = () => void warnings.push('');
  const forgotten: string[] = [];
  const worker = new StatusWorker({
    source: {
      changed: (key) => dirty.add(key),
      *take() {
        for (const key of dirty) {
          dirty.delete(key);
          const model = models.find(({ path }) => path === key);
          yield [key, model && subject(model, held.get(key), () => told.push(key))] as const;
        }
      },
      get nextAt() {
        return dirty.size > 0 ? 0 : Number.POSITIVE_INFINITY;
      },
    },
    write: async ({ path }, status) => {
      await new Promise((resolve) => setTimeout(resolve, state.answerMs));
      attempts.push(path);
      const failure = state.fail(path);
      if (failure !== undefined) throw failure;
      const written = status as Status;
      held.set(path, written);
      if (state.echo === 'before') worker.observed(path, written);
      else setTimeout(() => worker.observed(path, written), state.echo);
      if (state.echo === 'before') await new Promise((resolve) => setTimeout(resolve, writeMs));
      const ready = written.conditions[0]?.status === 'True';
      writes.push({ path, at: now(), ready, count: written.count });
      return !state.gone.has(path);
    },
    gone: (uid) => forgotten.push(uid),
    failed: () => undefined,
    log,
    now,
  });
  const end = new AbortController();
  const running = worker.run(end.signal);
  t.after(async () => {
    end.abort();
    const ended = running.then(() => true);
    // A write may be on its way, in this time of our own.
    while (!(await Promise.race([ended, new Promise((resolve) => setImmediate(resolve, false))])))
      mock.timers.tick(10);
    mock.timers.reset();
  });
  return {
    models,
    held,
    writes,
    told,
    attempts,
    warnings,
    forgotten,
    worker: {
      /** Any of the objects that there ever were may have changed. */
      changed: () => {
        for (const path of paths) worker.changed(path);
      },
      observed: (path: string, status: unknown) => worker.observed(path, status),
    },
    state,
    /** Lets so many ms pass; `each` is called every 10 ms. */
    pass: async (ms: number, each: () => void = () => undefined) => {
      for (let i = 0; i < ms; i += 10) {
        each();
        mock.timers.tick(10);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

type Status = {
  readonly conditions: readonly FoundCondition[];
  readonly count: number;
  readonly tables?: readonly { readonly guardWindow: readonly { readonly addresses: number }[] }[];
};

function subject(
  { path, ready, count, passed, judgeable }: Model,
  current: Status | undefined,
  written: () => void,
): StatusSubject {
  const condition: FoundCondition = {
    type: 'Ready',
    status: ready ? 'True' : 'False',
    observedGeneration: 1,
    lastTransitionTime: '2026-11-22T00:00:00Z',
    reason: ready ? 'InSync' : 'DeviceUnavailable',
    message: 'as it is',
  };
  const compute = (): { status: Status; written: () => void } => ({
    status: { conditions: [condition], count, tables: [{ guardWindow: [{ addresses: passed }] }] },
    written,
  });
  return { key: path, path, uid: path, generation: 1, current, judgeable, compute };
}

const byPath = (writes: readonly Write[]) => Map.groupBy(writes, ({ path }) => path);

function checkRate(writes: readonly Write[]): void {
  for (const [i, { at }] of writes.entries()) {
    const tenLater = writes[i + 10];
    // A write begins up to writeMs, and a step of these tests, before it is noted.
    if (tenLater !== undefined)
      assert.ok(tenLater.at - at >= 1000 - 2 * writeMs - 10, `${at} to ${tenLater.at}`);
  }
}

test('counts of one object that never rest follow within a second', async (t) => {
  const { models, writes, worker, pass } = stage(t, 1);
  await pass(2000);
  assert.equal(writes.length, 1, 'the first status');
  await pass(35_000, () => {
    for (const model of models) model.count += 1;
    worker.changed();
  });
  assert.ok(writes.length > 35, `${writes.length} writes`);
  checkRate(writes);
  for (const [i, { at }] of writes.entries()) {
    const next = writes[i + 1];
    if (next === undefined || i === 0) continue;
    assert.ok(next.at - at >= 400 && next.at - at <= 1000, `${at} to ${next.at}`);
  }
});

test('eighty objects in churn are all written within ten seconds', async (t) => {
  const { models, writes, worker, pass } = stage(t, 80);
  await pass(12_000);
  writes.length = 0;
  await pass(40_000, () => {
    for (const model of models) model.count += 1;
    worker.changed();
  });
  checkRate(writes);
  for (const [path, own] of byPath(writes)) {
    for (const [i, { at }] of own.entries()) {
      const next = own[i + 1];
      // Two of the ten turns of a second are left to conditions.
      if (next !== undefined) assert.ok(next.at - at <= 11_000, `${path} at ${at} and ${next.at}`);
    }
  }
});

test('after quiet, a single count is written at once, and the last count always', async (t) => {
  const { models, writes, worker, pass } = stage(t, 3);
  await pass(20_000);
  const [model] = models;
  assert.ok(model);
  const start = writes.length;
  model.count = 1;
  worker.changed();
  await pass(1000);
  assert.deepEqual(
    writes.slice(start).map(({ path, count }) => ({ path, count })),
    [{ path: '/p0', count: 1 }],
  );
  model.count = 2;
  worker.changed();
  await pass(1000);
  assert.equal(writes.at(-1)?.count, 2);
  assert.equal(writes.length, start + 2);
});

test('two hundred objects in churn share ten writes a second, and none is left out', async (t) => {
  const { models, writes, worker, pass } = stage(t, 200);
  await pass(25_000);
  writes.length = 0;
  await pass(60_000, () => {
    for (const model of models) model.count += 1;
    worker.changed();
  });
  checkRate(writes);
  assert.ok(writes.length > 450, `${writes.length} writes in a minute`);
  const written = byPath(writes);
  assert.equal(written.size, 200, 'every object is written');
  for (const [path, own] of written) {
    for (const [i, { at }] of own.entries()) {
      const next = own[i + 1];
      if (next === undefined) continue;
      assert.ok(next.at - at < 30_000, `${path} at ${at} and ${next.at}`);
    }
  }
});

test('a condition is written at once, whatever counts wait', async (t) => {
  const { models, writes, worker, pass } = stage(t, 200);
  await pass(25_000);
  const churn = () => {
    for (const model of models) model.count += 1;
    worker.changed();
  };
  await pass(5_000, churn);
  for (const i of [199, 57, 3]) {
    const model = models[i];
    assert.ok(model);
    model.ready = false;
    const at = Date.now();
    await pass(1_000, churn);
    const told = writes.find((write) => write.path === model.path && !write.ready);
    assert.ok(told !== undefined, `${model.path} within a second`);
    assert.ok(told.at - at <= 200, `${model.path} after ${told.at - at} ms`);
  }
  checkRate(writes);
});

test('with an API server that answers slowly, a condition waits for the write under way alone', async (t) => {
  const { models, writes, state, worker, pass } = stage(t, 100);
  await pass(15_000);
  state.answerMs = 300;
  for (const model of models) model.count += 1;
  worker.changed();
  await pass(2_000);
  const [model] = models.slice(-1);
  assert.ok(model);
  model.ready = false;
  worker.changed();
  const at = Date.now();
  await pass(1_000);
  const told = writes.find((write) => write.path === model.path && !write.ready);
  assert.ok(told !== undefined && told.at - at <= 700, `after ${(told?.at ?? Infinity) - at} ms`);
});

test('what passed the guard is written at once, whatever counts wait, and what leaves its window is not', async (t) => {
  const { models, writes, worker, pass } = stage(t, 200);
  await pass(25_000);
  const churn = () => {
    for (const model of models) model.count += 1;
    worker.changed();
  };
  await pass(5_000, churn);
  const model = models[57];
  assert.ok(model);
  const wait = async (passed: number): Promise<number> => {
    model.passed = passed;
    const { length: before } = writes;
    const at = Date.now();
    await pass(200, churn);
    return (
      (writes.slice(before).find(({ path }) => path === model.path)?.at ?? Number.POSITIVE_INFINITY) - at
    );
  };
  assert.ok((await wait(7)) <= 200, 'more has passed');
  assert.ok((await wait(3)) > 200, 'some of it is older than the window');
  checkRate(writes);
});

test('conditions of all objects come before any count', async (t) => {
  const { models, writes, worker, pass } = stage(t, 40);
  await pass(20_000);
  writes.length = 0;
  for (const model of models) {
    model.count += 1;
    model.ready = model.path.endsWith('1');
  }
  worker.changed();
  await pass(20_000);
  const flips = writes.findLastIndex(({ ready }) => !ready);
  assert.equal(flips, 35, 'the 36 that flipped are written first');
  assert.equal(writes.length, 40);
  checkRate(writes);
});

test('nothing is written while nothing changes, however often somebody looks', async (t) => {
  const { writes, worker, pass } = stage(t, 20);
  await pass(20_000);
  assert.equal(writes.length, 20);
  await pass(60_000, () => worker.changed());
  assert.equal(writes.length, 20);
});

test('objects whose status cannot be written hold up no other, are tried ever more slowly, and are told once', async (t) => {
  const { models, writes, attempts, warnings, state, worker, pass } = stage(t, 30);
  await pass(20_000);
  const isBad = (path: string) => Number(path.slice(2)) < 20;
  state.fail = (path) => (isBad(path) ? new Error('refused') : undefined);
  for (const model of models) model.ready = false;
  worker.changed();
  await pass(4_000);
  assert.equal(
    writes.filter(({ ready }) => !ready).length,
    10,
    'all the others, at the pace of ten a second',
  );
  attempts.length = 0;
  await pass(60_000);
  const tries = attempts.filter((path) => path === '/p0').length;
  assert.ok(tries >= 5 && tries <= 9, `${tries} in a minute`);
  assert.equal(warnings.length, 20, 'one line each');
  state.fail = () => undefined;
  await pass(12_000);
  assert.equal(new Set(writes.filter(({ ready }) => !ready).map(({ path }) => path)).size, 30);
});

test('a status that somebody else changed is put right', async (t) => {
  const { held, writes, worker, pass } = stage(t, 2);
  await pass(20_000);
  const strange: Status = { conditions: [], count: 99 };
  held.set('/p1', strange);
  worker.observed('/p1', strange);
  worker.changed();
  await pass(2_000);
  assert.deepEqual(writes.slice(2), [{ path: '/p1', at: writes[2]?.at, ready: true, count: 0 }]);
});

test('with somebody who writes the same status otherwise again and again, it is disputed ever more slowly, and told once', async (t) => {
  const { held, writes, warnings, worker, pass } = stage(t, 1);
  await pass(2000);
  const ours = held.get('/p0');
  assert.ok(ours);
  const theirs = {
    ...ours,
    conditions: ours.conditions.map((one) => ({ ...one, message: 'as they see it' })),
  };
  let wroteAt = -Infinity;
  const start = writes.length;
  await pass(3_600_000, () => {
    if (held.get('/p0') === theirs) return;
    const seen = writes.at(-1)?.at ?? 0;
    if (Date.now() - seen < 1500 || wroteAt >= seen) return;
    wroteAt = Date.now();
    held.set('/p0', theirs);
    worker.observed('/p0', theirs);
    worker.changed();
  });
  const disputed = writes.length - start;
  assert.ok(disputed >= 10 && disputed <= 25, `${disputed} writes in an hour`);
  assert.equal(warnings.length, 1);
  // They have given up: the last word is ours, and a single slip later is put right at once again.
  await pass(700_000);
  assert.deepEqual(held.get('/p0'), ours);
  held.set('/p0', theirs);
  worker.observed('/p0', theirs);
  worker.changed();
  await pass(3000);
  assert.deepEqual(held.get('/p0'), ours);
});

for (const echo of ['before', 0, 300, 9_000] as const) {
  const when = echo === 'before' ? 'before its answer' : `${echo} ms after its answer`;
  test(`a write of our own is nobody else's, and delays nothing, when the watch brings it ${when}`, async (t) => {
    const { models, writes, warnings, state, worker, pass } = stage(t, 1);
    state.echo = echo;
    const [model] = models;
    assert.ok(model);
    await pass(20_000);
    for (let i = 0; i < 12; i += 1) {
      model.count += 1;
      worker.changed();
      await pass(11_000);
      model.ready = !model.ready;
      worker.changed();
      const at = Date.now();
      await pass(1_000);
      assert.equal(writes.at(-1)?.ready, model.ready, `flip ${i}`);
      assert.ok((writes.at(-1)?.at ?? 0) - at <= 200, `flip ${i} at once`);
    }
    assert.equal(writes.length, 25, 'each count and each flip once');
    assert.deepEqual(warnings, []);
  });
}

test('a dispute delays no condition that we have not written yet', async (t) => {
  const { models, held, writes, warnings, worker, pass } = stage(t, 1);
  await pass(2000);
  const [model] = models;
  assert.ok(model);
  const theirs: Status = { conditions: [], count: 99 };
  const meddle = () => {
    if (held.get('/p0') === theirs) return;
    held.set('/p0', theirs);
    worker.observed('/p0', theirs);
    worker.changed();
  };
  await pass(60_000, meddle);
  assert.equal(warnings.length, 1);
  assert.ok(writes.length < 12, `${writes.length} writes`);
  for (let i = 0; i < 6; i += 1) {
    model.ready = !model.ready;
    worker.changed();
    const at = Date.now();
    await pass(1_000, meddle);
    const flip = writes.find((write) => write.at >= at);
    assert.ok(flip !== undefined && flip.ready === model.ready && flip.at - at <= 200, `flip ${i}`);
  }
});

test('what a predecessor wrote stays until it can be judged', async (t) => {
  const { models, held, writes, worker, pass } = stage(t, 1);
  const [model] = models;
  assert.ok(model);
  held.set('/p0', { conditions: [], count: 7 });
  model.judgeable = false;
  worker.changed();
  await pass(20_000);
  assert.deepEqual(writes, []);
  model.judgeable = true;
  worker.changed();
  await pass(1_000);
  assert.equal(writes.length, 1);
});

test('what is written is told, what is gone is not, and an object that left is forgotten', async (t) => {
  const { models, told, forgotten, state, worker, pass } = stage(t, 3);
  state.gone.add('/p1');
  await pass(5_000);
  assert.deepEqual(told, ['/p0', '/p2']);
  models.splice(0, 1);
  worker.changed();
  await pass(1_000);
  assert.deepEqual(forgotten, ['/p0']);
});
