// Checks what the operator needs of the cluster: the API server, the CRDs and the rights.

import { z } from 'zod';
import type { KubeHttp } from '../../kubernetes/client/http.ts';
import { KubeApiError, KubeUnreachableError } from '../../kubernetes/errors/kube-errors.ts';
import { resources, schemaRevision } from '../../kubernetes/resources/api.ts';
import { definitionProblem } from '../cluster/definitions.ts';
import { CheckList, type Section } from './checks.ts';
import { type NeededRight, neededRights, spelled } from './needed-rights.ts';

type ClusterCheckOptions = {
  readonly http: KubeHttp;
  /** The API server's address, for people. */
  readonly server: string;
  /** The operator's own. */
  readonly namespace: string;
};

const names = { server: 'API server', definitions: 'CRDs', rights: 'rights' } as const;
const atOnce = 8;

/** Rejects when the signal aborts. */
export async function checkCluster(options: ClusterCheckOptions, signal: AbortSignal): Promise<Section> {
  const list = new CheckList(Object.values(names));
  const checks = [checkServer, checkDefinitions, checkRights];
  for (const check of checks) if (!(await check(list, options, signal))) break;
  return list.section('Kubernetes');
}

type Checking = (list: CheckList, options: ClusterCheckOptions, signal: AbortSignal) => Promise<boolean>;

const versionReply = z.object({ gitVersion: z.string() });

/** False: nothing else can be asked. */
const checkServer: Checking = async (list, { http, server }, signal) => {
  try {
    const { gitVersion } = versionReply.parse(await http.json({ path: '/version', signal }));
    list.ok(names.server, `${server}, ${gitVersion}`);
    return true;
  } catch (error) {
    list.fail(names.server, `${server}: ${explained(error)}`);
    return false;
  }
};

const checkDefinitions: Checking = async (list, { http }, signal) => {
  const problems = await Promise.all(resources.map((resource) => definitionProblem(resource, http, signal)));
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length > 0) list.fail(names.definitions, found.join('; '));
  else list.ok(names.definitions, `schema revision ${schemaRevision} or newer`);
  return true;
};

const checkRights: Checking = async (list, { http, namespace }, signal) => {
  try {
    const user = await userName(http, signal);
    const missing = await missingRights(http, namespace, signal);
    if (missing.length === 0) list.ok(names.rights, `${user} has all ${neededRights.length}`);
    else list.fail(names.rights, `${user} may not ${missing.map(inWords(namespace)).join(', ')}; ${grant}`);
  } catch (error) {
    list.fail(names.rights, explained(error));
  }
  return true;
};

const grant = "apply this release's RBAC, or run the check as the operator's ServiceAccount";

const inWords = (namespace: string) => (right: NeededRight) =>
  right.ownNamespace ? `${spelled(right)} in ${namespace}` : spelled(right);

const selfReview = z.object({ status: z.object({ userInfo: z.object({ username: z.string() }) }) });

/** API servers before 1.28 do not tell. */
async function userName(http: KubeHttp, signal: AbortSignal): Promise<string> {
  const apiVersion = 'authentication.k8s.io/v1';
  const body = { apiVersion, kind: 'SelfSubjectReview' };
  try {
    const path = `/apis/${apiVersion}/selfsubjectreviews`;
    return selfReview.parse(await http.json({ method: 'POST', path, body, signal })).status.userInfo.username;
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return 'the user of the kubeconfig';
    throw error;
  }
}

async function missingRights(http: KubeHttp, namespace: string, signal: AbortSignal) {
  const missing: NeededRight[] = [];
  const left = [...neededRights];
  const askNext = async (): Promise<void> => {
    for (let right = left.shift(); right !== undefined; right = left.shift())
      if (!(await isAllowed(http, right, namespace, signal))) missing.push(right);
  };
  await Promise.all(Array.from({ length: atOnce }, askNext));
  return missing.sort((a, b) => (spelled(a) < spelled(b) ? -1 : 1));
}

const accessReview = z.object({ status: z.object({ allowed: z.boolean() }) });

async function isAllowed(http: KubeHttp, right: NeededRight, namespace: string, signal: AbortSignal) {
  const apiVersion = 'authorization.k8s.io/v1';
  const [resource, subresource] = right.resource.split('/');
  const { verb, group, name } = right;
  const resourceAttributes = {
    verb,
    group,
    resource,
    subresource,
    name,
    ...(right.ownNamespace ? { namespace } : {}),
  };
  const body = { apiVersion, kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } };
  const path = `/apis/${apiVersion}/selfsubjectaccessreviews`;
  return accessReview.parse(await http.json({ method: 'POST', path, body, signal })).status.allowed;
}

/** A sentence for a failed call to the API server. Throws what is a bug or the signal's reason. */
export function explained(error: unknown): string {
  if (error instanceof KubeUnreachableError) return `no answer: ${error.message}`;
  if (error instanceof z.ZodError) return 'answers with something that is not Kubernetes';
  if (!(error instanceof KubeApiError)) throw error;
  if (error.status === 401)
    return `the API server does not accept the credentials of the kubeconfig (401): renew them`;
  return error.message;
}
