// Certificate authorities that a device's certificate is verified against.
import { DeviceError } from '../../core/model/device-error.ts';
import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { classicalGroups, type Groups } from './key-exchange.ts';

/** Whoever is named is trusted, also an issuing CA without its root: as curl and Go programs read a CA file. */
const anchors = { allowPartialTrustChain: true } as const;

/**
 * The trust for a device's connections: the CAs of a PEM text and no others, or without one those of the system and
 * of Node; and the key exchange groups to offer.
 * Throws DeviceError when the text holds no certificate, or one that cannot be read.
 */
export function trustedBy(ca: string | undefined, groups: Groups = 'all'): SecureContext {
  if (ca === undefined) return systemTrust(groups);
  const certificates = certificatesIn(ca);
  if (certificates.length === 0 || !certificates.every(isCertificate)) {
    const problem = 'The CA certificate cannot be read. Put PEM certificates into ca.crt of the CA Secret';
    throw new DeviceError('UntrustedCertificate', problem, { retry: 'slow', applied: 'no' });
  }
  return createSecureContext({ ...anchors, ...curvesOf(groups), ca: [...certificates] });
}

/** The certificates of a PEM text, as they stand in it. */
export function certificatesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

const system = new Map<Groups, SecureContext>();

/** Made once: it takes tens of milliseconds, in which nothing else runs. */
function systemTrust(groups: Groups): SecureContext {
  const known = system.get(groups);
  if (known !== undefined) return known;
  const made = createSecureContext({
    ...anchors,
    ...curvesOf(groups),
    ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system')])],
  });
  system.set(groups, made);
  return made;
}

function curvesOf(groups: Groups): { readonly ecdhCurve?: string } {
  return groups === 'classical' ? { ecdhCurve: classicalGroups } : {};
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
