// Requests to the API server: answers become values, refusals and broken connections become typed errors.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createKubeHttp } from '../../../src/kubernetes/client/http.ts';
import {
  DecodeError,
  KubeApiError,
  KubeUnreachableError,
} from '../../../src/kubernetes/errors/kube-errors.ts';
import { waitFor } from '../../harness/wait-for.ts';
import { encodeStatus } from '../codec/encode-protobuf.ts';
import { connectTo, failure, startScriptedApi } from '../reflector/scripted-api.ts';

const never = new AbortController().signal;

async function setUp(context: TestContext) {
  const api = await startScriptedApi();
  context.after(() => api.close());
  return api;
}

test('a request carries path, query, user agent and credentials, and gives status, headers and body', async (context) => {
  const api = await setUp(context);
  const connection = connectTo(`${api.url}/k8s/clusters/c-1/`, {
    token: 's3cret',
    as: 'alice',
  });
  context.after(() => connection.close());
  const http = createKubeHttp({ connection, userAgent: 'pan-tag-operator/1.2.3' });
  const answer = http.request({
    path: '/api/v1/pods',
    query: { limit: 5, fieldSelector: 'a!=b,c=d', watch: true, absent: undefined },
    signal: never,
  });
  const request = await api.next();
  assert.equal(request.method, 'GET');
  assert.equal(request.path, '/k8s/clusters/c-1/api/v1/pods');
  assert.deepEqual(request.query, { limit: '5', fieldSelector: 'a!=b,c=d', watch: 'true' });
  assert.equal(request.headers.authorization, 'Bearer s3cret');
  assert.equal(request.headers['user-agent'], 'pan-tag-operator/1.2.3');
  assert.equal(request.headers['impersonate-user'], 'alice');
  assert.equal(request.headers.accept, 'application/json');
  request.replyRaw(200, 'text/plain', 'ok');
  const { status, headers, body } = await answer;
  assert.deepEqual([status, headers['content-type'], body.toString()], [200, 'text/plain', 'ok']);
});

test('a refusal is a KubeApiError with the words of the Status, in JSON or protobuf', async (context) => {
  const api = await setUp(context);
  for (const protobuf of [false, true]) {
    const answer = api.http.json({ path: '/api/v1/pods', signal: never });
    const request = await api.next();
    if (protobuf) {
      const status = { code: 403, reason: 'Forbidden', message: 'pods is forbidden', retryAfter: 4 };
      request.replyRaw(403, 'application/vnd.kubernetes.protobuf', encodeStatus(status));
    } else {
      request.reply(403, {
        ...failure(403, 'Forbidden', 'pods is forbidden'),
        details: { retryAfterSeconds: 4 },
      });
    }
    await assert.rejects(answer, (error) => {
      assert.ok(error instanceof KubeApiError);
      assert.deepEqual([error.status, error.reason, error.retryAfterMs], [403, 'Forbidden', 4000]);
      assert.equal(error.message, 'GET /api/v1/pods: pods is forbidden');
      return true;
    });
  }
});

test('a refusal that is no Status keeps its HTTP status, and Retry-After may be a date', async (context) => {
  const api = await setUp(context);
  const answer = api.http.request({ path: '/x', signal: never });
  const date = new Date(Date.now() + 20_000).toUTCString();
  (await api.next()).reply(503, 'not a Status', { 'retry-after': date });
  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof KubeApiError);
    assert.equal(error.status, 503);
    assert.equal(error.message, 'GET /x: HTTP status 503');
    assert.ok((error.retryAfterMs ?? 0) > 15_000 && (error.retryAfterMs ?? 0) <= 20_000);
    return true;
  });
  const redirect = api.http.request({ path: '/x', signal: never });
  (await api.next()).reply(302, {}, { location: 'http://elsewhere/' });
  await assert.rejects(redirect, (error) => error instanceof KubeApiError && error.status === 302);
});

test('an answer that is not JSON is a DecodeError that does not quote it', async (context) => {
  const api = await setUp(context);
  const answer = api.http.json({ path: '/api/v1/secrets/x', signal: never });
  (await api.next()).replyRaw(200, 'application/json', '{"data": hunter2');
  await assert.rejects(
    answer,
    (error) => error instanceof DecodeError && !/hunter2/.test(String(error.stack)),
  );
});

test('a connection that breaks is a KubeUnreachableError with its code', async (context) => {
  const api = await setUp(context);
  const answer = api.http.request({ path: '/x', signal: never });
  (await api.next()).reset();
  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof KubeUnreachableError);
    assert.equal(error.code, 'UND_ERR_SOCKET');
    assert.match(error.message, /^GET \/x: /);
    return true;
  });
  const closed = connectTo('http://127.0.0.1:9');
  context.after(() => closed.close());
  const http = createKubeHttp({ connection: closed, userAgent: 'x' });
  await assert.rejects(http.request({ path: '/x', signal: never }), {
    name: 'KubeUnreachableError',
    code: 'ECONNREFUSED',
  });
});

