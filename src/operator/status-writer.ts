// Puts a status on its object, whole, and on that very object only.

import type { KubeHttp } from '../kubernetes/http.ts';
import { KubeApiError } from '../kubernetes/kube-errors.ts';

/** Gone, or another object of the same name: neither is a failure. */
const moot = new Set([404, 409, 422]);

export async function writeStatus(
  http: KubeHttp,
  { path, uid }: { readonly path: string; readonly uid: string },
  status: unknown,
  signal: AbortSignal,
): Promise<void> {
  const patch = [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'add', path: '/status', value: status },
  ];
  try {
    await http.patchStatus(path, patch, signal);
  } catch (error) {
    if (!(error instanceof KubeApiError) || !moot.has(error.status)) throw error;
  }
}
