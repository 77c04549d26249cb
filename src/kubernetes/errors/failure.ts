// Classifies the failure of a list or a watch: its message, and whether the watch can be continued.

import { DecodeError, isExpired, KubeApiError, KubeUnreachableError } from './kube-errors.ts';

export type Failure = {
  /** A metric label and log field: Expired, Forbidden, Unreachable ... */
  readonly reason: string;
  /** A sentence with the next step in it, where there is one. */
  readonly message: string;
  /** Only a new list helps: the resourceVersion is not served any more, or the stream cannot be trusted. */
  readonly relist: boolean;
  readonly retryAfterMs: number;
};

/** A server that asks for more patience than this gets asked again all the same. */
const maxRetryAfterMs = 60_000;

/** Undefined for an error that is none of the network's or the server's: a bug, not to be retried. */
export function judge(error: unknown, name: string): Failure | undefined {
  if (error instanceof DecodeError) {
    return { reason: 'InvalidResponse', message: `${name}: ${error.message}`, relist: true, retryAfterMs: 0 };
  }
  if (error instanceof KubeUnreachableError) {
    const reason = unreachableReasons[error.code] ?? 'Unreachable';
    return { reason, message: error.message, relist: false, retryAfterMs: 0 };
  }
  if (error instanceof KubeApiError) {
    return {
      ...explain(error, name),
      relist: isExpired(error),
      retryAfterMs: Math.min(error.retryAfterMs ?? 0, maxRetryAfterMs),
    };
  }
  return undefined;
}

const unreachableReasons: Readonly<Record<string, string>> = {
  INACTIVE: 'Inactive',
  TIMEOUT: 'Timeout',
  ENDED: 'Ended',
  CREDENTIALS: 'CredentialsUnavailable',
};

function explain(error: KubeApiError, name: string): { reason: string; message: string } {
  if (isExpired(error)) return { reason: 'Expired', message: `${name}: ${error.message}` };
  switch (error.status) {
    case 401:
      return {
        reason: 'Unauthorized',
        message: `the API server does not accept our credentials: ${error.message}`,
      };
    case 403:
      return { reason: 'Forbidden', message: `grant the verbs list and watch on ${name}: ${error.message}` };
    case 404:
      return {
        reason: 'NotFound',
        message: `the API server does not serve ${name}, install its CRD: ${error.message}`,
      };
    case 429:
      return { reason: 'TooManyRequests', message: error.message };
    default:
      return { reason: error.reason || 'ServerError', message: `${name}: ${error.message}` };
  }
}

/** The server does not do WatchList: gate off (422), or too old to take resourceVersionMatch on a watch (400, 403). */
export function refusesWatchList(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return false;
  return error.status === 400 || error.status === 422 || (error.status === 403 && error.reason === 'Invalid');
}
