// Which certificate authorities vouch for a device.
import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { PanosError } from './errors.ts';

/**
 * The trust for a device's connections: the CAs of a PEM text and no others, or without one those of the system and
 * of Node. Throws PanosError when the text holds no certificate, or one that cannot be read.
 */
export function trustedBy(ca: string | undefined): SecureContext {
  if (ca === undefined) return systemTrust();
  const certificates = certificatesIn(ca);
  if (certificates.length === 0 || !certificates.every(isCertificate)) {
    throw new PanosError(
      'The CA certificate cannot be read. Put PEM certificates into ca.crt of the CA Secret',
      {
        reason: 'UntrustedCertificate',
        retry: 'slow',
        applied: 'no',
      },
    );
  }
  return createSecureContext({ ca: [...certificates] });
}

/** The certificates of a PEM text, as they stand in it. */
export function certificatesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

let system: SecureContext | undefined;

/** Made once: it takes tens of milliseconds, in which nothing else runs. */
function systemTrust(): SecureContext {
  system ??= createSecureContext({
    ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system')])],
  });
  return system;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
