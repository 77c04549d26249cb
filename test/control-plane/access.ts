// Administrator's access to a cluster, and its kubeconfig text.
import { stringify } from 'yaml';

export type ClusterAccess = {
  /** 'https://127.0.0.1:6443' */
  readonly url: string;
  /** PEM; '' trusts the system's roots. */
  readonly caData: string;
  /** A bearer token of an administrator; '' when a client certificate does that. */
  readonly adminToken: string;
  /** PEM both. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string };
};

/** A kubeconfig with one context, everything inline; TLS is always verified. */
export function renderKubeconfig(access: ClusterAccess): string {
  const { url, caData, adminToken, clientCertificate } = access;
  const user =
    clientCertificate === undefined
      ? { token: adminToken }
      : {
          'client-certificate-data': base64(clientCertificate.cert),
          'client-key-data': base64(clientCertificate.key),
        };
  const cluster = { server: url, ...(caData === '' ? {} : { 'certificate-authority-data': base64(caData) }) };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user }],
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
