// Makes TLS on an established connection.
import type { Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { onAbort } from '../signals/abort.ts';
import { certificateErrorOf } from './certificate-error.ts';

/** The connection ended before TLS stood, and before the peer showed a certificate. */
export class HandshakeCut extends Error {
  override readonly name = 'HandshakeCut';
  readonly code: string;

  constructor(code: string, cause?: Error) {
    super(cause?.message ?? 'the connection was closed before TLS stood', { cause });
    this.code = code;
  }
}

/** A TLS record: what is written in larger pieces has gone to the kernel before the next one is asked for. */
const highWaterMark = 16 * 1024;

/**
 * Resolves when the peer's certificate has been verified as the options say. Ends the connection otherwise, and rejects with
 * a CertificateError, a HandshakeCut, another error of the handshake, or the signal's reason.
 * @param options `servername`, or else `host`, is the name that the certificate must have; an address is not sent as SNI.
 * @param resumable told of each session with the verified peer; with TLS 1.2 before TLS stands.
 */
export function secure(
  socket: Socket,
  options: ConnectionOptions,
  signal: AbortSignal,
  resumable: (session: Buffer) => void = () => {},
): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const withPieces: ConnectionOptions & { readonly highWaterMark: number } = {
    ...options,
    highWaterMark,
    socket,
  };
  const secured = connect(withPieces);
  const end = onAbort(signal, () => {
    secured.destroy();
    reject(signal.reason);
  });
  secured.on('session', resumable);
  secured.once('secureConnect', () => resolve(secured));
  // It stays: whoever takes the connection hears of its end by other events, too.
  secured.on('error', (error) => {
    reject(understood(error, secured));
    // A TLS alert is the last word of the peer. Whoever uses the connection would hear only that it has ended.
    if ('library' in error) secured.destroy(error);
  });
  secured.once('close', () => reject(new HandshakeCut('ECONNRESET')));
  return promise.finally(end);
}

function understood(error: Error, { authorizationError }: TLSSocket): Error {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ECONNRESET' || code === 'EPIPE') return new HandshakeCut(code, error);
  return certificateErrorOf(error, authorizationError) ?? error;
}

/** As Node calls a connection that the peer ended before TLS stood. */
export function endedEarly(): Error {
  return Object.assign(new Error('the connection was closed before it could be used'), {
    code: 'ECONNRESET',
  });
}
