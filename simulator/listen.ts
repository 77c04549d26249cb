// Starts and stops a server on an address of this machine.

import { once } from 'node:events';
import type { Server } from 'node:http';

export type ListenAddress = { readonly host: string; readonly port: number };

/** Listens; port 0 means a free one. Returns `host:port` as it stands in a URL. */
export const listen = async (server: Server, { host, port }: ListenAddress): Promise<string> => {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const actual = typeof address === 'object' && address ? address.port : port;
  return `${host.includes(':') ? `[${host}]` : host}:${actual}`;
};

/** Stops listening and cuts what is still open. */
export const stop = async (server: Server): Promise<void> => {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
};
