// Events: what is written of what is said, at what pace, and what an API server that refuses or is silent costs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventNote } from '../../../src/core/status/event-note.ts';
import type { Regarding } from '../../../src/kubernetes/events/events.ts';
import type { KubeHttp, KubeRequest } from '../../../src/kubernetes/client/http.ts';
import { KubeApiError, KubeUnreachableError } from '../../../src/kubernetes/errors/kube-errors.ts';
import { EventRecorder } from '../../../src/operator/status/event-recorder.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { waitFor } from '../../harness/wait-for.ts';

const edge: Regarding = { kind: 'PanFirewall', name: 'edge', namespace: undefined, uid: 'u-1' };
const web: Regarding = { kind: 'PanTagPolicy', name: 'web', namespace: 'shop', uid: 'u-2' };
const down: EventNote = { reason: 'DeviceUnavailable', note: 'no answer' };

type Body = {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly eventTime: string;
  readonly note: string;
};
type Written = { readonly method: string; readonly path: string; readonly body: Body };

/** An API server of Events that fails as long as `failure` says so. */
function stage() {
  const written: Written[] = [];
  const refused: string[] = [];
  const state: { failure: (request: KubeRequest) => Error | undefined; at: number } = {
    failure: () => undefined,
    at: Date.UTC(2026, 10, 22),
  };
  const unused = () => Promise.reject(new Error('not for Events'));
  const http: KubeHttp = {
    request: async (request) => {
      await new Promise((resolve) => setImmediate(resolve));
      request.signal.throwIfAborted();
      const failure = state.failure(request);
      if (failure !== undefined) throw failure;
      written.push({ method: request.method ?? 'GET', path: request.path, body: request.body as Body });
      return { status: 200, headers: {}, body: Buffer.alloc(0) };
    },
    json: unused,
    stream: unused,
  };
  const recorder = new EventRecorder({
    http,
    instance: 'pod-a',
    failed: (reason) => refused.push(reason),
    log: createLogger({ level: 'silent', format: 'json' }),
    clock: () => state.at,
  });
  const end = new AbortController();
  const running = recorder.run(end.signal);
  return {
    recorder,
    written,
    refused,
    state,
    has: (count: number) =>
      waitFor(() => written.length === count || undefined, { what: `${count} writes`, timeoutMs: 20_000 }),
    stop: async () => {
      end.abort();
      await running;
    },
  };
}

const refusal = (code: number, reason: string, message: string) =>
  new KubeApiError({ code, reason, message, retryAfterSeconds: undefined });

test('an Event has all that events.k8s.io/v1 requires, in the namespace of its object or in default', async () => {
  const { recorder, written, has, stop } = stage();
  recorder.record(edge, down);
  recorder.record(web, { reason: 'Ready', note: 'registered on edge' });
  await has(2);
  await stop();
  const [first, second] = written;
  assert.equal(first?.path, '/apis/events.k8s.io/v1/namespaces/default/events');
  assert.match(first?.body.metadata.name ?? '', /^edge\.[0-9a-f]+$/);
  assert.deepEqual(JSON.parse(JSON.stringify(first?.body)), {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: first?.body.metadata.name, namespace: 'default' },
    eventTime: '2026-11-22T00:00:00.000000Z',
    reportingController: 'pantag.io/pan-tag-operator',
    reportingInstance: 'pod-a',
    type: 'Warning',
    action: 'Connect',
    reason: 'DeviceUnavailable',
    note: 'no answer',
    regarding: { apiVersion: 'pantag.io/v1alpha1', kind: 'PanFirewall', name: 'edge', uid: 'u-1' },
  });
  assert.equal(second?.path, '/apis/events.k8s.io/v1/namespaces/shop/events');
});

test('what is said again after it was written is an Event of its own', async () => {
  const { recorder, written, has, state, stop } = stage();
  recorder.record(edge, down);
  await has(1);
  state.at += 60_000;
  recorder.record(edge, down);
  await has(2);
  await stop();
  const [first, second] = written;
  assert.deepEqual([first?.method, second?.method], ['POST', 'POST']);
  assert.equal(second?.body.eventTime, '2026-11-22T00:01:00.000000Z');
  assert.notEqual(second?.body.metadata.name, first?.body.metadata.name);
});

