// Opens connections through an HTTP proxy: CONNECT to the device, then TLS with the device itself inside.
import { type ClientRequest, request } from 'node:http';
import { connect as connectInClear, isIP, type Socket } from 'node:net';
import { connect as connectOverTls } from 'node:tls';
import type { buildConnector } from 'undici';
import { trustedBy } from './trust.ts';

export type Proxy = {
  /** `http://host[:port]` or `https://host[:port]`; the latter's certificate is verified against the system's roots. */
  readonly url: string;
  /** Sent to the proxy alone (Basic). */
  readonly login?: { readonly username: string; readonly password: string } | undefined;
};

/** The proxy opens no tunnel. Nothing of a call has left. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code = 'PROXY';
  /** Of the proxy's answer; undefined when there was none. */
  readonly status: number | undefined;
  /** `HTTP <status>`, or the code of the error with which the proxy could not be asked. */
  readonly detail: string;

  constructor(detail: string, status?: number) {
    super(`no tunnel: ${detail}`);
    this.detail = detail;
    this.status = status;
  }
}

/**
 * A connector for undici that reaches the device through a proxy. The proxy sees the device's name and port, and the
 * bytes of TLS. Fails with ProxyError, or with what `endToEnd` fails with.
 * @param endToEnd makes TLS with the device, on the socket that it is given.
 */
export function tunnelThrough(
  proxy: Proxy,
  connectMs: number,
  endToEnd: buildConnector.connector,
): buildConnector.connector {
  return (target, callback) => {
    const { hostname, port } = target;
    const name = hostname.includes(':') ? `[${hostname}]` : hostname;
    openTunnel(proxy, `${name}:${port === '' ? 443 : port}`, connectMs, {
      opened: (socket) => endToEnd({ ...target, httpSocket: socket }, callback),
      failed: (error) => callback(error, null),
    });
  };
}

type Outcome = {
  readonly opened: (socket: Socket) => void;
  readonly failed: (error: ProxyError) => void;
};

/** Tells once what became of it: the socket whose other end is `authority`, or why there is none. */
function openTunnel(proxy: Proxy, authority: string, limitMs: number, outcome: Outcome): void {
  const asking = connectRequest(proxy, authority);
  const timer = setTimeout(() => asking.destroy(new ProxyError('no answer in time')), limitMs);
  asking.once('connect', ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
    clearTimeout(timer);
    // The device does not speak first: what came along is the proxy's.
    if (statusCode >= 200 && statusCode <= 299 && head.length === 0) {
      outcome.opened(socket);
      return;
    }
    socket.destroy();
    outcome.failed(new ProxyError(`HTTP ${statusCode}`, statusCode));
  });
  asking.once('error', (error) => {
    clearTimeout(timer);
    outcome.failed(error instanceof ProxyError ? error : new ProxyError(codeOf(error)));
  });
  asking.end();
}

function connectRequest({ url, login }: Proxy, authority: string): ClientRequest {
  const token = login && Buffer.from(`${login.username}:${login.password}`, 'utf8').toString('base64');
  const headers = {
    host: authority,
    ...(token === undefined ? {} : { 'proxy-authorization': `Basic ${token}` }),
  };
  return request({ method: 'CONNECT', path: authority, headers, createConnection: () => connectTo(url) });
}

function connectTo(url: string): Socket {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (protocol === 'http:') return connectInClear({ host, port: Number(port || 80) });
  const servername = isIP(host) === 0 ? host : '';
  return connectOverTls({ host, port: Number(port || 443), servername, secureContext: trustedBy(undefined) });
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'no tunnel';
}
