// The one road to the API server: a shared pool of TLS connections that follows rotated certificates and tokens.

import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { type Environment, type KubeConfig, loadKubeConfig, type Material } from './kube-config.ts';
import { createCredentialSource, type Credentials } from './kube-credentials.ts';
import { KubeUnreachableError } from './kube-errors.ts';

export type Route = {
  readonly dispatcher: Dispatcher;
  /** Authorization and impersonation. */
  readonly headers: Readonly<Record<string, string | string[]>>;
};

export type KubeConnection = {
  /** The API server's address; its path, if any, comes before every request's. */
  readonly server: URL;
  /** The namespace this process runs in; undefined outside a cluster. */
  readonly namespace: string | undefined;
  /** How the next request must travel. @throws KubeUnreachableError when credentials cannot be had. */
  readonly route: () => Promise<Route>;
  /** The server answered 401: fetch credentials anew for the next request. */
  readonly forgetCredentials: () => void;
  /** Ends every connection, also those in use. */
  readonly close: () => Promise<void>;
};

type TlsMaterial = {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
};

/**
 * The cluster that a kubeconfig (or, without one, kubectl's own search order, then the Pod we run in) points at.
 * @throws KubeConfigError when there is none
 */
export function connectToCluster(
  kubeconfigPath: string | undefined,
  environment: Environment,
): KubeConnection {
  return createKubeConnection(loadKubeConfig({ kubeconfigPath, environment }), environment);
}

/**
 * One dispatcher serves all requests. Certificates in files are read before each request (they are small, and
 * requests are few: watches last minutes); when their content has changed, new requests use a new dispatcher and
 * the old one closes after the last watch on it has ended, at most 10 minutes later. So a rotation needs no restart.
 */
export function createKubeConnection(config: KubeConfig, environment: Environment): KubeConnection {
  const source = createCredentialSource(config, environment);
  const retired = new Set<Dispatcher>();
  let current: { material: TlsMaterial; dispatcher: Dispatcher } | undefined;

  const retire = (dispatcher: Dispatcher): void => {
    retired.add(dispatcher);
    void dispatcher.close().finally(() => retired.delete(dispatcher));
  };

  const dispatcherFor = (material: TlsMaterial): Dispatcher => {
    if (current && sameMaterial(current.material, material)) return current.dispatcher;
    if (current) retire(current.dispatcher);
    current = { material, dispatcher: createDispatcher(config, material) };
    return current.dispatcher;
  };

  return {
    server: config.server,
    namespace: config.inClusterNamespace,
    route: async () => {
      try {
        const credentials = await source.current();
        const { authorization } = credentials;
        return {
          dispatcher: dispatcherFor(readMaterial(config, credentials)),
          headers: { ...config.user.impersonate, ...(authorization === undefined ? {} : { authorization }) },
        };
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        throw new KubeUnreachableError('CREDENTIALS', `${config.source}: ${detail}`, { cause: error });
      }
    },
    forgetCredentials: source.forget,
    close: async () => {
      const all = current ? [current.dispatcher, ...retired] : [...retired];
      await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
    },
  };
}

function readMaterial(config: KubeConfig, credentials: Credentials): TlsMaterial {
  return {
    ca: read(config.certificateAuthority),
    cert: credentials.certificate ?? read(config.user.certificate),
    key: credentials.key ?? read(config.user.key),
  };
}

function read(material: Material | undefined): string | undefined {
  if (material === undefined) return undefined;
  return 'file' in material ? readFileSync(material.file, 'utf8') : material.data.toString('utf8');
}

function sameMaterial(a: TlsMaterial, b: TlsMaterial): boolean {
  return a.ca === b.ca && a.cert === b.cert && a.key === b.key;
}

function createDispatcher(config: KubeConfig, material: TlsMaterial): Dispatcher {
  const tls = {
    ...(material.ca === undefined ? {} : { ca: material.ca }),
    ...(material.cert === undefined ? {} : { cert: material.cert }),
    ...(material.key === undefined ? {} : { key: material.key }),
    ...(config.tlsServerName === undefined ? {} : { servername: config.tlsServerName }),
    rejectUnauthorized: !config.insecureSkipTlsVerify,
  };
  // TCP keep-alive every 30 s, as client-go: load balancers cut what is idle for a minute.
  const connect = { ...tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000, allowH2: false };
  // HTTP/1.1 gives each watch a connection of its own, so a busy one cannot hold up another.
  const pool = { allowH2: false, pipelining: 1, keepAliveTimeout: 60_000 };
  if (config.proxyUrl === undefined) return new Agent({ ...pool, connect });
  return new ProxyAgent({ ...pool, uri: config.proxyUrl.href, requestTls: connect });
}
