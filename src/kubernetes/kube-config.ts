// Finds out which API server to talk to and as whom: a kubeconfig, or the ServiceAccount of the Pod we run in.

import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { parseKubeconfig, type NamedCluster, type NamedContext, type NamedUser } from './kubeconfig-file.ts';

/** Certificate or key material: read again on every use when it is a file. */
export type Material = { readonly file: string } | { readonly data: Buffer };

/** A client-go credential plugin (client.authentication.k8s.io). */
export type ExecPlugin = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  readonly provideClusterInfo: boolean;
};

export type KubeUser = {
  /** For messages only. */
  readonly name: string;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly basic: { readonly username: string; readonly password: string } | undefined;
  readonly exec: ExecPlugin | undefined;
  readonly certificate: Material | undefined;
  readonly key: Material | undefined;
  /** Impersonate-* headers. */
  readonly impersonate: Readonly<Record<string, string | string[]>>;
};

export type KubeConfig = {
  /** Where all this was found, for messages: file names, or `in-cluster`. */
  readonly source: string;
  readonly server: URL;
  readonly certificateAuthority: Material | undefined;
  /** The name the server's certificate must carry, when it is not the server's own. */
  readonly tlsServerName: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
  readonly proxyUrl: URL | undefined;
  readonly user: KubeUser;
  /** The namespace this process runs in; undefined outside a cluster. */
  readonly inClusterNamespace: string | undefined;
};

/** The environment, as the configuration hands it on: this file does not read it itself. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type KubeConfigOptions = {
  /** One file, or a list as in KUBECONFIG; absent = KUBECONFIG, ~/.kube/config, in-cluster, as kubectl does. */
  readonly kubeconfigPath?: string | undefined;
  readonly environment: Environment;
  /** Where Kubernetes mounts a Pod's own credentials. */
  readonly serviceAccountDirectory?: string;
};

/** There is no usable configuration; the message names the fix. */
export class KubeConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KubeConfigError';
  }
}

const defaultServiceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @throws KubeConfigError when nothing is configured, or what is configured cannot work. */
export function loadKubeConfig(options: KubeConfigOptions): KubeConfig {
  const { environment } = options;
  const directory = options.serviceAccountDirectory ?? defaultServiceAccountDirectory;
  const explicit = options.kubeconfigPath ?? environment['KUBECONFIG'] ?? '';
  if (explicit !== '') return fromFiles(explicit.split(delimiter).filter((path) => path !== ''));
  const home = join(environment['HOME'] ?? homedir(), '.kube', 'config');
  if (existsSync(home)) return fromFiles([home]);
  if (existsSync(join(directory, 'token'))) return inCluster(directory, environment);
  throw new KubeConfigError(
    'no API server is configured: name a kubeconfig with --kubeconfig or KUBECONFIG, ' +
      'create ~/.kube/config, or run in a Pod whose ServiceAccount token is mounted',
  );
}

function inCluster(directory: string, environment: Environment): KubeConfig {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (host === undefined || host === '') {
    throw new KubeConfigError(
      'in-cluster: KUBERNETES_SERVICE_HOST is not set; name a kubeconfig with --kubeconfig',
    );
  }
  const namespace = join(directory, 'namespace');
  return {
    source: 'in-cluster',
    server: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    certificateAuthority: { file: join(directory, 'ca.crt') },
    tlsServerName: undefined,
    insecureSkipTlsVerify: false,
    proxyUrl: undefined,
    user: { ...anonymous, name: 'the ServiceAccount', tokenFile: join(directory, 'token') },
    inClusterNamespace: existsSync(namespace) ? readFileSync(namespace, 'utf8').trim() : undefined,
  };
}

