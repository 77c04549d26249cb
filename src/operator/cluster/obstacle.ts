// Waits for the prerequisites of the operator, and logs what is missing.

import type { KubeApiError } from '../../kubernetes/errors/kube-errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { pause } from '../../runtime/wake.ts';

export type ObstacleOptions = {
  readonly log: Logger;
  /** Told what stands in the way, in a sentence for /readyz; undefined when nothing does. */
  readonly blockedBy: (problem: string | undefined) => void;
  readonly signal: AbortSignal;
};

export type Looked<T> = { readonly problem: string } | { readonly problem?: undefined; readonly value: T };

const retryMs = 5000;

/** Looks until there is no problem left; rejects only when the signal aborts or the look itself throws. */
export async function untilClear<T>(
  look: () => Promise<Looked<T>>,
  { log, blockedBy, signal }: ObstacleOptions,
): Promise<T> {
  let told: string | undefined;
  for (;;) {
    const looked = await look();
    blockedBy(looked.problem);
    if (looked.problem === undefined) return looked.value;
    if (looked.problem !== told) log.warn({ problem: looked.problem }, 'not ready');
    told = looked.problem;
    await pause(retryMs, signal);
  }
}

/**
 * What stands in the way when the API server refuses a read or fails at it, with the step that helps.
 * @param what such as `the CRD x`.
 * @param right that the read needs, such as `get on namespaces`.
 */
export function unreadable(what: string, error: KubeApiError, right: string): string {
  const problem = `${what} cannot be read (${error.message})`;
  switch (error.status) {
    case 401:
      return `${problem}: the API server does not accept the operator's credentials, renew its token or kubeconfig`;
    case 403:
      return `${problem}: grant ${right}`;
    default:
      return `${problem}: retrying`;
  }
}
