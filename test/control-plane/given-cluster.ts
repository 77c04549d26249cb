// A cluster that the user names in PANTAG_TEST_KUBECONFIG, used as it is.
import type { RequestOptions } from 'node:https';
import type { ClusterAccess } from './access.ts';

/**
 * Reads the current context of a kubeconfig, whatever way it signs in (token, client certificate, exec plugin).
 * What a plugin answers is used for the whole test run. Rejects when the context does not verify TLS.
 */
export async function readGivenCluster(file: string): Promise<ClusterAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const problem = loadProblem(() => config.loadFromFile(file));
  if (problem !== undefined) {
    const remedy = 'name another kubeconfig, or unset it';
    throw new Error(`PANTAG_TEST_KUBECONFIG: ${file} cannot be read (${problem}); ${remedy}`);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${file} has no current context`);
  if (cluster.skipTLSVerify) throw new Error(`${file} does not verify TLS: give it the cluster's CA`);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key } = options;
  const token = readBearer(options.headers);
  return {
    url: cluster.server.replace(/\/+$/, ''),
    caData: pem(ca),
    adminToken: token,
    ...(token === '' ? { clientCertificate: { cert: pem(cert), key: pem(key) } } : {}),
  };
}

/** A parser quotes the lines around its complaint, and those of a kubeconfig hold tokens: only a code is told. */
function loadProblem(load: () => void): string | undefined {
  try {
    load();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'it is not a kubeconfig';
  }
}

function readBearer(headers: RequestOptions['headers']): string {
  const value = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  return typeof value === 'string' ? value.replace(/^Bearer /, '') : '';
}

function pem(value: unknown): string {
  return typeof value === 'string' || Buffer.isBuffer(value) ? value.toString() : '';
}
