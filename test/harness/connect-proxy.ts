// An HTTP proxy on loopback that opens tunnels (CONNECT), and can refuse to as proxies do.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';

export type ConnectProxyOptions = {
  /** The proxy's own certificate: it is reached over TLS then. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** `user:password` that it asks for. */
  readonly login?: string;
  /** Where tunnels lead for an authority; default: there. */
  readonly route?: (authority: string) => { readonly host: string; readonly port: number };
};

export type ConnectProxy = AsyncDisposable & {
  /** `http://127.0.0.1:port`, or https. */
  readonly url: string;
  /** What each CONNECT named, refused ones included. */
  readonly asked: readonly string[];
  /** All that has passed towards devices, with the heads of the CONNECT requests. */
  readonly seen: () => string;
  /** Answers every further CONNECT with this status; 'hang': with nothing; undefined: opens tunnels again. */
  refuse: (how: number | 'hang' | undefined) => void;
  /** Cuts all tunnels. */
  readonly cut: () => void;
  readonly tunnels: () => number;
};

export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const { tls, login, route = routeOf } = options;
  const asked: string[] = [];
  const passed: Buffer[] = [];
  const sockets = new Set<Socket>();
  let tunnels = 0;
  let refusal: number | 'hang' | undefined;

  const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  const refuseAll: RequestListener = (_, response) => void response.writeHead(405).end();
  const server: Server = tls === undefined ? createServer(refuseAll) : createTlsServer(tls, refuseAll);
  server.on('connection', (socket: Socket) => keep(sockets, socket));
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    const { url: authority = '', headers } = request;
    client.on('error', () => client.destroy());
    asked.push(authority);
    passed.push(Buffer.from(JSON.stringify(headers)));
    const isAllowed = wanted === undefined || headers['proxy-authorization'] === wanted;
    const how = refusal ?? (isAllowed ? undefined : 407);
    if (how === 'hang') return;
    if (how !== undefined) {
      client.end(`HTTP/1.1 ${how} No\r\nContent-Length: 2\r\n\r\nno`);
      return;
    }
    tunnels += 1;
    const device = connect(route(authority));
    keep(sockets, device);
    device.on('error', () => client.destroy());
    device.on('close', () => client.destroy());
    client.on('close', () => device.destroy());
    device.once('connect', () => client.write('HTTP/1.1 200 Connection established\r\n\r\n'));
    client.on('data', (chunk: Buffer) => passed.push(chunk));
    client.pipe(device).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    asked,
    seen: () => Buffer.concat(passed).toString('latin1'),
    refuse: (how) => {
      refusal = how;
    },
    cut,
    tunnels: () => tunnels,
    async [Symbol.asyncDispose]() {
      server.close();
      cut();
      if (server.listening) await once(server, 'close');
    },
  };
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
}

function routeOf(authority: string): { host: string; port: number } {
  const { hostname, port } = new URL(`http://${authority}`);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 80) };
}
