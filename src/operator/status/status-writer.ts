// Small patches of our own objects: a status, whole, on that very object only; an annotation or finalizer that has served.

import type { JsonPatch, KubeHttp } from '../../kubernetes/client/http.ts';
import { KubeApiError } from '../../kubernetes/errors/kube-errors.ts';

/** Gone, or another object of the same name: neither is a failure. A status that the schema refuses is one. */
function isMoot(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return false;
  // A failed test of a JSON patch is 422 like an invalid object, and only this text tells them apart.
  const testFailed = error.status === 422 && error.message.includes('due to an error in our request');
  return error.status === 404 || error.status === 409 || testFailed;
}

/** Takes an annotation off, if it still has this value. */
export async function dropAnnotation(
  http: KubeHttp,
  path: string,
  { annotation, value }: { readonly annotation: string; readonly value: string },
  signal: AbortSignal,
): Promise<void> {
  const at = `/metadata/annotations/${annotation.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const body = [
    { op: 'test', path: at, value },
    { op: 'remove', path: at },
  ];
  await patchObject(http, path, body, signal);
}

/** False when the object is gone, is another one, or has changed where the patch tests it. */
export async function patchObject(
  http: KubeHttp,
  path: string,
  patch: JsonPatch,
  signal: AbortSignal,
): Promise<boolean> {
  const contentType = 'application/json-patch+json';
  try {
    await http.request({ method: 'PATCH', path, body: patch, contentType, signal });
    return true;
  } catch (error) {
    if (!isMoot(error)) throw error;
    return false;
  }
}

/** Resolves with false when the object is gone, or another one has its name. */
export async function writeStatus(
  http: KubeHttp,
  { path, uid }: { readonly path: string; readonly uid: string },
  status: unknown,
  signal: AbortSignal,
): Promise<boolean> {
  const patch = [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'add', path: '/status', value: status },
  ];
  return patchObject(http, `${path}/status`, patch, signal);
}
