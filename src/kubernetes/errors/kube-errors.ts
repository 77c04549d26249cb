// Typed errors of calls to the API server: refused, unreachable, unreadable.

/** The part of a metav1.Status that decides what to do next. */
export type ApiStatus = {
  /** The HTTP status code it stands for; 0 when the server named none. */
  readonly code: number;
  /** A machine word such as Expired, Forbidden, TooManyRequests; '' when the server named none. */
  readonly reason: string;
  readonly message: string;
  readonly retryAfterSeconds: number | undefined;
};

/** The API server (or a proxy before it) answered, and the answer is a refusal or a failure. */
export class KubeApiError extends Error {
  readonly status: number;
  readonly reason: string;
  /** How long the server asks us to stay away, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(status: ApiStatus, options?: ErrorOptions) {
    super(status.message, options);
    this.name = 'KubeApiError';
    this.status = status.code;
    this.reason = status.reason;
    this.retryAfterMs = status.retryAfterSeconds === undefined ? undefined : status.retryAfterSeconds * 1000;
  }
}

/** There was no answer, or it broke off: nothing is known about what the server did. */
export class KubeUnreachableError extends Error {
  /** Node's or undici's code (ECONNREFUSED, UND_ERR_SOCKET, CERT_HAS_EXPIRED), or one of our own (TIMEOUT, INACTIVE). */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KubeUnreachableError';
    this.code = code;
  }
}

/** Bytes that are not what the protocol promises: cut, damaged, or from something that is no API server. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** The resourceVersion asked for is not served: compacted away, or not reached yet. Only a new list helps. */
export function isExpired(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return false;
  // "Too large resource version" has no reason of its own (it is a Timeout), only this text, since Kubernetes 1.17.
  return (
    error.status === 410 ||
    error.reason === 'Expired' ||
    error.reason === 'Gone' ||
    /too large resource version/i.test(error.message)
  );
}

const certificateHints: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the API server presents a certificate that has expired',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the API server presents a certificate for another name; set tls-server-name in the kubeconfig',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'the API server presents a self-signed certificate that the kubeconfig does not trust',
  SELF_SIGNED_CERT_IN_CHAIN:
    "the API server's certificate is not signed by the kubeconfig's certificate-authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "the API server's certificate is not signed by the kubeconfig's certificate-authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "the API server's certificate is not signed by the kubeconfig's certificate-authority",
};

/** Wraps whatever the transport threw; `doing` is a phrase such as `GET /api/v1/pods`. */
export function unreachable(error: unknown, doing: string): KubeUnreachableError {
  if (error instanceof KubeUnreachableError) return error;
  const code = codeOf(error);
  const detail = certificateHints[code] ?? (error instanceof Error ? error.message : String(error));
  return new KubeUnreachableError(code, `${doing}: ${detail || code}`, { cause: error });
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && !('code' in error)) return codeOf(error.errors[0]);
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof Error && error.cause !== undefined) return codeOf(error.cause);
  return 'UNKNOWN';
}
