// Connection to the API server: identity and trust by client-node's KubeConfig, one shared undici
// dispatcher for all requests. (client-node itself opens a new connection for each request: ADR 0004.)

import type { RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, Socks5ProxyAgent } from 'undici';
import { type Connector, createConnector } from '../../net/connector.ts';
import type { Proxy } from '../../net/tunnel.ts';
import { abortable } from '../../signals/abort.ts';
import { type LoadedConfig, loadKubeConfig } from './kube-config.ts';
import { KubeUnreachableError } from '../errors/kube-errors.ts';

export { KubeConfigError } from './kube-config.ts';

type Route = {
  readonly dispatcher: Dispatcher;
  /** Authorization and impersonation. */
  readonly headers: Readonly<Record<string, string | string[]>>;
};

export type KubeConnection = {
  /** The API server's address; its path, if any, comes before every request's. */
  readonly server: URL;
  /** The namespace of the Pod we run in; undefined outside a cluster. */
  readonly namespace: string | undefined;
  /** How the next request must travel. @throws KubeUnreachableError when credentials cannot be read or fetched. */
  readonly route: () => Promise<Route>;
  /** The server answered 401: read or fetch credentials anew for the next request. */
  readonly forgetCredentials: () => void;
  /** Ends every connection, also those in use. */
  readonly close: () => Promise<void>;
};

/** Six watches, and room for status writes. */
const maxConnections = 16;
/** A credential plugin that waits for someone (a login, a dead network) must not hold up every later request. */
const credentialsLimitMs = 60_000;
/** Load balancers drop silent connections after a minute; client-go probes as often. */
const keepAliveMs = 30_000;
/**
 * An API server that was away is used again this soon: what began to connect before it was back waits no longer. One that
 * is only slow is asked again by whoever needs it.
 */
const limits = { nameMs: 3_000, connectMs: 3_000 } as const;

/**
 * @param path a kubeconfig; undefined: KUBECONFIG, ~/.kube/config, the Pod's own ServiceAccount, in this order.
 * @throws KubeConfigError
 */
export function connectToCluster(path?: string): KubeConnection {
  return connect(loadKubeConfig(path));
}

function connect({ config: loaded, server, namespace }: LoadedConfig): KubeConnection {
  let config = loaded;
  let asking: Promise<RequestOptions> | undefined;
  const retired = new Set<Way>();
  let current: Way | undefined;

  /** Token and certificate files are read again (a token after a minute); a credential plugin runs once for many. */
  const credentials = (): Promise<RequestOptions> => {
    asking ??= readCredentials(config).finally(() => {
      asking = undefined;
    });
    return asking;
  };

  /** New requests follow rotated certificates; what runs on the old dispatcher (a watch: 10 minutes at most) may end. */
  const dispatcherFor = (material: Material): Dispatcher => {
    if (current !== undefined && isDeepStrictEqual(current.material, material)) return current.dispatcher;
    const old = current;
    current = { material, ...createDispatcher(config, material) };
    if (old !== undefined) {
      retired.add(old);
      void old.dispatcher.close().finally(() => retired.delete(old));
    }
    return current.dispatcher;
  };

  return {
    server,
    namespace,
    route: async () => {
      const options = await credentials();
      return { dispatcher: dispatcherFor(materialOf(options)), headers: headersOf(options) };
    },
    forgetCredentials: () => {
      config = withoutCaches(config);
    },
    close: async () => {
      const all = current === undefined ? [...retired] : [current, ...retired];
      const destroyed = all.map(({ dispatcher }) => dispatcher.destroy());
      // undici leaves connections alone that are still being made.
      for (const { connector } of all) connector.close();
      await Promise.all(destroyed);
    },
  };
}

/** client-node keeps what a token file or plugin said inside the KubeConfig. */
function withoutCaches({ clusters, users, contexts, currentContext }: KubeConfig): KubeConfig {
  const fresh = new KubeConfig();
  fresh.loadFromOptions({ clusters, users, contexts, currentContext });
  return fresh;
}

async function readCredentials(config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {};
  try {
    await abortable(config.applyToHTTPSOptions(options), AbortSignal.timeout(credentialsLimitMs));
    return options;
  } catch (error) {
    throw new KubeUnreachableError('CREDENTIALS', credentialProblem(config, error));
  }
}

/** Names the file or the plugin, never what it held or printed: that may be a secret. */
function credentialProblem(config: KubeConfig, error: unknown): string {
  const { code, path, syscall } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  const command: unknown = config.getCurrentUser()?.exec?.command;
  if (typeof command !== 'string') {
    return `the credentials of the kubeconfig cannot be read: ${code ?? 'invalid'} ${path ?? ''}`.trimEnd();
  }
  const missing = code === 'ENOENT' && syscall?.startsWith('spawn') === true;
  return missing
    ? `the kubeconfig's credential plugin ${command} is not installed, or not in PATH`
    : `the kubeconfig's credential plugin ${command} failed or printed no ExecCredential: run it by hand`;
}

const materialFields = [
  'ca',
  'cert',
  'key',
  'pfx',
  'passphrase',
  'rejectUnauthorized',
  'servername',
] as const;
type Material = Pick<ConnectionOptions, (typeof materialFields)[number] | 'allowPartialTrustChain'>;

type Way = {
  readonly material: Material;
  readonly dispatcher: Dispatcher;
  readonly connector: Connector;
};

function materialOf(options: RequestOptions): Material {
  const given = materialFields.filter((field) => options[field] !== undefined);
  // As client-go reads certificate-authority: an issuing CA without its root is enough.
  const trust = options.ca === undefined ? {} : { allowPartialTrustChain: true };
  return { ...Object.fromEntries(given.map((field) => [field, options[field]])), ...trust };
}

function headersOf({ headers, auth }: RequestOptions): Route['headers'] {
  const sent: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value !== undefined) sent[name] = Array.isArray(value) ? value : String(value).trim();
  }
  if (auth) sent['Authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`;
  return sent;
}

/** HTTP/1.1 only: one socket a watch, which can be destroyed alone. */
function createDispatcher(config: KubeConfig, material: Material): Omit<Way, 'material'> {
  const { proxyUrl } = config.getCurrentCluster() ?? {};
  const common = { allowH2: false, bodyTimeout: 0, connections: maxConnections } as const;
  if (proxyUrl?.startsWith('socks')) {
    const connector = createConnector({ tls: {}, limits, keepAliveMs });
    const { connectMs: connectTimeout } = limits;
    const options = { ...common, connect: connector.connect, connectTimeout, requestTls: material };
    return { dispatcher: new Socks5ProxyAgent(proxyUrl, options), connector };
  }
  const proxy = proxyUrl === undefined ? undefined : proxyOf(proxyUrl);
  const connector = createConnector({ tls: material, limits, keepAliveMs, proxy });
  return { dispatcher: new Agent({ ...common, connect: connector.connect }), connector };
}

function proxyOf(proxyUrl: string): Proxy {
  const { protocol, host, username, password } = new URL(proxyUrl);
  const login = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  return { url: `${protocol}//${host}`, ...(username === '' ? {} : { login }) };
}
