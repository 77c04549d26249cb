// Looks at CRDs: made after the question, repeated until the API server tells, and said once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import type { DefinitionLook } from '../../../src/core/removals/crd-deletion.ts';
import type { KubeHttp, KubeRequest } from '../../../src/kubernetes/client/http.ts';
import { KubeApiError, KubeUnreachableError } from '../../../src/kubernetes/errors/kube-errors.ts';
import {
  definitionPath,
  panFirewalls,
  panTagPolicies,
  schemaRevision,
  schemaRevisionAnnotation,
} from '../../../src/kubernetes/resources/api.ts';
import { DefinitionWatch } from '../../../src/operator/cluster/definition-watch.ts';
import { waitFor } from '../../harness/wait-for.ts';

type Metadata = {
  uid?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  annotations?: Record<string, string>;
};

const policies = definitionPath(panTagPolicies);

/** An API server with our CRDs, as far as they are changed here. */
function watched(
  change: (path: string) => Metadata | Error | undefined,
  before: (signal: AbortSignal, request: KubeRequest) => Promise<void> = async () => undefined,
) {
  let requests = 0;
  const json = async (request: KubeRequest): Promise<unknown> => {
    const { path, signal } = request;
    requests += 1;
    await before(signal, request);
    const changed = change(path);
    if (changed instanceof Error) throw changed;
    const annotations = { [schemaRevisionAnnotation]: String(schemaRevision) };
    return { metadata: { uid: 'first', creationTimestamp: '2026-11-22T00:00:00Z', annotations, ...changed } };
  };
  const told: (string | undefined)[] = [];
  const lines: string[] = [];
  const watch = new DefinitionWatch({
    http: { json } as unknown as KubeHttp,
    log: pino({}, { write: (line: string) => lines.push(line) }),
    blockedBy: (problem) => told.push(problem),
  });
  return { watch, told, lines, requests: () => requests };
}

const gone = new KubeApiError({ code: 404, reason: 'NotFound', message: '', retryAfterSeconds: undefined });

async function ask(watch: DefinitionWatch, resource = panTagPolicies): Promise<DefinitionLook> {
  return new Promise((resolve) => watch.ask(resource, resolve));
}

async function whileRunning(watch: DefinitionWatch, use: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  await watch.begin(stop.signal);
  const running = watch.run(stop.signal);
  await use();
  stop.abort();
  await running;
}

test('it tells what stands, by a look that is made after the question', async () => {
  let metadata: Metadata | Error | undefined;
  const { watch } = watched((path) => (path === policies ? metadata : undefined));
  await whileRunning(watch, async () => {
    const createdAt = '2026-11-22T00:00:00Z';
    assert.deepEqual(await ask(watch), { state: 'stands', createdAt, original: true });
    metadata = { deletionTimestamp: '2026-11-22T01:00:00Z' };
    assert.deepEqual(await ask(watch), { state: 'deleting' });
    metadata = gone;
    assert.deepEqual(await ask(watch), { state: 'gone' });
    assert.deepEqual(await ask(watch, panFirewalls), { state: 'stands', createdAt, original: true });
    metadata = { uid: 'second', creationTimestamp: '2026-11-22T01:00:05Z' };
    const after = { state: 'stands', createdAt: '2026-11-22T01:00:05Z', original: false };
    assert.deepEqual(await ask(watch), after);
  });
});

test('questions of one moment share a look', async () => {
  const { watch, requests } = watched(() => undefined);
  await whileRunning(watch, async () => {
    const before = requests();
    await Promise.all(Array.from({ length: 1000 }, () => ask(watch)));
    assert.equal(requests() - before, 3);
  });
});

test('a look that nobody asked for and that hangs keeps no question waiting', async () => {
  let hangs = false;
  let hanging = 0;
  const revision = { annotations: { [schemaRevisionAnnotation]: '1' } };
  const { watch } = watched(
    () => revision,
    async (signal) => {
      if (!hangs) return;
      hanging += 1;
      await new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      );
    },
  );
  await whileRunning(watch, async () => {
    await ask(watch);
    hangs = true;
    // Something is wrong with a CRD, so it looks often by itself.
    await waitFor(() => hanging === 3, { what: 'a look that hangs' });
    hangs = false;
    assert.equal((await ask(watch)).state, 'stands');
  });
});

test('an asked look that has no answer is repeated soon, and given more time each time', async () => {
  let failures = 0;
  const limits: (number | undefined)[] = [];
  const { watch } = watched(
    (path) => {
      if (path !== policies || failures === 0) return undefined;
      failures -= 1;
      return new KubeUnreachableError('TIMEOUT', 'GET /');
    },
    async (_, { path, timeoutMs }) => {
      if (path === policies) limits.push(timeoutMs);
    },
  );
  await whileRunning(watch, async () => {
    failures = 1;
    await ask(watch);
    await ask(watch);
  });
  assert.deepEqual(limits.slice(1), [5000, 10_000, 5000]);
});

test('while the API server is silent or refuses, the answer is waited for', async () => {
  let failure: Error | undefined;
  const { watch, told } = watched(() => failure);
  await whileRunning(watch, async () => {
    const failures = [
      new KubeUnreachableError('ECONNREFUSED', 'GET /'),
      new KubeApiError({ code: 403, reason: 'Forbidden', message: '', retryAfterSeconds: undefined }),
    ];
    for (const one of failures) {
      failure = one;
      let answered = false;
      const answer = ask(watch).then((look) => {
        answered = true;
        return look;
      });
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      assert.equal(answered, false);
      failure = undefined;
      assert.equal((await answer).state, 'stands');
    }
    assert.ok(told.every((problem) => problem === undefined));
  });
});

test('what is wrong is told to /readyz, and to the log once', async () => {
  let metadata: Metadata | Error | undefined;
  const { watch, told, lines } = watched((path) => (path === policies ? metadata : undefined));
  const latest = () => told.at(-1);
  await whileRunning(watch, async () => {
    metadata = { deletionTimestamp: '2026-11-22T01:00:00Z' };
    await ask(watch);
    assert.match(latest() ?? '', /^the CRD pantagpolicies\.pantag\.io is being deleted: /);
    metadata = gone;
    await ask(watch);
    await ask(watch);
    assert.match(latest() ?? '', /^the CRD pantagpolicies\.pantag\.io is gone: /);
    metadata = { annotations: { [schemaRevisionAnnotation]: '1' } };
    await ask(watch);
    assert.match(
      latest() ?? '',
      /^the CRD pantagpolicies\.pantag\.io has schema revision 1 and \d+ is needed/,
    );
    metadata = undefined;
    // Nobody asks: while something is wrong it looks often by itself.
    await waitFor(() => latest() === undefined, { what: 'the end of the problem' });
  });
  const said = lines.map((line) => (JSON.parse(line) as { problem?: string }).problem?.split(':')[0]);
  assert.equal(said.length, 4);
  assert.deepEqual(said.slice(0, 2), [
    'the CRD pantagpolicies.pantag.io is being deleted',
    'the CRD pantagpolicies.pantag.io is gone',
  ]);
});
