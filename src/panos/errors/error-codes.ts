// The codes of errors that no device gives: Node's, undici's, OpenSSL's and two of our own.
import { errors } from 'undici';

/** A time limit of our own has passed. */
export const timeLimitCode = 'TIME_LIMIT';
/** The reply is larger than any to such a call can be. */
export const sizeLimitCode = 'SIZE_LIMIT';

/** '' where there is none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  // Its own code is the HTTP parser's, or undefined.
  if (error instanceof errors.HTTPParserError) return 'HTTPParserError';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? codeOf(error.cause) : '';
}
