// Log of an operator that cannot begin: the next step is the one that helps.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeApiError } from '../../../src/kubernetes/errors/kube-errors.ts';
import type { KubeHttp } from '../../../src/kubernetes/client/http.ts';
import { waitForDefinitions } from '../../../src/operator/cluster/definitions.ts';
import { readOwnerId } from '../../../src/operator/cluster/installation.ts';
import { createLogger } from '../../../src/runtime/logger.ts';

const log = createLogger({ level: 'silent', format: 'json' });

/** What stands in the way when the API server answers every read so. */
async function obstacleAt(
  wait: (options: {
    http: KubeHttp;
    namespace: string;
    log: typeof log;
    blockedBy: (problem: string | undefined) => void;
    signal: AbortSignal;
  }) => Promise<unknown>,
  status: number,
): Promise<string> {
  const stop = new AbortController();
  const message = `HTTP ${status} of the test`;
  const refuse = async () => {
    throw new KubeApiError({ code: status, reason: '', message, retryAfterSeconds: undefined });
  };
  const http = { json: refuse } as unknown as KubeHttp;
  const told: string[] = [];
  const blockedBy = (problem: string | undefined) => {
    told.push(problem ?? '');
    stop.abort();
  };
  await wait({ http, namespace: 'ours', log, blockedBy, signal: stop.signal }).catch(() => undefined);
  return told.join();
}

const looks = [
  ['a CRD', waitForDefinitions, /grant get on customresourcedefinitions/],
  ['the namespace kube-system', readOwnerId, /grant get on namespaces, resourceName kube-system/],
] as const;

for (const [what, wait, right] of looks) {
  test(`${what} that may not be read (HTTP 403) is a matter of rights`, async () => {
    const text = await obstacleAt(wait, 403);
    assert.match(text, right);
    assert.match(text, /HTTP 403 of the test/);
  });

  test(`${what} under HTTP 401 is a matter of credentials, and no right is asked for`, async () => {
    const text = await obstacleAt(wait, 401);
    assert.match(text, /does not accept the operator's credentials/);
    assert.match(text, /HTTP 401 of the test/);
    assert.doesNotMatch(text, /grant/);
  });

  for (const status of [429, 500, 503]) {
    test(`${what} under HTTP ${status} asks for nothing: it is tried again`, async () => {
      const text = await obstacleAt(wait, status);
      assert.match(text, /retrying/);
      assert.doesNotMatch(text, /grant|credentials/);
    });
  }
}
