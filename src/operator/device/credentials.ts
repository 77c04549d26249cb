// Reads a connection's credentials from Secrets, or says which Secret or key is missing.

import { DeviceError } from '../../core/model/device-error.ts';
import { z } from 'zod';
import type { FirewallSettings } from '../../kubernetes/resources/parse.ts';
import { bindingKeys, bindingProblem, type SecretData } from './secret-binding.ts';

export type { FirewallSettings };

/** The Secrets of the operator's own namespace, by name. */
export type Secrets = { get(name: string): SecretData | undefined };

const secret = z.object({
  metadata: z.object({ name: z.string() }),
  data: z.record(z.string(), z.string()).nullish(),
});

/** The keys that we use of a Secret as the API server serves it; its other keys are not kept. */
export function readSecret(raw: unknown): { readonly name: string; readonly data: SecretData } {
  const { metadata, data } = secret.parse(raw);
  const entries = usedKeys.flatMap((key) => {
    const value = data?.[key];
    return value === undefined ? [] : [[key, text(value)] as const];
  });
  return { name: metadata.name, data: new Map(entries) };
}

/** Editors and PowerShell's Out-File begin a file with a byte order mark, which is no part of what it holds. */
function text(base64: string): string {
  return Buffer.from(base64, 'base64')
    .toString('utf8')
    .replace(/^\uFEFF/, '');
}

/** Of a Secret: nothing else of it is kept. */
export const usedKeys = ['apiKey', 'peerApiKey', 'username', 'password', ...bindingKeys, 'ca.crt'] as const;

type Login =
  | { readonly apiKey: string }
  | { readonly username: string; readonly password: string; readonly method: 'ApiKey' | 'Basic' };

export type ConnectionSettings = {
  readonly endpoint: string;
  readonly login: Login;
  readonly maxConcurrentCalls: number;
  readonly proxyUrl: string | undefined;
  readonly tls: {
    /** PEM; undefined: the system's roots. */
    readonly ca: string | undefined;
    readonly serverName: string | undefined;
    readonly insecureSkipVerify: boolean;
  };
};

/** One for each device that the spec names, the endpoint's first. @throws DeviceError SecretMissing */
export function connectionSettings(
  settings: FirewallSettings,
  secrets: Secrets,
): readonly ConnectionSettings[] {
  const { endpoint, peerEndpoint, credentials, limits, proxyUrl, tls } = settings;
  const secretName = credentials.secretRef.name;
  const secret = secrets.get(secretName);
  if (secret === undefined) throw missing(`create the Secret ${secretName} in the operator's namespace`);
  const ca = tls.caSecretRef && authority(tls.caSecretRef.name, secrets);
  const problem = bindingProblem(settings, secret, ca);
  if (problem !== undefined) throw missing(problem);
  const common = {
    maxConcurrentCalls: limits.maxConcurrentCalls,
    proxyUrl,
    tls: {
      ca,
      serverName: tls.serverName,
      insecureSkipVerify: tls.insecureSkipVerify,
    },
  };
  const own = { endpoint, login: login(secretName, credentials.method, secret), ...common };
  if (peerEndpoint === undefined) return [own];
  return [own, { ...own, endpoint: peerEndpoint, login: peerLogin(own.login, secret) }];
}

/** A file in UTF-16 has a NUL in every character; U+FFFD stands for bytes that are no UTF-8. */
function oddCharacter(name: string, key: string, character: string): string {
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return `the key ${key} of the Secret ${name} holds the character U+${code}: save the value as UTF-8 without control characters`;
}

/** The peer's own key, where the Secret has one. */
function peerLogin(own: Login, secret: SecretData): Login {
  const apiKey = secret.get('peerApiKey')?.trim();
  return 'apiKey' in own && apiKey ? { apiKey } : own;
}

function login(name: string, method: 'ApiKey' | 'Basic', secret: SecretData): Login {
  for (const key of ['apiKey', 'username', 'password'] as const) {
    const odd = /(?![\t\r\n])[\p{Cc}\uFFFD]/u.exec(secret.get(key) ?? '')?.[0];
    if (odd !== undefined) throw missing(oddCharacter(name, key, odd));
  }
  // Files and pasted values often end in a newline; no key or name does.
  const apiKey = secret.get('apiKey')?.trim();
  if (apiKey && method === 'ApiKey') return { apiKey };
  const username = secret.get('username')?.trim();
  const password = secret.get('password')?.replace(/\r?\n$/, '');
  if (username && password) return { username, password, method };
  const wanted = method === 'Basic' ? 'keys' : 'key "apiKey", or';
  const why = method === 'Basic' ? ', as spec.credentials.method is Basic' : '';
  throw missing(`the Secret ${name} needs the ${wanted} "username" and "password"${why}`);
}

function authority(name: string, secrets: Secrets): string {
  const secret = secrets.get(name);
  if (secret === undefined)
    throw missing(`create the Secret ${name} with the key "ca.crt" in the operator's namespace`);
  const ca = secret.get('ca.crt');
  if (!ca?.includes('-----BEGIN CERTIFICATE-----')) {
    throw missing(`the Secret ${name} needs the key "ca.crt" with certificates in PEM`);
  }
  return ca;
}

function missing(message: string): DeviceError {
  return new DeviceError('SecretMissing', message, { retry: 'slow', applied: 'no' });
}
