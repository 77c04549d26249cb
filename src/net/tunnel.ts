// Opens connections through an HTTP proxy: CONNECT to the host, whatever is spoken with it inside.
import { type ClientRequest, request } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { onAbort } from '../signals/abort.ts';
import { CertificateError } from './certificate-error.ts';
import type { ConnectLimits } from './connect-limits.ts';
import { firstConnection } from './first-connection.ts';
import { addressesOf, NameError } from './names.ts';
import { secure } from './secure.ts';
import { within } from './within.ts';

export type Proxy = {
  /** `http://host[:port]` or `https://host[:port]`. */
  readonly url: string;
  /** Sent to the proxy alone (Basic). */
  readonly login?: { readonly username: string; readonly password: string } | undefined;
  /** Whom to trust as an https proxy. Default: Node's own. */
  readonly tls?: ConnectionOptions | undefined;
};

/** The proxy opens no tunnel. Nothing of a call has left. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code = 'PROXY';
  /** Of the proxy's answer; undefined when there was none. */
  readonly status: number | undefined;
  /** `HTTP <status>`, or the code of the error with which the proxy could not be asked. */
  readonly detail: string;

  constructor(detail: string, options: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(`no tunnel: ${detail}`, { cause: options.cause });
    this.detail = detail;
    this.status = options.status;
  }
}

type Tunnel = {
  readonly proxy: Proxy;
  /** `host:port` of the other end. The proxy learns it, and looks up the name. */
  readonly authority: string;
  readonly limits: ConnectLimits;
  readonly keepAliveMs: number;
};

/** The socket whose other end is the authority. @throws ProxyError, or the signal's reason */
export async function openTunnel(tunnel: Tunnel, signal: AbortSignal): Promise<Socket> {
  const { proxy, authority, limits, keepAliveMs } = tunnel;
  const { protocol, hostname, port } = new URL(proxy.url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const isSecure = protocol === 'https:';
  try {
    const addresses = await addressesOf(host, limits.nameMs, signal);
    const late = () => new ProxyError('no answer in time');
    return await within({ ms: limits.connectMs, late }, signal, async (limited) => {
      const destination = { addresses, port: Number(port || (isSecure ? 443 : 80)), keepAliveMs };
      const socket = await firstConnection(destination, limited);
      const servername = isIP(host) === 0 ? host : '';
      const way = isSecure ? await secure(socket, { ...proxy.tls, host, servername }, limited) : socket;
      return asked(way, connectRequest(proxy, authority, way), limited);
    });
  } catch (error) {
    if (error instanceof ProxyError || signal.aborted) throw error;
    throw new ProxyError(codeOf(error), {
      cause: error instanceof NameError || error instanceof CertificateError ? error : undefined,
    });
  }
}

/** What became of the question. */
function asked(way: Socket, asking: ClientRequest, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const end = onAbort(signal, () => {
    reject(signal.reason);
    asking.destroy();
    way.destroy();
  });
  asking.once('connect', ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
    // The host does not speak first: what came along is the proxy's.
    if (statusCode >= 200 && statusCode <= 299 && head.length === 0) return resolve(socket);
    socket.destroy();
    reject(new ProxyError(`HTTP ${statusCode}`, { status: statusCode }));
  });
  asking.on('error', reject);
  asking.end();
  return promise.finally(end);
}

function connectRequest({ login }: Proxy, authority: string, way: Socket): ClientRequest {
  const token = login && Buffer.from(`${login.username}:${login.password}`, 'utf8').toString('base64');
  const headers = {
    host: authority,
    ...(token === undefined ? {} : { 'proxy-authorization': `Basic ${token}` }),
  };
  return request({ method: 'CONNECT', path: authority, headers, createConnection: () => way });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'no tunnel';
}
