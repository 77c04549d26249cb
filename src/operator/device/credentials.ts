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

/**
 * One for each device that the spec names, the endpoint's first.
 * @throws DeviceError SecretMissing, with everything that is wrong with the Secrets
 */
export function connectionSettings(
  settings: FirewallSettings,
  secrets: Secrets,
): readonly ConnectionSettings[] {
  const { endpoint, peerEndpoint, credentials, limits, proxyUrl, tls } = settings;
  const secretName = credentials.secretRef.name;
  const secret = secrets.get(secretName);
  const ca = tls.caSecretRef === undefined ? { pem: undefined } : authority(tls.caSecretRef.name, secrets);
  if (secret === undefined || typeof ca === 'string') {
    const wanted =
      secret === undefined
        ? `create the Secret ${secretName} in the operator's namespace, with the ${loginKeys[credentials.method]}`
        : login(secretName, credentials.method, secret);
    throw missing([wanted, ca].filter((one) => typeof one === 'string'));
  }
  const problem = bindingProblem(settings, secret, ca.pem);
  const found = login(secretName, credentials.method, secret);
  if (problem !== undefined || typeof found === 'string')
    throw missing([problem, found].filter((one) => typeof one === 'string'));
  const common = {
    maxConcurrentCalls: limits.maxConcurrentCalls,
    proxyUrl,
    tls: {
      ca: ca.pem,
      serverName: tls.serverName,
      insecureSkipVerify: tls.insecureSkipVerify,
    },
  };
  const own = { endpoint, login: found, ...common };
  if (peerEndpoint === undefined) return [own];
  return [own, { ...own, endpoint: peerEndpoint, login: peerLogin(own.login, secret) }];
}

const loginKeys = {
  ApiKey: 'key "apiKey", or "username" and "password"',
  Basic: 'keys "username" and "password", as spec.credentials.method is Basic',
} as const;

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

/** Or what is wrong with the Secret. */
function login(name: string, method: 'ApiKey' | 'Basic', secret: SecretData): Login | string {
  for (const key of ['apiKey', 'username', 'password'] as const) {
    const odd = /(?![\t\r\n])[\p{Cc}\uFFFD]/u.exec(secret.get(key) ?? '')?.[0];
    if (odd !== undefined) return oddCharacter(name, key, odd);
  }
  // Files and pasted values often end in a newline; no key or name does.
  const apiKey = secret.get('apiKey')?.trim();
  if (apiKey && method === 'ApiKey') return { apiKey };
  const username = secret.get('username')?.trim();
  const password = secret.get('password')?.replace(/\r?\n$/, '');
  if (username && password) return { username, password, method };
  return `the Secret ${name} needs the ${loginKeys[method]}`;
}

/** The certificates, or what is wrong with their Secret. */
function authority(name: string, secrets: Secrets): { readonly pem: string } | string {
  const secret = secrets.get(name);
  if (secret === undefined)
    return `create the Secret ${name} with the key "ca.crt" in the operator's namespace`;
  const pem = secret.get('ca.crt');
  if (pem?.includes('-----BEGIN CERTIFICATE-----')) return { pem };
  return `the Secret ${name} needs the key "ca.crt" with certificates in PEM`;
}

function missing(problems: readonly string[]): DeviceError {
  return new DeviceError('SecretMissing', problems.join('; '), { retry: 'slow', applied: 'no' });
}
