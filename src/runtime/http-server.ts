// /metrics, /healthz and /readyz over plain HTTP for kubelet and Prometheus.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = { readonly status: number; readonly body: string; readonly contentType?: string };

export type Routes = Readonly<Record<string, () => Answer | Promise<Answer>>>;

type HttpServer = {
  /** host:port as bound. */
  readonly address: string;
  close(): Promise<void>;
};

/** The address cannot be listened on; the message names it, the cause and what to give instead. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * @param listen `host:port`, `:port` for every interface; port 0 takes a free one.
 * @throws ListenError
 */
export async function startHttpServer(listen: string, routes: Routes): Promise<HttpServer> {
  const server = createServer((request, response) => {
    void respond(request, response, routes);
  });
  server.requestTimeout = 10_000;
  const { host, port } = splitAddress(listen);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(listen, error)));
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve);
  });
  return {
    address: addressText(server.address()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, routes: Routes): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  const answer = await answerOf(request.method ?? 'GET', path, route);
  response.writeHead(answer.status, { 'content-type': answer.contentType ?? 'text/plain; charset=utf-8' });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

async function answerOf(method: string, path: string, route: Routes[string] | undefined): Promise<Answer> {
  if (route === undefined) return { status: 404, body: `nothing at ${path}\n` };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'only GET\n' };
  try {
    return await route();
  } catch {
    return { status: 500, body: 'failed\n' };
  }
}

function splitAddress(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':');
  return { host: listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(listen.slice(colon + 1)) };
}

function listenError(listen: string, error: NodeJS.ErrnoException): ListenError {
  const { code = error.message } = error;
  const why =
    remedies[code] ?? 'This machine has no such address; give one of its own, or :<port> for all of them';
  return new ListenError(`cannot listen on ${listen} (${code}). ${why}.`, { cause: error });
}

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another process has the port; give a free one, or stop that process',
  EACCES: 'The port is reserved; give one above 1023',
};

function addressText(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return String(address);
  return `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}
