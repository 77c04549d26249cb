// Reads metav1.Status, the API server's form of "no", out of an answer in whatever encoding it came.

import { statusFromProtobuf } from './decode-protobuf.ts';
import { isObject } from './decode.ts';
import type { ApiStatus } from '../errors/kube-errors.ts';

type ErrorAnswer = {
  readonly httpStatus: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
};

/** Never throws: what is not a Status (a proxy's page, a cut answer) still has its HTTP status. */
export function statusOf(answer: ErrorAnswer): ApiStatus {
  const status = decodeStatus(answer);
  return {
    code: answer.httpStatus,
    reason: status?.reason ?? '',
    message: status?.message || `HTTP status ${answer.httpStatus}`,
    retryAfterSeconds: retryAfterSeconds(answer.retryAfter) ?? status?.retryAfterSeconds,
  };
}

/** A Status object as JSON; absent or ill-typed fields read as empty. */
export function statusFromJson(object: unknown): ApiStatus {
  const status = isObject(object) ? object : {};
  const details = isObject(status['details']) ? status['details'] : {};
  const retryAfter = details['retryAfterSeconds'];
  return {
    code: typeof status['code'] === 'number' ? status['code'] : 0,
    reason: typeof status['reason'] === 'string' ? status['reason'] : '',
    message: typeof status['message'] === 'string' ? status['message'] : '',
    retryAfterSeconds: typeof retryAfter === 'number' && retryAfter > 0 ? retryAfter : undefined,
  };
}

function decodeStatus({ contentType, body }: ErrorAnswer): ApiStatus | undefined {
  try {
    if (contentType.includes('protobuf')) return statusFromProtobuf(body);
    if (contentType.includes('json')) return statusFromJson(JSON.parse(body.toString('utf8')));
  } catch {
    // The HTTP status alone has to do.
  }
  return undefined;
}

/** RFC 9110: a number of seconds, or a date. */
function retryAfterSeconds(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}
