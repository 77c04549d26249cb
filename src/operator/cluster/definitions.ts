// Checks that the installed CRDs are new enough. Older ones make the API server drop fields that users write.

import type { KubeHttp, KubeRequest } from '../../kubernetes/client/http.ts';
import { KubeApiError, KubeUnreachableError } from '../../kubernetes/errors/kube-errors.ts';
import {
  definitionName,
  definitionPath,
  type InstalledDefinition,
  readDefinition,
  type ResourceNames,
  resources,
  schemaRevision,
} from '../../kubernetes/resources/api.ts';
import { type Looked, type ObstacleOptions, untilClear, unreadable } from './obstacle.ts';

/** Resolves when every CRD is there and of the revision that this program needs, or newer. */
export async function waitForDefinitions(
  options: ObstacleOptions & { readonly http: KubeHttp },
): Promise<void> {
  const look = async (): Promise<Looked<undefined>> => {
    const problem = await findProblem(options.http, options.signal);
    return problem === undefined ? { value: undefined } : { problem };
  };
  await untilClear(look, options);
}

async function findProblem(http: KubeHttp, signal: AbortSignal): Promise<string | undefined> {
  for (const resource of resources) {
    const problem = await definitionProblem(resource, http, signal);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Why the installed CRD is of no use, with the next step; undefined when it is. Rejects with the signal's reason. */
export async function definitionProblem(
  resource: ResourceNames,
  http: KubeHttp,
  signal: AbortSignal,
): Promise<string | undefined> {
  const name = definitionName(resource);
  try {
    const found = await getDefinition(http, resource, { signal });
    if (found === undefined) return `the CRD ${name} is not installed: apply the CRDs of this release`;
    return problemWith(resource, found);
  } catch (error) {
    if (error instanceof KubeApiError)
      return unreadable(`the CRD ${name}`, error, 'get on customresourcedefinitions');
    if (error instanceof KubeUnreachableError) return `the API server does not answer: ${error.message}`;
    throw error;
  }
}

/** The installed CRD; undefined: there is none. Throws what the API server refuses or does not tell. */
export async function getDefinition(
  http: KubeHttp,
  resource: ResourceNames,
  call: Pick<KubeRequest, 'signal' | 'timeoutMs'>,
): Promise<InstalledDefinition | undefined> {
  try {
    return readDefinition(await http.json({ path: definitionPath(resource), ...call }));
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** A definition on its way out is no reason not to start: there may be finalizers of ours on its objects. */
export function problemWith(resource: ResourceNames, { revision }: InstalledDefinition): string | undefined {
  if (revision >= schemaRevision) return undefined;
  return (
    `the CRD ${definitionName(resource)} has schema revision ${revision} and ${schemaRevision} is needed: ` +
    'apply the CRDs of this release'
  );
}