test('what is said often before it could be written is written once, after what was said before its last time', async () => {
  const { recorder, written, has, state, stop } = stage();
  recorder.record(web, { reason: 'Ready', note: 'registered' });
  for (let i = 0; i < 50; i += 1) {
    state.at += 10;
    recorder.record(edge, down);
    recorder.record(edge, { reason: 'Recovered', note: 'answers' });
  }
  await has(3);
  await stop();
  assert.deepEqual(
    written.map(({ body }) => [body.note, body.eventTime]),
    [
      ['registered', '2026-11-22T00:00:00.000000Z'],
      ['no answer', '2026-11-22T00:00:00.500000Z'],
      ['answers', '2026-11-22T00:00:00.500000Z'],
    ],
  );
});

test('what is said again while it is being written is written again', async () => {
  const { recorder, written, has, state, stop } = stage();
  state.failure = () => {
    state.failure = () => undefined;
    recorder.record(edge, down);
    return undefined;
  };
  recorder.record(edge, down);
  await has(2);
  await stop();
  assert.equal(written.length, 2);
});

test('while the API server does not answer, Events wait, and are all told in the end', async () => {
  const { recorder, written, refused, has, state, stop } = stage();
  state.failure = () => new KubeUnreachableError('ECONNREFUSED', 'no answer');
  recorder.record(edge, down);
  recorder.record(web, { reason: 'Ready', note: 'registered' });
  await waitFor(() => refused.length > 1 || undefined, { what: 'two attempts' });
  assert.equal(written.length, 0);
  state.failure = () => undefined;
  await has(2);
  await stop();
  assert.ok(written[0]?.body.eventTime.startsWith('2026-11-22T00:00:00'));
});

test('an Event whose creation got through without an answer is not told twice', async () => {
  const { recorder, written, has, state, stop } = stage();
  recorder.record(edge, down);
  recorder.record(web, { reason: 'Ready', note: 'registered' });
  state.failure = ({ path }) =>
    path.includes('default') ? refusal(409, 'AlreadyExists', 'there already') : undefined;
  await has(1);
  await stop();
  assert.equal(written.length, 1);
});

test('an Event that the API server refuses is dropped, and the next one is told', async () => {
  const { recorder, written, refused, has, state, stop } = stage();
  const message = 'because it is being terminated';
  state.failure = ({ path }) => (path.includes('shop') ? refusal(403, 'Forbidden', message) : undefined);
  recorder.record(web, { reason: 'NotReady', note: 'its namespace is going' });
  recorder.record(edge, down);
  await has(1);
  assert.equal(written[0]?.body.note, 'no answer');
  assert.deepEqual(refused, [], 'a namespace that ends is nobody’s failure');
  state.failure = () => refusal(422, 'Invalid', 'invalid');
  recorder.record(edge, { ...down, note: 'other' });
  await waitFor(() => refused.length === 1 || undefined, { what: 'the refusal to count' });
  await stop();
  assert.equal(written.length, 1);
});

test('a clean stop writes what still waits, and does not wait for an API server that is silent', async () => {
  const good = stage();
  for (let i = 0; i < 20; i += 1) good.recorder.record(edge, { ...down, note: `no answer ${i}` });
  await good.stop();
  assert.equal(good.written.length, 20);

  const bad = stage();
  bad.state.failure = () => new KubeUnreachableError('TIMEOUT', 'no answer');
  bad.recorder.record(edge, down);
  await bad.stop();
  assert.equal(bad.written.length, 0);
});

test('a flood is bounded: the oldest of more than a thousand goes', async () => {
  const { recorder, written, stop } = stage();
  for (let i = 0; i < 1200; i += 1) recorder.record(edge, { ...down, note: `${i}` });
  await stop();
  assert.ok(written.length <= 1000, String(written.length));
  assert.equal(written.at(-1)?.body.note, '1199');
});

test('a note is at most 1024 bytes, and a name a DNS subdomain, however long the object’s is', async () => {
  const { recorder, written, has, stop } = stage();
  const name = `${'a'.repeat(200)}.b${'-'.repeat(45)}b`;
  recorder.record({ ...edge, name }, { ...down, note: 'é€😀'.repeat(400) });
  await has(1);
  await stop();
  const { note, metadata } = written[0]?.body ?? { note: '', metadata: { name: '' } };
  assert.ok(
    Buffer.byteLength(note) <= 1024 && Buffer.byteLength(note) > 1015,
    String(Buffer.byteLength(note)),
  );
  assert.ok(note.endsWith('…') && !note.includes('\uFFFD'));
  assert.ok(metadata.name.length <= 253);
  assert.match(metadata.name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
});
