// Chooses the proxy to a device, if any: the PanFirewall's own, or the environment's.

import { isExempt } from '../../core/syntax/no-proxy.ts';
import type { Proxy } from '../../net/tunnel.ts';

/** What HTTPS_PROXY and NO_PROXY say. */
export type EnvironmentProxy = {
  /** http or https; it may hold a user name and a password. */
  readonly url: URL | undefined;
  readonly except: string;
};

export function proxyFor(
  { endpoint, proxyUrl }: { readonly endpoint: string; readonly proxyUrl: string | undefined },
  { url, except }: EnvironmentProxy,
): Proxy | undefined {
  if (proxyUrl !== undefined) return { url: proxyUrl };
  const { hostname, port } = new URL(endpoint);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (url === undefined || isExempt(except, host, port === '' ? 443 : Number(port))) return undefined;
  const login = { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  return { url: url.origin, ...(url.username === '' ? {} : { login }) };
}
