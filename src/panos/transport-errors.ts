// What it means when no answer of the device itself arrives: sockets, certificates, time limits, HTTP statuses.
import { errors } from 'undici';
import { NameError } from '../net/names.ts';
import { type Intent, mayHaveApplied, PanosError } from './errors.ts';
import { nameProblem, proxyNameProblem } from './name-problems.ts';
import { ProxyError } from '../net/tunnel.ts';

/** A time limit of our own has passed. */
export const timeLimitCode = 'TIME_LIMIT';
/** The reply is larger than any to such a call can be. */
export const sizeLimitCode = 'SIZE_LIMIT';

/** Codes of OpenSSL's certificate check as Node names them ("X509 certificate error codes"), and Node's own two. */
const certificateCodes = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CRL_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const nameCodes = new Set([
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
  'HOSTNAME_MISMATCH',
]);

/**
 * Bytes came, but no HTTP, or more than the size limit: an answer, if a strange one. These errors are never a cause:
 * undici's parser error carries the bytes, in which a secret may be.
 */
const strangeAnswerCodes = new Set([
  'HTTPParserError',
  sizeLimitCode,
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_HEADERS_OVERFLOW',
]);

const problems: ReadonlyMap<string, string> = new Map([
  [
    'ECONNREFUSED',
    'The device refuses connections. Check the endpoint and its port, and that HTTPS is enabled',
  ],
  [
    'UND_ERR_CONNECT_TIMEOUT',
    'The device does not accept a connection in time. Check routes and firewalls on the way',
  ],
  ['ECONNRESET', 'The connection was cut. It is tried again'],
  ['EPIPE', 'The connection was cut. It is tried again'],
  ['UND_ERR_SOCKET', 'The connection was cut. It is tried again'],
  [timeLimitCode, 'The device did not answer in time. Check its load (management plane CPU)'],
]);

/**
 * The meaning of an error that a request ended with.
 * `sent` says whether the request, or a part of it, may have left: only then can a message have taken effect.
 */
export function transportError(error: unknown, request: { intent: Intent; sent: boolean }): PanosError {
  if (error instanceof ProxyError) return proxyProblem(error);
  const code = codeOf(error);
  const applied = request.sent ? mayHaveApplied(request.intent) : 'no';
  if (error instanceof NameError) return nameProblem(error, applied);
  if (certificateCodes.has(code)) {
    return new PanosError(`${certificateProblem(code)} (${code})`, {
      reason: 'UntrustedCertificate',
      retry: 'slow',
      applied,
      code,
      cause: error,
    });
  }
  if (strangeAnswerCodes.has(code)) {
    const problem =
      code === sizeLimitCode
        ? 'The reply is larger than any to such a call can be'
        : 'What answers at the endpoint does not speak the XML API';
    return new PanosError(`${problem} (${code}). Check the endpoint and its port, and proxies before it`, {
      reason: 'InvalidResponse',
      retry: 'backoff',
      applied,
      code,
    });
  }
  const problem =
    problems.get(code) ?? tlsProblem(code) ?? 'The device cannot be reached. Check the endpoint';
  return new PanosError(`${problem}${code === '' ? '' : ` (${code})`}`, {
    reason: 'DeviceUnavailable',
    retry: 'backoff',
    applied,
    code,
    cause: error,
  });
}

/** An HTTP status other than 2xx whose body is no XML API error: a proxy's, a load balancer's, or no PAN-OS at all. */
export function httpStatusError(status: number, intent: Intent): PanosError {
  const facts = { applied: mayHaveApplied(intent), code: `HTTP ${status}` } as const;
  if (status >= 500 || status === 408 || status === 429) {
    return new PanosError(`The device, or a proxy before it, is not available now (HTTP ${status})`, {
      ...facts,
      reason: 'DeviceUnavailable',
      retry: 'backoff',
    });
  }
  if (status === 401 || status === 403) {
    return new PanosError(
      `The call was refused without an XML API answer (HTTP ${status}). Check the credentials, and whether a proxy stands before the device`,
      { ...facts, reason: 'AuthenticationFailed', retry: 'slow' },
    );
  }
  const problem =
    status >= 300 && status < 400
      ? 'The endpoint redirects elsewhere, which is never followed. Name the device itself'
      : 'What answers at the endpoint does not know the XML API. Check the endpoint and its port';
  return new PanosError(`${problem} (HTTP ${status})`, {
    ...facts,
    reason: 'InvalidResponse',
    retry: 'slow',
  });
}

/** There is no way to the device. Nothing of the call has left. */
function proxyProblem(cause: ProxyError): PanosError {
  if (cause.cause instanceof NameError) return proxyNameProblem(cause.cause);
  const { status, detail } = cause;
  const facts = { reason: 'DeviceUnavailable', applied: 'no', code: cause.code, cause } as const;
  if (status === undefined) {
    const trust = certificateCodes.has(detail);
    const problem = trust
      ? "The proxy's certificate is not trusted. Give its CA to Node (NODE_EXTRA_CA_CERTS), or name the proxy that the certificate is for"
      : 'The proxy cannot be asked. Check spec.proxyUrl, or HTTPS_PROXY of the operator';
    return new PanosError(`${problem} (${detail})`, { ...facts, retry: trust ? 'slow' : 'backoff' });
  }
  if (status === 407) {
    const problem =
      'The proxy asks for a login. Name it with user name and password in HTTPS_PROXY of the operator';
    return new PanosError(`${problem} (${detail})`, { ...facts, retry: 'slow' });
  }
  const problem = 'The proxy opens no way to the device. Check the endpoint, and what the proxy allows';
  return new PanosError(`${problem} (${detail})`, { ...facts, retry: status < 500 ? 'slow' : 'backoff' });
}

/** Whether a request ended because the peer closed or reset the connection. */
export function isReset(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  // Its own code is the HTTP parser's, or undefined.
  if (error instanceof errors.HTTPParserError) return 'HTTPParserError';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'cause' in error ? codeOf(error.cause) : '';
}

function certificateProblem(code: string): string {
  if (nameCodes.has(code)) {
    return "The device's certificate is not for this name. Set tls.serverName to a name in the certificate, or renew it";
  }
  if (code === 'CERT_HAS_EXPIRED') return "The device's certificate has expired. Renew it on the device";
  return "The device's certificate is not trusted. Name the CA that signed it in tls.caSecretRef";
}

function tlsProblem(code: string): string | undefined {
  return code.startsWith('ERR_SSL_') || code === 'EPROTO'
    ? 'The TLS handshake fails. Check that the endpoint is an HTTPS port, and the TLS versions of the device'
    : undefined;
}
