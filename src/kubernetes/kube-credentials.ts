// What proves to the API server who we are: tokens from files and plugins are fetched again before they go stale.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Environment, ExecPlugin, KubeConfig } from './kube-config.ts';

export type Credentials = {
  /** The Authorization header; undefined when a client certificate (or nothing) speaks for us. */
  readonly authorization: string | undefined;
  /** PEM, only from an exec plugin that hands out client certificates. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
};

export type CredentialSource = {
  /** @throws Error that says what could not be read; never with a secret in its message. */
  readonly current: () => Promise<Credentials>;
  /** The server refused them: fetch new ones on the next use. */
  readonly forget: () => void;
};

/** As client-go: the kubelet swaps a projected token long before it expires, so a minute late is early enough. */
const tokenFileLifetimeMs = 60_000;
/** A plugin's token must survive the request that it is fetched for. */
const expiryMarginMs = 10_000;
const pluginTimeoutMs = 60_000;

export function createCredentialSource(config: KubeConfig, environment: Environment): CredentialSource {
  const { user } = config;
  if (user.exec !== undefined) {
    const plugin = user.exec;
    return cached(() => runPlugin(plugin, config, environment));
  }
  if (user.tokenFile !== undefined) {
    const file = user.tokenFile;
    return cached(async () => ({
      credentials: bearer((await readFile(file, 'utf8')).trim()),
      validUntil: Date.now() + tokenFileLifetimeMs,
    }));
  }
  const fixed = user.token ? bearer(user.token) : user.basic ? basic(user.basic) : noCredentials;
  return { current: async () => fixed, forget: () => undefined };
}

const noCredentials: Credentials = { authorization: undefined, certificate: undefined, key: undefined };

function bearer(token: string): Credentials {
  return { ...noCredentials, authorization: `Bearer ${token}` };
}

function basic({ username, password }: { username: string; password: string }): Credentials {
  return {
    ...noCredentials,
    authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
  };
}

type Fetched = { readonly credentials: Credentials; readonly validUntil: number };

/** Callers that come while a fetch runs share it; a failed fetch is not remembered. */
function cached(fetch: () => Promise<Fetched>): CredentialSource {
  let held: Fetched | undefined;
  let running: Promise<Fetched> | undefined;
  return {
    current: async () => {
      if (held !== undefined && Date.now() < held.validUntil) return held.credentials;
      running ??= fetch().finally(() => {
        running = undefined;
      });
      held = await running;
      return held.credentials;
    },
    forget: () => {
      held = undefined;
    },
  };
}

const execCredential = z.object({
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.string().optional(),
  }),
});

async function runPlugin(plugin: ExecPlugin, config: KubeConfig, environment: Environment): Promise<Fetched> {
  const { stdout } = await promisify(execFile)(plugin.command, [...plugin.args], {
    env: { ...environment, ...plugin.env, KUBERNETES_EXEC_INFO: execInfo(plugin, config) },
    timeout: pluginTimeoutMs,
    maxBuffer: 1024 * 1024,
    encoding: 'utf8',
  }).catch((error: unknown) => {
    throw new Error(`the credential plugin "${plugin.command}" failed${pluginComplaint(error)}`);
  });
  const { status } = readExecCredential(plugin, stdout);
  const expiry =
    status.expirationTimestamp === undefined ? Number.NaN : Date.parse(status.expirationTimestamp);
  return {
    credentials: {
      authorization: status.token ? `Bearer ${status.token}` : undefined,
      certificate: status.clientCertificateData,
      key: status.clientKeyData,
    },
    validUntil: Number.isNaN(expiry) ? Number.POSITIVE_INFINITY : expiry - expiryMarginMs,
  };
}

/** Plugins write tokens to stdout, which is never quoted, and what is wrong to stderr. */
function pluginComplaint(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && error.code === 'ENOENT') return ': it is not installed, or not in PATH';
  const stderr =
    'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim().slice(0, 300) : '';
  return stderr === '' ? '' : `: ${stderr}`;
}

function readExecCredential(plugin: ExecPlugin, stdout: string): z.infer<typeof execCredential> {
  try {
    return execCredential.parse(JSON.parse(stdout));
  } catch {
    // Neither the text nor a parser's message about it may travel on: both can hold the token.
    throw new Error(`the credential plugin "${plugin.command}" printed no ExecCredential with a status`);
  }
}

/** The request that client-go hands to a plugin; some refuse to work without it. */
function execInfo(plugin: ExecPlugin, config: KubeConfig): string {
  const ca = config.certificateAuthority;
  const cluster = {
    server: config.server.href,
    'tls-server-name': config.tlsServerName,
    'insecure-skip-tls-verify': config.insecureSkipTlsVerify || undefined,
    'certificate-authority-data': ca !== undefined && 'data' in ca ? ca.data.toString('base64') : undefined,
    'proxy-url': config.proxyUrl?.href,
  };
  return JSON.stringify({
    kind: 'ExecCredential',
    apiVersion: plugin.apiVersion,
    spec: { interactive: false, cluster: plugin.provideClusterInfo ? cluster : undefined },
  });
}
