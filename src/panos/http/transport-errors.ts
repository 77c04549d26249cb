// Classifies failures without an answer of the device: sockets, certificates, time limits, HTTP statuses.
import { DeviceError } from '../../core/model/device-error.ts';
import { CertificateError } from '../../net/certificate-error.ts';
import { NameError } from '../../net/names.ts';
import { ProxyError } from '../../net/tunnel.ts';
import { certificateProblem, opensslSays } from './certificate-problems.ts';
import { connectionProblem } from './connection-problems.ts';
import { codeOf, sizeLimitCode } from '../errors/error-codes.ts';
import { type Intent, mayHaveApplied } from '../errors/errors.ts';
import { nameProblem, proxyNameProblem } from './name-problems.ts';

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

/**
 * The meaning of an error that a request ended with.
 * `sent` says whether the request, or a part of it, may have left: only then can a message have taken effect.
 */
export function transportError(error: unknown, request: { intent: Intent; sent: boolean }): DeviceError {
  if (error instanceof ProxyError) return proxyProblem(error);
  const code = codeOf(error);
  const applied = request.sent ? mayHaveApplied(request.intent) : 'no';
  if (error instanceof NameError) return nameProblem(error, applied);
  const untrusted = certificateErrorIn(error);
  if (untrusted !== undefined) {
    return new DeviceError('UntrustedCertificate', certificateProblem(untrusted), {
      retry: 'slow',
      applied,
      code,
      cause: untrusted.cause,
    });
  }
  if (strangeAnswerCodes.has(code)) {
    const problem =
      code === sizeLimitCode
        ? 'the reply exceeds the size limit of this call'
        : 'what answers at the endpoint does not speak the XML API';
    return new DeviceError(
      'InvalidResponse',
      `${problem} (${code}). Check the endpoint and its port, and proxies before it`,
      { retry: 'backoff', applied, code },
    );
  }
  const problem = `${connectionProblem(error)}${code === '' ? '' : ` (${code})`}`;
  return new DeviceError('DeviceUnavailable', problem, {
    retry: 'backoff',
    applied,
    code,
    cause: error,
  });
}

/** An HTTP status other than 2xx whose body is no XML API error: a proxy's, a load balancer's, or no PAN-OS at all. */
export function httpStatusError(status: number, intent: Intent): DeviceError {
  const facts = { applied: mayHaveApplied(intent), code: `HTTP ${status}` } as const;
  if (status >= 500 || status === 408 || status === 429) {
    return new DeviceError(
      'DeviceUnavailable',
      `the device, or a proxy before it, is not available now. Retrying; if this persists, check their load and logs (HTTP ${status})`,
      { ...facts, retry: 'backoff' },
    );
  }
  if (status === 407) {
    return new DeviceError(
      'DeviceUnavailable',
      'a proxy before the device requires authentication. Name it in spec.proxyUrl, or with user name and password in HTTPS_PROXY of the operator (HTTP 407)',
      { ...facts, retry: 'slow' },
    );
  }
  if (status === 401 || status === 403) {
    const what =
      status === 401
        ? 'the credentials'
        : 'the credentials, the rights of their administrator in the XML API';
    return new DeviceError(
      'AuthenticationFailed',
      `the call was refused without an XML API answer (HTTP ${status}). Check ${what}, and whether a proxy is in front of the device`,
      { ...facts, retry: 'slow' },
    );
  }
  const problem =
    status >= 300 && status < 400
      ? 'the endpoint answers with a redirect, which is never followed. Name the device itself'
      : 'what answers at the endpoint does not know the XML API. Check the endpoint and its port';
  return new DeviceError('InvalidResponse', `${problem} (HTTP ${status})`, { ...facts, retry: 'slow' });
}

/** There is no way to the device. Nothing of the call has left. */
function proxyProblem(cause: ProxyError): DeviceError {
  if (cause.cause instanceof NameError) return proxyNameProblem(cause.cause);
  const { status, detail } = cause;
  const failed = (problem: string, retry: DeviceError['retry']): DeviceError =>
    new DeviceError('DeviceUnavailable', problem, { retry, applied: 'no', code: cause.code, cause });
  if (cause.cause instanceof CertificateError) {
    const problem =
      "the proxy's certificate is not trusted. Give its CA to Node (NODE_EXTRA_CA_CERTS), or name the proxy that the certificate is for";
    return failed(`${problem}. ${opensslSays(cause.cause)} (${detail})`, 'slow');
  }
  if (status === undefined) {
    const problem = 'the connection to the proxy failed. Check spec.proxyUrl, or HTTPS_PROXY of the operator';
    return failed(`${problem} (${detail})`, 'backoff');
  }
  if (status === 407) {
    const problem =
      'the proxy requires authentication. Put user name and password into HTTPS_PROXY of the operator';
    return failed(`${problem} (${detail})`, 'slow');
  }
  const did = status < 500 ? 'refused to' : 'could not';
  const problem = `the proxy ${did} connect to the device. Check the endpoint, and what the proxy allows`;
  return failed(`${problem} (${detail})`, status < 500 ? 'slow' : 'backoff');
}

/** Whether a request ended because the peer closed or reset the connection, or TLS on it. */
export function isReset(error: unknown): boolean {
  const code = codeOf(error);
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(code) || code.startsWith('ERR_SSL_');
}

function certificateErrorIn(error: unknown): CertificateError | undefined {
  if (error instanceof CertificateError) return error;
  return error instanceof Error && error.cause !== undefined ? certificateErrorIn(error.cause) : undefined;
}