/** Merges files as kubectl does: whoever names something first wins, and paths are relative to their own file. */
function fromFiles(paths: readonly string[]): KubeConfig {
  const files = paths.map((path) => ({ path, content: parseFile(path) }));
  const source = paths.join(delimiter);
  const current = files.map(({ content }) => content['current-context']).find((name) => name !== '');
  if (current === undefined) {
    throw new KubeConfigError(`${source}: no current-context; choose one with kubectl config use-context`);
  }
  const pick = <T extends { name: string }>(
    kind: string,
    name: string,
    of: (content: Content) => readonly T[],
  ) => {
    for (const { path, content } of files) {
      const found = of(content).find((entry) => entry.name === name);
      if (found) return { ...found, directory: dirname(path) };
    }
    throw new KubeConfigError(`${source}: ${kind} "${name}" is not defined`);
  };
  const { context } = pick<NamedContext>('context', current, (content) => content.contexts);
  const { cluster, directory } = pick<NamedCluster>(
    'cluster',
    context.cluster,
    (content) => content.clusters,
  );
  const user =
    context.user === ''
      ? anonymous
      : userOf(
          pick<NamedUser>('user', context.user, (content) => content.users),
          source,
        );
  return {
    source,
    server: serverUrl(cluster.server, cluster['insecure-skip-tls-verify'], source),
    certificateAuthority: material(
      cluster['certificate-authority'],
      cluster['certificate-authority-data'],
      directory,
    ),
    tlsServerName: cluster['tls-server-name'] || undefined,
    insecureSkipTlsVerify: cluster['insecure-skip-tls-verify'],
    proxyUrl: cluster['proxy-url'] ? proxyUrl(cluster['proxy-url'], source) : undefined,
    user,
    inClusterNamespace: undefined,
  };
}

type Content = ReturnType<typeof parseKubeconfig>;

function parseFile(path: string): Content {
  try {
    return parseKubeconfig(readFileSync(path, 'utf8'));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new KubeConfigError(`kubeconfig ${path} cannot be used: ${detail}`, { cause: error });
  }
}

const anonymous: KubeUser = {
  name: '',
  token: undefined,
  tokenFile: undefined,
  basic: undefined,
  exec: undefined,
  certificate: undefined,
  key: undefined,
  impersonate: {},
};

function userOf(entry: NamedUser & { directory: string }, source: string): KubeUser {
  const { name, user, directory } = entry;
  const provider = user['auth-provider'];
  if (provider !== undefined) {
    throw new KubeConfigError(
      `${source}: user "${name}" uses the auth-provider "${provider.name}", which Kubernetes has replaced: use an exec plugin`,
    );
  }
  if (user.exec?.interactiveMode === 'Always') {
    throw new KubeConfigError(
      `${source}: the exec plugin of user "${name}" needs a terminal (interactiveMode: Always)`,
    );
  }
  return {
    name,
    token: user.token || undefined,
    tokenFile: user.tokenFile ? absolute(user.tokenFile, directory) : undefined,
    basic: user.username ? { username: user.username, password: user.password ?? '' } : undefined,
    exec: user.exec && {
      command: /[/\\]/.test(user.exec.command) ? absolute(user.exec.command, directory) : user.exec.command,
      args: user.exec.args,
      env: Object.fromEntries(user.exec.env.map(({ name, value }) => [name, value])),
      apiVersion: user.exec.apiVersion,
      provideClusterInfo: user.exec.provideClusterInfo,
    },
    certificate: material(user['client-certificate'], user['client-certificate-data'], directory),
    key: material(user['client-key'], user['client-key-data'], directory),
    impersonate: impersonation(user),
  };
}

function impersonation(user: NamedUser['user']): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  if (user.as) headers['impersonate-user'] = user.as;
  if (user['as-uid']) headers['impersonate-uid'] = user['as-uid'];
  if (user['as-groups'].length > 0) headers['impersonate-group'] = user['as-groups'];
  for (const [key, values] of Object.entries(user['as-user-extra'])) {
    headers[`impersonate-extra-${encodeURIComponent(key)}`] = values;
  }
  return headers;
}

function material(
  file: string | undefined,
  data: string | undefined,
  directory: string,
): Material | undefined {
  if (data) return { data: Buffer.from(data, 'base64') };
  return file ? { file: absolute(file, directory) } : undefined;
}

function absolute(path: string, directory: string): string {
  return isAbsolute(path) ? path : join(directory, path);
}

/** Plain http would send tokens in clear text: only to this machine (kubectl proxy), or when told not to care. */
function serverUrl(text: string, insecure: boolean, source: string): URL {
  const url = parseUrl(text);
  if (url?.protocol === 'https:') return url;
  if (
    url?.protocol === 'http:' &&
    (insecure || /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname))
  ) {
    return url;
  }
  throw new KubeConfigError(`${source}: server "${text}" is not an https URL`);
}

function proxyUrl(text: string, source: string): URL {
  const url = parseUrl(text);
  if (url && ['http:', 'https:', 'socks5:', 'socks:'].includes(url.protocol)) return url;
  // The text may hold a password: it stays out of the message.
  throw new KubeConfigError(`${source}: proxy-url is not an http, https or socks5 URL`);
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
