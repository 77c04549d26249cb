// The reflector against an API server whose every answer is scripted: nothing is lost, nothing is removed in ignorance.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { encodeFrame, encodePodEvent, encodePodList, encodeStatus } from '../codec/encode-protobuf.ts';
import { type Observed, observeReflector } from './observed-reflector.ts';
import { pod } from '../codec/pods.ts';
import {
  type Exchange,
  failure,
  type ScriptedApi,
  startScriptedApi,
  type WatchScript,
} from './scripted-api.ts';

type Options = Parameters<typeof observeReflector>[1];

async function setUp(context: TestContext, options?: Options): Promise<{ api: ScriptedApi; seen: Observed }> {
  const api = await startScriptedApi();
  const seen = observeReflector(api.http, options);
  context.after(async () => {
    await seen.stop().catch(() => undefined);
    await api.close();
  });
  return { api, seen };
}

/** Answers the first WatchList with web-0 and web-1, up to version 10. */
async function synced(context: TestContext, options?: Options) {
  const { api, seen } = await setUp(context, options);
  const watch = (await api.next()).watch();
  watch.event('ADDED', pod('web-0'));
  watch.event('ADDED', pod('web-1', { version: 2 }));
  watch.bookmark(10, true);
  await seen.until('the first list', ({ reflector }) => reflector.state().synced);
  return { api, seen, watch };
}

/** Answers the check of the position and opens the watch that follows. */
async function rewatch(api: ScriptedApi, expectedVersion: string): Promise<WatchScript> {
  const check = await api.next();
  assert.equal(check.query['limit'], '1');
  assert.equal(check.query['resourceVersion'], expectedVersion);
  assert.equal(check.query['resourceVersionMatch'], 'NotOlderThan');
  check.list([], expectedVersion);
  const request = await api.next();
  assert.equal(request.query['watch'], 'true');
  assert.equal(request.query['resourceVersion'], expectedVersion);
  assert.equal(request.query['sendInitialEvents'], undefined);
  return request.watch();
}

test('learns by WatchList first: what exists arrives before synced, what happens after it', async (context) => {
  const { api, seen } = await setUp(context);
  const request = await api.next();
  assert.equal(request.path, '/api/v1/pods');
  const { timeoutSeconds, ...query } = request.query;
  assert.deepEqual(query, {
    watch: 'true',
    sendInitialEvents: 'true',
    allowWatchBookmarks: 'true',
    resourceVersionMatch: 'NotOlderThan',
  });
  assert.ok(Number(timeoutSeconds) >= 300 && Number(timeoutSeconds) < 600);
  assert.equal(request.headers['user-agent'], 'pan-tag-operator/test');
  assert.equal(request.headers['accept-encoding'], undefined);

  const watch = request.watch();
  watch.event('ADDED', pod('web-0'));
  await seen.until('the first record', ({ batches }) => batches.length > 0);
  assert.equal(seen.reflector.state().synced, false);
  assert.equal(seen.syncedCalls(), 0);
  watch.bookmark(10, true);
  await seen.until('synced', ({ syncedCalls }) => syncedCalls() === 1);
  assert.equal(seen.reflector.state().resourceVersion, '10');

  watch.event('MODIFIED', pod('web-0', { version: 11, labels: { app: 'new' } }));
  watch.event('ADDED', pod('web-1', { version: 12 }));
  watch.event('DELETED', pod('web-0', { version: 13 }));
  await seen.until('the changes', ({ known }) => known().join() === 'web-1@web-1');
  assert.deepEqual(seen.story(), [
    'set web-0 list',
    'set web-0 watch',
    'set web-1 watch',
    'gone web-0 watch',
  ]);
  assert.deepEqual([...(seen.batches.flat().at(-1)?.record.labels ?? [])], [['app', 'new']]);
  assert.equal(seen.reflector.state().resourceVersion, '13');
  assert.equal(seen.reflector.state().failing, undefined);
});

test('changes that come in one network chunk reach the sink in one batch, in order', async (context) => {
  const { seen, watch } = await synced(context);
  const before = seen.batches.length;
  const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
  watch.raw(
    line('DELETED', pod('web-0', { version: 11 })) +
      line('ADDED', pod('web-0', { uid: 'second', version: 12 })) +
      line('MODIFIED', pod('web-1', { version: 13 })),
  );
  await seen.until('the batch', ({ batches }) => batches.length > before);
  const story = seen.batches[before]?.map(({ type, record }) => `${type} ${record.uid}`);
  assert.deepEqual(story, ['gone uid-web-0', 'set second', 'set uid-web-1']);
});