test('a plain call has a time limit, before and within the body', async (context) => {
  const api = await setUp(context);
  for (const begin of [false, true]) {
    const answer = api.http.request({ path: '/slow', timeoutMs: 50, signal: never });
    // On a busy machine it may be over before the server tells of the request.
    answer.catch(() => undefined);
    const request = await api.next();
    if (begin) request.watch().raw('[');
    await assert.rejects(answer, { name: 'KubeUnreachableError', code: 'TIMEOUT', message: /within 0.05 s/ });
  }
});

test('giving up rejects with the reason of whoever gave up, and closes the connection', async (context) => {
  const api = await setUp(context);
  const controller = new AbortController();
  const answer = api.http.request({ path: '/slow', signal: controller.signal });
  const script = (await api.next()).watch();
  const reason = new Error('shutting down');
  controller.abort(reason);
  await assert.rejects(answer, (error) => error === reason);
  await script.closed;
  await assert.rejects(
    api.http.request({ path: '/x', signal: controller.signal }),
    (error) => error === reason,
  );
});

async function openStream(context: TestContext) {
  const api = await setUp(context);
  const opened = api.http.stream({ path: '/w', signal: never });
  const script = (await api.next()).watch('application/json;stream=watch');
  return { script, stream: await opened };
}

test('a stream shows chunks as they come and resolves when the server ends it', async (context) => {
  const { script, stream } = await openStream(context);
  assert.equal(stream.statusCode, 200);
  assert.equal(stream.headers['content-type'], 'application/json;stream=watch');
  const chunks: string[] = [];
  const reading = stream.forEach((chunk) => {
    chunks.push(String(chunk));
  });
  for (const text of ['one', 'two']) {
    script.raw(text);
    await waitFor(() => chunks.includes(text), { what: text, intervalMs: 2 });
  }
  script.end();
  await reading;
});

test('a stream that breaks rejects, but not before the chunk that is being worked on is done', async (context) => {
  const { script, stream } = await openStream(context);
  const work = Promise.withResolvers<void>();
  let [begun, settled] = [false, false];
  const reading = stream.forEach(() => {
    begun = true;
    return work.promise;
  });
  reading.catch(() => {
    settled = true;
  });
  script.raw('one');
  await waitFor(() => begun, { what: 'the chunk', intervalMs: 2 });
  script.reset();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(settled, false);
  work.resolve();
  await assert.rejects(reading, { name: 'KubeUnreachableError', code: 'UND_ERR_SOCKET' });
});

test('while a chunk is being worked on, no other is shown', async (context) => {
  const { script, stream } = await openStream(context);
  let running = 0;
  let text = '';
  const reading = stream.forEach(async (chunk) => {
    running += 1;
    assert.equal(running, 1);
    await new Promise((resolve) => setTimeout(resolve, 2));
    text += String(chunk);
    running -= 1;
  });
  for (let i = 0; i < 10; i += 1) {
    script.raw(String(i));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  script.end();
  await reading;
  assert.equal(text, '0123456789');
});

test('what the visitor of a stream throws, at once or later, comes back and closes the connection', async (context) => {
  for (const visit of [
    () => {
      throw new TypeError('a bug');
    },
    () => Promise.reject(new TypeError('a bug')),
  ]) {
    const { script, stream } = await openStream(context);
    const reading = stream.forEach(visit);
    script.raw('one');
    await assert.rejects(reading, TypeError);
    await script.closed;
  }
});

test('destroying a stream closes its connection', async (context) => {
  const api = await setUp(context);
  const opened = api.http.stream({ path: '/w', signal: never });
  const script = (await api.next()).watch();
  (await opened).destroy();
  await script.closed;
});

test('a stream that nobody reads may break without harm', async (context) => {
  const api = await setUp(context);
  const opened = api.http.stream({ path: '/w', signal: never });
  const script = (await api.next()).watch();
  const stream = await opened;
  script.reset();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await assert.rejects(
    stream.forEach(() => undefined),
    KubeUnreachableError,
  );
});

test('a refused stream is a KubeApiError', async (context) => {
  const api = await setUp(context);
  const opened = api.http.stream({ path: '/w', signal: never });
  (await api.next()).reply(410, failure(410, 'Expired', 'too old'));
  await assert.rejects(opened, (error) => error instanceof KubeApiError && error.status === 410);
});

test('connections are kept and shared: a hundred calls use no more than a few', async (context) => {
  const api = await setUp(context);
  const ports = new Set<unknown>();
  for (let i = 0; i < 100; i += 1) {
    const answer = api.http.json({ path: '/x', signal: never });
    const request = await api.next();
    ports.add(request.remotePort);
    request.reply(200, {});
    await answer;
  }
  assert.ok(ports.size <= 2, `${ports.size} connections`);
});
