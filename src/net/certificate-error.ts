// Separates certificate errors from all other causes that end a TLS handshake.

/**
 * The TLS library does not accept the peer's certificate, whatever its reason: nothing was sent. Whoever makes TLS knows
 * that it was the certificate; the code alone does not tell, as Node gives UNSPECIFIED to all that it has no name for.
 */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
  /** Node's ("X509 certificate error codes"), UNSPECIFIED, or OpenSSL's. */
  readonly code: string;
  override readonly cause: Error;

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.cause = cause;
    this.code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  }
}

/** Parts of OpenSSL that have nothing to do but with certificates and what is in them. */
const certificateLibraries = new Set([
  'x509 certificate routines',
  'X509 V3 routines',
  'asn1 encoding routines',
]);

/**
 * The certificate's error, where that is what `error` is.
 * @param verdict what the TLS socket says of the peer's certificate (`authorizationError`); null or undefined: nothing.
 */
export function certificateErrorOf(error: Error, verdict: unknown): CertificateError | undefined {
  const isVerdict = verdict !== null && verdict !== undefined;
  return isVerdict || isUnreadable(error) ? new CertificateError(error) : undefined;
}

/** A certificate that is damaged, or of a kind that OpenSSL does not know, ends the handshake before it is judged. */
function isUnreadable(error: Error): boolean {
  if (!('library' in error)) return false;
  return certificateLibraries.has(String(error.library)) || /:X509_\w+:/.test(error.message);
}
