// Starts and stops a server on an address of this machine.

import { once } from 'node:events';
import type { Server } from 'node:http';

export type ListenAddress = { readonly host: string; readonly port: number };

/** The host of a URL that reaches, from this machine, a server that listens on `host`. */
export const urlHost = (host: string): string => {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
};

/** Listens; port 0 means a free one. Returns `host:port` as it stands in a URL that can be opened here. */
export const listen = async (server: Server, { host, port }: ListenAddress): Promise<string> => {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const actual = typeof address === 'object' && address ? address.port : port;
  return `${urlHost(host)}:${actual}`;
};

/** Stops listening and cuts what is still open. */
export const stop = async (server: Server): Promise<void> => {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
};
