// Identity of this installation towards the firewalls: the id in its ownership marks.

import { z } from 'zod';
import { ownerId } from '../../core/rights/ownership.ts';
import type { KubeHttp } from '../../kubernetes/client/http.ts';
import { KubeApiError, KubeUnreachableError } from '../../kubernetes/errors/kube-errors.ts';
import { type Looked, type ObstacleOptions, untilClear, unreadable } from './obstacle.ts';

/** Every cluster has it from its first start on, and its uid is what tells clusters apart. */
const path = '/api/v1/namespaces/kube-system';
const named = z.object({ metadata: z.object({ uid: z.string().min(1) }) });

type InstallationOptions = ObstacleOptions & {
  readonly http: KubeHttp;
  /** The operator's own. */
  readonly namespace: string;
};

/** Resolves once the cluster has told who it is. */
export function readOwnerId(options: InstallationOptions): Promise<string> {
  const { http, namespace, signal } = options;
  return untilClear(() => look(http, namespace, signal), options);
}

/** Asks once. Rejects with what the API server refuses. @param namespace the operator's own. */
export async function askOwnerId(http: KubeHttp, namespace: string, signal: AbortSignal): Promise<string> {
  const { metadata } = named.parse(await http.json({ path, signal }));
  return ownerId(metadata.uid, namespace);
}

async function look(http: KubeHttp, namespace: string, signal: AbortSignal): Promise<Looked<string>> {
  try {
    return { value: await askOwnerId(http, namespace, signal) };
  } catch (error) {
    if (error instanceof KubeApiError)
      return {
        problem: unreadable(
          'the namespace kube-system',
          error,
          'get on namespaces, resourceName kube-system',
        ),
      };
    if (error instanceof KubeUnreachableError)
      return { problem: `the API server does not answer: ${error.message}` };
    throw error;
  }
}
