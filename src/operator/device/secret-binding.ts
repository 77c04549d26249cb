// Bound Secrets: a Secret that names its endpoint must repeat all of the spec that decides who reads its credentials.

import { certificatesIn } from '../../panos/http/trust.ts';
import type { FirewallSettings } from '../../kubernetes/resources/parse.ts';

export type SecretData = ReadonlyMap<string, string>;

/** The keys that bind a Secret, beside `ca.crt`. */
export const bindingKeys = ['endpoint', 'peerEndpoint', 'serverName', 'proxyUrl'] as const;

/**
 * Why the credentials of the Secret may not be used with these settings, with the next step; undefined when they may.
 * With the key `endpoint` everything in the spec that decides who reads the credentials must be repeated in the Secret:
 * the endpoints, tls.serverName, proxyUrl, and the certificates of the CA. Verification may not be skipped.
 * @param ca PEM; the certificates that spec.tls.caSecretRef names.
 */
export function bindingProblem(
  settings: FirewallSettings,
  secret: SecretData,
  ca: string | undefined,
): string | undefined {
  const { endpoint, peerEndpoint, credentials, proxyUrl, tls } = settings;
  const secretName = credentials.secretRef.name;
  const named = (key: (typeof bindingKeys)[number]) => secret.get(key)?.trim();
  const bound = named('endpoint');
  const differs = (key: string, field: string, wanted: string): string =>
    `the key "${key}" of Secret ${secretName} must equal spec.${field} (${wanted}), so its credentials are not sent there`;

  if (bound !== undefined && bound !== endpoint) return differs('endpoint', 'endpoint', endpoint);
  const bindsPeer = bound !== undefined || named('peerEndpoint') !== undefined;
  if (peerEndpoint !== undefined && bindsPeer && named('peerEndpoint') !== peerEndpoint)
    return differs('peerEndpoint', 'peerEndpoint', peerEndpoint);
  if (bound === undefined) return undefined;

  if (tls.insecureSkipVerify) {
    return (
      `the Secret ${secretName} is bound by its key "endpoint", so its credentials are not sent to a device whose certificate ` +
      'is not verified: set spec.tls.insecureSkipVerify to false, and name the CA in spec.tls.caSecretRef and in the key "ca.crt"'
    );
  }
  const { serverName } = tls;
  if (serverName !== undefined && named('serverName') !== serverName)
    return differs('serverName', 'tls.serverName', serverName);
  if (proxyUrl !== undefined && named('proxyUrl') !== proxyUrl)
    return differs('proxyUrl', 'proxyUrl', proxyUrl);
  return authorityProblem(settings, secret.get('ca.crt'), ca);
}

function authorityProblem(
  { credentials, tls }: FirewallSettings,
  bound: string | undefined,
  ca: string | undefined,
): string | undefined {
  const secretName = credentials.secretRef.name;
  const name = tls.caSecretRef?.name;
  if (ca !== undefined && isPart(ca, bound ?? '')) return undefined;
  if (ca !== undefined) {
    return (
      `the key "ca.crt" of Secret ${secretName} must hold the certificates of Secret ${name ?? ''} (spec.tls.caSecretRef), ` +
      'as it is bound by its key "endpoint"; its credentials are not sent'
    );
  }
  // Without it every public CA could vouch for the endpoint.
  if (bound === undefined) return undefined;
  return (
    `the Secret ${secretName} is bound to the CA in its key "ca.crt", and spec.tls.caSecretRef names none: ` +
    `set spec.tls.caSecretRef.name to ${secretName}; its credentials are not sent`
  );
}

/** Whether all certificates of the one PEM text are in the other, whatever their line breaks. */
function isPart(pem: string, whole: string): boolean {
  const compact = (text: string) => certificatesIn(text).map((one) => one.replace(/\s+/g, ''));
  const there = new Set(compact(whole));
  return compact(pem).every((one) => there.has(one));
}
