// Status writes: what is sent to the API server, and which refusals mean that there is nothing to write to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeHttp, KubeRequest } from '../../../src/kubernetes/client/http.ts';
import { KubeApiError } from '../../../src/kubernetes/errors/kube-errors.ts';
import { writeStatus } from '../../../src/operator/status/status-writer.ts';

const subject = { path: '/apis/pantag.io/v1alpha1/panfirewalls/edge-a', uid: 'u-1' };
const { signal } = new AbortController();

/** An API server that answers one request so, and the request. */
function answering(failure?: Error) {
  const requests: KubeRequest[] = [];
  const unused = () => Promise.reject(new Error('not for statuses'));
  const http: KubeHttp = {
    request: async (request) => {
      requests.push(request);
      if (failure !== undefined) throw failure;
      return { status: 200, headers: {}, body: Buffer.alloc(0) };
    },
    json: unused,
    stream: unused,
  };
  return { http, requests };
}

test('a status is a JSON patch on the status subresource of that very object', async () => {
  const { http, requests } = answering();
  assert.equal(await writeStatus(http, subject, { pods: 1 }, signal), true);
  assert.deepEqual(requests, [
    {
      method: 'PATCH',
      path: '/apis/pantag.io/v1alpha1/panfirewalls/edge-a/status',
      contentType: 'application/json-patch+json',
      body: [
        { op: 'test', path: '/metadata/uid', value: 'u-1' },
        { op: 'add', path: '/status', value: { pods: 1 } },
      ],
      signal,
    },
  ]);
});

test('an object that is gone, or another one of its name, is no failure; every other refusal is', async () => {
  const refusal = (code: number, message: string) =>
    new KubeApiError({ code, reason: '', message, retryAfterSeconds: undefined });
  const moot = [
    refusal(404, 'not found'),
    refusal(409, 'conflict'),
    refusal(422, 'the server rejected our request due to an error in our request'),
  ];
  for (const error of moot) {
    assert.equal(await writeStatus(answering(error).http, subject, {}, signal), false);
  }
  for (const error of [refusal(422, 'status.tables: Required value'), refusal(403, 'forbidden')]) {
    await assert.rejects(writeStatus(answering(error).http, subject, {}, signal), error);
  }
});
