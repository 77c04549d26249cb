// Finds out which API server to talk to and as whom, by client-node's KubeConfig, and says what is wrong when it cannot.

import { existsSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';

/** There is no usable configuration; the message names the fix. */
export class KubeConfigError extends Error {
  override readonly name = 'KubeConfigError';
}

export type LoadedConfig = {
  readonly config: KubeConfig;
  readonly server: URL;
  /** The namespace of the Pod we run in; undefined outside a cluster, whatever a kubeconfig's context says. */
  readonly namespace: string | undefined;
};

/**
 * @param path a kubeconfig; undefined: KUBECONFIG, ~/.kube/config, the Pod's own ServiceAccount, in this order.
 * @throws KubeConfigError
 */
export function loadKubeConfig(path: string | undefined): LoadedConfig {
  const source = path ?? 'of KUBECONFIG or ~/.kube/config';
  const config = new KubeConfig();
  try {
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
  } catch (error) {
    throw new KubeConfigError(
      `the kubeconfig ${source} cannot be read: ${problemOf(error)}. Name another one with --kubeconfig or KUBECONFIG`,
    );
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new KubeConfigError(`the kubeconfig ${source} names no cluster: set its current-context`);
  }
  // What client-node assumes when it finds nothing at all.
  if (path === undefined && cluster.name === 'cluster' && cluster.server === 'http://localhost:8080') {
    throw new KubeConfigError(
      'no API server is configured: name a kubeconfig with --kubeconfig or KUBECONFIG, create ~/.kube/config, ' +
        'or run in a Pod whose ServiceAccount token is mounted',
    );
  }
  if (cluster.caFile !== undefined && !existsSync(cluster.caFile)) {
    throw new KubeConfigError(`the CA file ${cluster.caFile} of the kubeconfig does not exist`);
  }
  const server = serverUrl(cluster.server, cluster.skipTLSVerify);
  return { config, server, namespace: ownNamespace(config) };
}

/** A YAML parser quotes the lines around its complaint, and those of a kubeconfig hold tokens. */
function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it is not a kubeconfig';
  if (error.name === 'YAMLException') return 'it is not YAML';
  return error instanceof TypeError ? 'it is not a kubeconfig' : error.message;
}

/** client-node refuses plain http too, but only at the first request and without a remedy. */
function serverUrl(text: string, insecure: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && insecure)) return url;
  throw new KubeConfigError(
    url?.protocol === 'http:'
      ? `the server ${text} would see tokens in clear text: use https, or set insecure-skip-tls-verify if that is meant`
      : `the server "${text}" of the kubeconfig is not an https URL`,
  );
}

function ownNamespace(config: KubeConfig): string | undefined {
  // The name that client-node gives to what it makes up for a Pod.
  const context = config.getCurrentContext() === 'inClusterContext' ? 'inClusterContext' : undefined;
  return context && config.getContextObject(context)?.namespace?.trim();
}