test('events cut anywhere between two chunks arrive all the same', async (context) => {
  const { seen, watch } = await synced(context);
  const text = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: pod('wéb-2', { version: 11 }) })}\n`);
  for (const byte of text) {
    watch.raw(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await seen.until('the record', ({ known }) => known().includes('wéb-2@wéb-2'));
});

for (const [code, reason] of [
  [400, 'BadRequest'],
  [422, 'Invalid'],
  [403, 'Invalid'],
] as const) {
  test(`a server that refuses WatchList with ${code} ${reason} is read in pages, from then on`, async (context) => {
    const { api, seen } = await setUp(context);
    (await api.next()).reply(code, failure(code, reason, 'sendInitialEvents is forbidden'));
    const first = await api.next();
    assert.deepEqual(first.query, { limit: '500' });
    first.list([pod('web-0')], 10, 'more');
    const second = await api.next();
    assert.deepEqual(second.query, { limit: '500', continue: 'more' });
    assert.equal(seen.reflector.state().synced, false);
    second.list([pod('web-1')], 10);
    const request = await api.next();
    assert.equal(request.query['resourceVersion'], '10');
    assert.equal(seen.reflector.state().synced, true);
    request.watch().event('ERROR', failure(410, 'Expired', 'too old resource version'));
    const again = await api.next();
    assert.deepEqual(again.query, { limit: '500' });
    again.list([pod('web-0'), pod('web-1')], 20);
    (await api.next()).watch().event('DELETED', pod('web-1', { version: 21 }));
    await seen.until('the deletion', ({ known }) => known().join() === 'web-0@web-0');
    assert.deepEqual(seen.story(), ['set web-0 list', 'set web-1 list', 'gone web-1 watch']);
    assert.equal(seen.syncedCalls(), 1);
  });
}

test('a server that takes a WatchList for a plain watch is noticed by its first bookmark', async (context) => {
  const { api, seen } = await setUp(context);
  const watch = (await api.next()).watch();
  watch.event('ADDED', pod('web-0'));
  watch.bookmark(9);
  const page = await api.next();
  assert.deepEqual(page.query, { limit: '500' });
  assert.equal(seen.reflector.state().synced, false);
  page.list([pod('web-1')], 10);
  await seen.until('synced', ({ reflector }) => reflector.state().synced);
  assert.deepEqual(seen.story(), ['set web-0 list', 'gone web-0 list', 'set web-1 list']);
});

test('an orderly end is followed by a watch from the last version, without loss or repetition', async (context) => {
  const { api, seen, watch } = await synced(context);
  watch.bookmark(15);
  await seen.until('the bookmark', ({ reflector }) => reflector.state().resourceVersion === '15');
  await new Promise((resolve) => setTimeout(resolve, 80));
  watch.end();
  const second = await rewatch(api, '15');
  second.event('MODIFIED', pod('web-0', { version: 16, labels: { app: 'new' } }));
  await seen.until('the change', ({ known }) => known().includes('web-0@new'));
  assert.deepEqual(seen.restarts, ['Ended']);
  assert.deepEqual(
    seen.sleeps.filter((ms) => ms < 60_000),
    [],
    'no wait between the two',
  );
  assert.equal(seen.story().length, 3);
});

test('told to start anew, it lists although its watch lives, and what is missing is missing by a list', async (context) => {
  const { api, seen, watch } = await synced(context);
  seen.reflector.startAnew();
  await watch.closed;
  const request = await api.next();
  assert.equal(request.query['sendInitialEvents'], 'true');
  assert.equal(request.query['resourceVersion'], undefined);
  const second = request.watch();
  second.event('ADDED', pod('web-1', { version: 2 }));
  second.bookmark(5, true);
  await seen.until('the loss', ({ known }) => known().join() === 'web-1@web-1');
  assert.deepEqual(seen.story().slice(2), ['gone web-0 list']);
});

test('told to start anew while it asks whether its position still holds, it lists all the same', async (context) => {
  const { api, seen, watch } = await synced(context);
  await new Promise((resolve) => setTimeout(resolve, 80));
  watch.end();
  const check = await api.next();
  assert.equal(check.query['limit'], '1');
  seen.reflector.startAnew();
  check.list([], 10);
  const request = await api.next();
  assert.equal(request.query['sendInitialEvents'], 'true');
  request.watch().bookmark(5, true);
  await seen.until('the loss', ({ known }) => known().length === 0);
});

test('a watch that ends at once is a failure, so that it is not asked for in a tight loop', async (context) => {
  const { api, seen } = await setUp(context);
  for (let i = 0; i < 3; i += 1) {
    const request = await api.next();
    const watch = request.watch();
    watch.bookmark(10 + i, true);
    watch.end();
    if (i < 2) (await api.next()).list([], 10);
  }
  const waitsOf = ({ sleeps }: Pick<typeof seen, 'sleeps'>) => sleeps.filter((ms) => ms < 60_000);
  await seen.until('three failures, each followed by a wait', (now) => waitsOf(now).length === 3);
  assert.deepEqual(seen.restarts, ['Ended', 'Ended', 'Ended']);
  const waits = waitsOf(seen);
  assert.ok((waits[2] ?? 0) >= 1600, 'waits grow');
});

test('a reset in the middle of an event goes on from the last version', async (context) => {
  const { api, seen, watch } = await synced(context);
  watch.event('ADDED', pod('web-2', { version: 11 }));
  watch.raw('{"type":"ADDED","object":{"metadata":{"name":"half');
  await seen.until('web-2', ({ known }) => known().includes('web-2@web-2'));
  watch.reset();
  await seen.until('the failure', ({ reflector }) => reflector.state().failing?.reason === 'Unreachable');
  assert.equal(seen.reflector.state().synced, true);
  const second = await rewatch(api, '11');
  second.event('ADDED', pod('web-3', { version: 12 }));
  await seen.until('web-3', ({ known }) => known().includes('web-3@web-3'));
  assert.equal(seen.reflector.state().failing, undefined);
  assert.equal(seen.story().length, 4);
});

test('an end in the middle of an event counts as a break, not as an end', async (context) => {
  const { api, seen, watch } = await synced(context);
  await new Promise((resolve) => setTimeout(resolve, 80));
  watch.raw('{"type":"ADDED"');
  watch.end();
  await rewatch(api, '10');
  assert.deepEqual(seen.restarts, ['Unreachable']);
});

test('a first list that breaks half-way is not synced, and the next one makes it whole', async (context) => {
  const { api, seen } = await setUp(context);
  const first = (await api.next()).watch();
  first.event('ADDED', pod('web-0'));
  first.event('ADDED', pod('web-1'));
  await seen.until('the half', ({ known }) => known().length === 2);
  first.end();
  const second = await api.next();
  assert.equal(second.query['sendInitialEvents'], 'true');
  assert.equal(seen.reflector.state().synced, false);
  assert.equal(seen.syncedCalls(), 0);
  const watch = second.watch();
  watch.event('ADDED', pod('web-1', { version: 5, labels: { app: 'new' } }));
  watch.bookmark(10, true);
  await seen.until('synced', ({ syncedCalls }) => syncedCalls() === 1);
  assert.deepEqual(seen.known(), ['web-1@new']);
});

for (const [name, expire] of [
  [
    'an ERROR event 410',
    (request: Exchange) => request.watch().event('ERROR', failure(410, 'Expired', 'too old')),
  ],
  ['HTTP 410', (request: Exchange) => request.reply(410, failure(410, 'Expired', 'too old'))],
  [
    'an ERROR event with reason Gone',
    (request: Exchange) => request.watch().event('ERROR', failure(0, 'Gone', 'gone')),
  ],
] as const) {
  test(`${name} leads to a new list, which removes only at its end and by list, not by knowledge`, async (context) => {
    const { api, seen, watch } = await synced(context);
    watch.reset();
    (await api.next()).list([], 10);
    expire(await api.next());
    const request = await api.next();
    assert.equal(request.query['sendInitialEvents'], 'true');
    assert.equal(request.query['resourceVersion'], undefined);
    const before = seen.batches.length;
    const list = request.watch();
    // web-0 has changed, web-1 was replaced by a Pod of the same name, web-2 is new.
    list.event('ADDED', pod('web-0', { version: 30, labels: { app: 'new' } }));
    list.event('ADDED', pod('web-1', { uid: 'second', version: 31 }));
    list.event('ADDED', pod('web-2', { version: 32 }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(seen.batches.length, before, 'nothing before the list is whole');
    list.bookmark(40, true);
    await seen.until('the list', ({ batches }) => batches.length > before);
    assert.deepEqual(seen.story().slice(2), [
      'gone web-1 list',
      'set web-0 list',
      'set web-1 list',
      'set web-2 list',
    ]);
    assert.equal(seen.reflector.state().resourceVersion, '40');
    assert.equal(seen.syncedCalls(), 1);
  });
}

test('what a new list shows unchanged is no change', async (context) => {
  const { api, seen, watch } = await synced(context);
  watch.event('ERROR', failure(410, 'Expired', 'too old'));
  const list = (await api.next()).watch();
  list.event('ADDED', pod('web-0'));
  list.event('ADDED', pod('web-1', { version: 2 }));
  list.bookmark(20, true);
  await seen.until('the list', ({ reflector }) => reflector.state().resourceVersion === '20');
  assert.equal(seen.story().length, 2);
});

test('a new list that fails half-way removes nothing and loses nothing', async (context) => {
  const { api, seen, watch } = await synced(context);
  watch.event('ERROR', failure(410, 'Expired', 'too old'));
  const half = (await api.next()).watch();
  half.event('ADDED', pod('web-7', { version: 20 }));
  half.reset();
  const whole = (await api.next()).watch();
  assert.deepEqual(seen.known(), ['web-0@web-0', 'web-1@web-1']);
  whole.event('ADDED', pod('web-1', { version: 2 }));
  whole.bookmark(30, true);
  await seen.until('the list', ({ known }) => known().length === 1);
  assert.deepEqual(seen.story().slice(2), ['gone web-0 list']);
});

test('a deletion that is seen while a new list is under way is known at once, as knowledge', async (context) => {
  const { api, seen, watch } = await synced(context);
  watch.event('ERROR', failure(410, 'Expired', 'too old'));
  const list = (await api.next()).watch();
  list.event('ADDED', pod('web-0'));
  list.event('ADDED', pod('web-1', { version: 2 }));
  list.event('DELETED', pod('web-0', { version: 21 }));
  await seen.until('the deletion', ({ story }) => story().length === 3);
  list.bookmark(30, true);
  await seen.until('the list', ({ reflector }) => reflector.state().resourceVersion === '30');
  assert.deepEqual(seen.story().slice(2), ['gone web-0 watch']);
});

test('a list in pages whose continuation has expired begins again from its first page', async (context) => {
  const { api, seen } = await setUp(context);
  (await api.next()).reply(422, failure(422, 'Invalid', 'no WatchList'));
  (await api.next()).list([pod('web-0')], 10, 'old');
  (await api.next()).reply(410, failure(410, 'Expired', 'the continue token is too old'));
  const again = await api.next();
  assert.deepEqual(again.query, { limit: '500' });
  assert.equal(seen.reflector.state().synced, false);
  again.list([pod('web-1')], 20);
  await seen.until('synced', ({ reflector }) => reflector.state().synced);
  assert.deepEqual(seen.known(), ['web-1@web-1']);
});

test('a large difference reaches the sink in slices of at most 500', async (context) => {
  const { api, seen, watch } = await synced(context);
  watch.event('ERROR', failure(410, 'Expired', 'too old'));
  const list = (await api.next()).watch();
  for (let i = 0; i < 1200; i += 1) list.event('ADDED', pod(`new-${i}`, { version: 20 + i }));
  list.bookmark(2000, true);
  await seen.until('the list', ({ known }) => known().length === 1200);
  assert.deepEqual(
    seen.batches.slice(-3).map((batch) => batch.length),
    [500, 500, 202],
  );
});

test('a server behind our version (restored from a backup) is found out before a watch would hang on it', async (context) => {
  const { api, seen, watch } = await synced(context);
  watch.reset();
  const check = await api.next();
  check.reply(504, failure(504, 'Timeout', 'Too large resource version: 10, current: 4'), {
    'retry-after': '1',
  });
  const request = await api.next();
  assert.equal(request.query['sendInitialEvents'], 'true');
  assert.equal(request.query['resourceVersion'], undefined);
  const list = request.watch();
  list.event('ADDED', pod('web-0'));
  list.bookmark(5, true);
  await seen.until('the older truth', ({ known }) => known().length === 1);
  assert.equal(seen.reflector.state().resourceVersion, '5');
});

test('a gateway that times out is no reason to list everything again', async (context) => {
  const { api, seen, watch } = await synced(context);
  watch.reset();
  (await api.next()).replyRaw(504, 'text/html', '<html>Gateway Timeout</html>');
  await rewatch(api, '10');
  assert.deepEqual(seen.restarts, ['Unreachable', 'ServerError']);
});

test('without the right to list, a watch goes on unchecked and says so', async (context) => {
  const { api, seen, watch } = await synced(context);
  watch.reset();
  (await api.next()).reply(403, failure(403, 'Forbidden', 'pods is forbidden: cannot list'));
  const request = await api.next();
  assert.equal(request.query['resourceVersion'], '10');
  request.watch().event('DELETED', pod('web-0', { version: 11 }));
  await seen.until('the deletion', ({ known }) => known().length === 1);
  assert.ok(seen.logs.some(({ level, message }) => level === 'warn' && message.includes('list')));
});

test('429 is obeyed: the wait is at least Retry-After', async (context) => {
  const { api, seen, watch } = await synced(context);
  watch.reset();
  (await api.next()).reply(429, failure(429, 'TooManyRequests', 'slow down'), { 'retry-after': '7' });
  await rewatch(api, '10');
  assert.deepEqual(seen.restarts, ['Unreachable', 'TooManyRequests']);
  assert.ok(seen.sleeps.some((ms) => ms >= 7000 && ms < 60_000));
});

test('server errors, as answers and as events, keep the version and back off', async (context) => {
  const { api, seen, watch } = await synced(context);
  watch.event('ERROR', failure(500, 'InternalError', 'etcdserver: leader changed'));
  (await api.next()).reply(503, failure(503, 'ServiceUnavailable', 'starting'));
  (await api.next()).reset();
  await rewatch(api, '10');
  assert.deepEqual(seen.restarts, ['InternalError', 'ServiceUnavailable', 'Unreachable']);
  const waits = seen.sleeps.filter((ms) => ms < 60_000);
  assert.equal(waits.length, 3);
  assert.ok(
    waits.every((ms, i) => ms >= 400 * 2 ** i && ms <= 800 * 2 ** i),
    String(waits),
  );
});

for (const [code, reason, words] of [
  [401, 'Unauthorized', /credentials/],
  [403, 'Forbidden', /list and watch on pods.*User "x" cannot watch resource "pods"/],
  [404, 'NotFound', /CRD/],
] as const) {
  test(`${code} is said with its remedy, retried, and never counts as an empty list`, async (context) => {
    const { api, seen } = await setUp(context);
    const message = 'pods is forbidden: User "x" cannot watch resource "pods" in API group ""';
    (await api.next()).reply(code, failure(code, reason, message));
    await seen.until('the failure', ({ reflector }) => reflector.state().failing !== undefined);
    const { failing, synced } = seen.reflector.state();
    assert.equal(failing?.reason, reason);
    assert.match(failing?.message ?? '', words);
    assert.equal(synced, false);
    (await api.next()).reply(code, failure(code, reason, message));
    const watch = (await api.next()).watch();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.notEqual(seen.reflector.state().failing, undefined, 'nothing is good before the list is whole');
    watch.bookmark(10, true);
    await seen.until('recovery', ({ reflector }) => reflector.state().synced);
    assert.equal(seen.reflector.state().failing, undefined);
    assert.equal(seen.logs.filter(({ level }) => level === 'warn').length, 1, 'one warning for one cause');
  });
}

test('a watch that falls silent is given up, its socket closed, and taken up at once, for it may only be quiet', async (context) => {
  const { api, seen, watch } = await synced(context, { inactivityMs: 4000 });
  watch.event('ADDED', pod('web-2', { version: 11 }));
  await watch.closed;
  const second = await rewatch(api, '11');
  assert.deepEqual(seen.restarts, ['Inactive']);
  assert.deepEqual(seen.logs, []);
  assert.equal(seen.reflector.state().failing, undefined);
  second.event('ADDED', pod('web-3', { version: 12 }));
  await seen.until('web-3', ({ known }) => known().includes('web-3@web-3'));
});

test('a server that has fallen silent and does not answer the next request either is a failure', async (context) => {
  const { api, seen, watch } = await synced(context, { inactivityMs: 4000, speed: 20 });
  await watch.closed;
  (await api.next()).reset();
  await seen.until('the failure', ({ reflector }) => reflector.state().failing?.reason === 'Unreachable');
  await rewatch(api, '10');
  await seen.until('recovery', ({ reflector }) => reflector.state().failing === undefined);
});

test('a list that falls silent half-way is a failure, and nothing of it counts as whole', async (context) => {
  const { api, seen } = await setUp(context, { inactivityMs: 4000 });
  const half = (await api.next()).watch();
  half.event('ADDED', pod('web-0'));
  await half.closed;
  await seen.until('the failure', ({ reflector }) => reflector.state().failing?.reason === 'Inactive');
  assert.equal(seen.reflector.state().synced, false);
  (await api.next()).watch().bookmark(10, true);
  await seen.until('synced', ({ reflector }) => reflector.state().synced);
  assert.deepEqual(seen.story(), ['set web-0 list', 'gone web-0 list']);
});

test('an answer that never comes is given up as well', async (context) => {
  const { api, seen } = await setUp(context, { inactivityMs: 4000 });
  await api.next();
  await seen.until('the failure', ({ reflector }) => reflector.state().failing?.reason === 'Inactive');
  const watch = (await api.next()).watch();
  watch.bookmark(10, true);
  await seen.until('synced', ({ reflector }) => reflector.state().synced);
});

test('a watch that only gets bookmarks stays alive, and its version moves', async (context) => {
  const { api, seen, watch } = await synced(context, { inactivityMs: 6000 });
  const before = seen.reflector.state().lastActivityAt;
  for (let i = 0; i < 6; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    watch.bookmark(20 + i);
  }
  await seen.until('the last bookmark', ({ reflector }) => reflector.state().resourceVersion === '25');
  assert.ok(seen.reflector.state().lastActivityAt - before >= 10_000);
  assert.deepEqual(seen.restarts, []);
  assert.ok(await api.quietFor(10));
});

test('something that is no API server changes nothing', async (context) => {
  const { api, seen, watch } = await synced(context);
  watch.event('ERROR', failure(410, 'Expired', 'too old'));
  (await api.next()).replyRaw(200, 'text/html', '<html>Sign in</html>');
  (await api.next()).replyRaw(200, 'application/json', '{"kind":"Status"');
  const whole = (await api.next()).watch();
  assert.equal(seen.story().length, 2);
  assert.deepEqual(seen.restarts, ['Expired', 'InvalidResponse', 'Unreachable']);
  whole.event('ADDED', pod('web-0'));
  whole.bookmark(30, true);
  await seen.until('the list', ({ known }) => known().length === 1);
});

test('an unreachable server is retried, and its failure is dated from its beginning', async (context) => {
  const { api, seen } = await setUp(context);
  (await api.next()).reset();
  await seen.until('the first failure', ({ reflector }) => reflector.state().failing !== undefined);
  const since = seen.reflector.state().failing?.since;
  (await api.next()).reset();
  await seen.until('the second failure', ({ restarts }) => restarts.length === 2);
  assert.equal(seen.reflector.state().failing?.since, since);
  (await api.next()).watch().bookmark(1, true);
  await seen.until('synced', ({ reflector }) => reflector.state().synced);
});

test('a sink that throws is a bug, and ends the reflector', async (context) => {
  const api = await startScriptedApi();
  context.after(() => api.close());
  const seen = observeReflector(api.http, {
    sink: {
      apply: () => {
        throw new TypeError('a bug in the sink');
      },
      synced: () => undefined,
    },
    resyncMs: 3_600_000,
  });
  const watch = (await api.next()).watch();
  watch.event('ADDED', pod('web-0'));
  await assert.rejects(seen.ended, /a bug in the sink/);
  await watch.closed;
});

test('stopping closes the connection and ends every wait at once', async (context) => {
  const { seen, watch } = await synced(context, { resyncMs: 3_600_000 });
  await seen.stop();
  await watch.closed;
  const other = await setUp(context);
  (await other.api.next()).reply(429, failure(429, 'TooManyRequests', 'slow'), { 'retry-after': '60' });
  await other.seen.until('the wait', ({ restarts }) => restarts.length === 1);
  const start = performance.now();
  await other.seen.stop();
  assert.ok(performance.now() - start < 1000);
});

test('the audit compares with a list of exactly our version and makes good what the watch had missed', async (context) => {
  const { api, seen, watch } = await synced(context, { resyncMs: 4000, random: () => 0.5 });
  const page = await api.next();
  assert.deepEqual(page.query, { limit: '500', resourceVersion: '10', resourceVersionMatch: 'Exact' });
  // Meanwhile the watch tells of web-1, so the list's older view of it does not count.
  watch.event('MODIFIED', pod('web-1', { version: 11, labels: { app: 'new' } }));
  await seen.until('the event', ({ known }) => known().includes('web-1@new'));
  page.list([pod('web-1', { version: 2 }), pod('web-9', { version: 9 })], 10);
  await seen.until('the correction', ({ missed }) => missed() === 2);
  assert.deepEqual(seen.known(), ['web-1@new', 'web-9@web-9']);
  assert.deepEqual(seen.story().slice(-2), ['gone web-0 list', 'set web-9 list']);

  const second = await api.next();
  assert.equal(second.query['resourceVersion'], '11');
  second.list([pod('web-1', { version: 11, labels: { app: 'new' } }), pod('web-9', { version: 9 })], 11);
  const third = await api.next();
  assert.equal(seen.missed(), 2, 'an equal list is no news');
  third.reply(410, failure(410, 'Expired', 'compacted'));
  await api.next();
  assert.equal(seen.reflector.state().failing, undefined, 'the watch is none the worse');
  assert.deepEqual(seen.restarts, []);
});

const protobufWatch = 'application/vnd.kubernetes.protobuf;stream=watch';

test('Pods are asked for in protobuf and read in what the answer says it is', async (context) => {
  const { api, seen } = await setUp(context, { protobuf: true });
  const request = await api.next();
  assert.equal(
    request.headers.accept,
    'application/vnd.kubernetes.protobuf;stream=watch, application/json;q=0.5',
  );
  const watch = request.watch(protobufWatch);
  const frames = Buffer.concat([
    encodePodEvent('ADDED', pod('web-0', { ip: '10.0.0.1' })),
    encodePodEvent('BOOKMARK', {
      metadata: { resourceVersion: '10', annotations: { 'k8s.io/initial-events-end': 'true' } },
    }),
    encodePodEvent('ADDED', pod('web-1', { version: 11 })),
  ]);
  watch.raw(frames.subarray(0, 50));
  await new Promise((resolve) => setTimeout(resolve, 20));
  watch.raw(frames.subarray(50));
  await seen.until('both', ({ known }) => known().length === 2);
  assert.deepEqual(seen.batches.flat()[0]?.record.addresses, ['10.0.0.1']);
  watch.raw(encodeFrame('ERROR', encodeStatus({ code: 410, reason: 'Expired', message: 'old' })));
  const again = (await api.next()).watch();
  again.event('ADDED', pod('web-1', { version: 11 }));
  again.bookmark(20, true);
  await seen.until('the JSON answer', ({ known }) => known().length === 1);
});

test('pages are read in protobuf too', async (context) => {
  const { api, seen } = await setUp(context, { protobuf: true });
  (await api.next()).replyRaw(
    422,
    'application/vnd.kubernetes.protobuf',
    encodeStatus({ code: 422, reason: 'Invalid', message: 'no WatchList' }),
  );
  const page = await api.next();
  assert.equal(page.headers.accept, 'application/vnd.kubernetes.protobuf, application/json;q=0.5');
  page.replyRaw(200, 'application/vnd.kubernetes.protobuf', encodePodList([pod('web-0')], '10'));
  await seen.until('synced', ({ reflector }) => reflector.state().synced);
  assert.deepEqual(seen.known(), ['web-0@web-0']);
});

test('protobuf that cannot be read leads to new lists, and after three times to JSON', async (context) => {
  const { api, seen } = await setUp(context, { protobuf: true });
  for (let i = 0; i < 3; i += 1) {
    const request = await api.next();
    assert.match(request.headers.accept ?? '', /protobuf/);
    assert.equal(request.query['sendInitialEvents'], 'true');
    request.watch(protobufWatch).raw(Buffer.from([0, 0, 0, 2, 0xff, 0xff]));
    await seen.until('the failure', ({ restarts }) => restarts.length === i + 1);
  }
  const request = await api.next();
  assert.equal(request.headers.accept, 'application/json');
  const watch = request.watch();
  watch.event('ADDED', pod('web-0'));
  watch.bookmark(10, true);
  await seen.until('synced', ({ reflector }) => reflector.state().synced);
  assert.deepEqual(seen.restarts, ['InvalidResponse', 'InvalidResponse', 'InvalidResponse']);
  assert.ok(seen.logs.some(({ level, message }) => level === 'warn' && message.includes('JSON')));
});

test('field selectors and paths of the resource go with every request', async (context) => {
  const { api } = await setUp(context, {
    resource: {
      path: '/api/v1/namespaces/x/pods',
      name: 'pods',
      query: { fieldSelector: 'status.phase!=Failed' },
    },
  });
  const first = await api.next();
  assert.equal(first.path, '/api/v1/namespaces/x/pods');
  assert.equal(first.query['fieldSelector'], 'status.phase!=Failed');
  const watch = first.watch();
  watch.bookmark(10, true);
  await new Promise((resolve) => setTimeout(resolve, 80));
  watch.end();
  const check = await api.next();
  assert.equal(check.query['fieldSelector'], 'status.phase!=Failed');
  check.list([], 10);
  assert.equal((await api.next()).query['fieldSelector'], 'status.phase!=Failed');
});

for (const [code, reason] of [
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
] as const) {
  test(`a watch that goes on though reading is answered ${code} is ended, and the reason told until we may again`, async (context) => {
    const { api, seen, watch } = await synced(context, { probeMs: 2000 });
    const probe = await api.next();
    assert.equal(probe.query['limit'], '1');
    assert.equal(probe.query['resourceVersion'], '10');
    probe.list([], '10');
    (await api.next()).reply(code, failure(code, reason, 'not you'));
    await watch.closed;
    await seen.until('the failure', ({ reflector }) => reflector.state().failing?.reason === reason);
    assert.deepEqual(seen.restarts, [reason]);
    assert.equal(seen.reflector.state().synced, true);
    await rewatch(api, '10');
    await seen.until('recovery', ({ reflector }) => reflector.state().failing === undefined);
    assert.deepEqual(seen.story(), ['set web-0 list', 'set web-1 list']);
  });
}

test('probes that an API server is too busy or too far away to answer do not end a watch that is heard', async (context) => {
  const { api, seen, watch } = await synced(context, { probeMs: 2000 });
  (await api.next()).reply(503, failure(503, 'ServiceUnavailable', 'later'));
  (await api.next()).reset();
  (await api.next()).reply(429, failure(429, 'TooManyRequests', 'later'));
  watch.event('ADDED', pod('web-2', { version: 11 }));
  await seen.until('web-2', ({ known }) => known().includes('web-2@web-2'));
  assert.deepEqual(seen.restarts, []);
  assert.equal(seen.reflector.state().failing, undefined);
});

test('where only the verb list is gone, the watch is taken up again and asked no more', async (context) => {
  const { api, seen, watch } = await synced(context, { probeMs: 2000 });
  const refused = failure(403, 'Forbidden', 'User "x" cannot list resource "pods"');
  (await api.next()).reply(403, refused);
  await watch.closed;
  (await api.next()).reply(403, refused);
  const request = await api.next();
  assert.equal(request.query['watch'], 'true');
  request.watch().event('ADDED', pod('web-2', { version: 11 }));
  await seen.until('web-2', ({ known }) => known().includes('web-2@web-2'));
  assert.equal(seen.reflector.state().failing, undefined);
  assert.ok(await api.quietFor(300));
});

test('a half-open connection to a server that answers no more is told within two minutes', async (context) => {
  // Its defaults, in a time that runs 200 times as fast as ours: 90 s of silence, then a request without an answer.
  const { api, seen, watch } = await synced(context, { speed: 200 });
  const heardAt = seen.reflector.state().lastActivityAt;
  await watch.closed;
  const check = await api.next();
  check.reset();
  await seen.until('the failure', ({ reflector }) => reflector.state().failing !== undefined);
  const { failing } = seen.reflector.state();
  // The check's own 15 s are of the HTTP client's clock, which is ours.
  assert.ok((failing?.since ?? Infinity) - heardAt < 105_000, 'told too late');
});
