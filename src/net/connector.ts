// Makes connections for undici: resolves the name, connects TCP and TLS, each step with a limit of its own;
// and all that are being made can be given up at once, which undici itself cannot (its destroy() waits for them).
import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { type buildConnector, errors } from 'undici';
import { firstConnection } from './first-connection.ts';
import { addressesOf } from './names.ts';
import { endedEarly, secure } from './secure.ts';
import { openTunnel, type Proxy } from './tunnel.ts';
import type { ConnectLimits } from './connect-limits.ts';
import { within } from './within.ts';

export type ConnectorOptions = {
  /** For https: whom to trust, who we are. `servername` replaces the URL's host in SNI and in the check. */
  readonly tls: ConnectionOptions;
  /** Asked before each handshake with the host. Default: all are made alike. */
  readonly handshake?: () => Handshake;
  readonly limits: ConnectLimits;
  /** How long a connection is silent before TCP asks whether the peer is there, ms. Default: 60 s. */
  readonly keepAliveMs?: number;
  /** Opens the way to the host, whose name it looks up itself. Default: none. */
  readonly proxy?: Proxy | undefined;
};

type Handshake = {
  /** Beside those of all. */
  readonly tls: ConnectionOptions;
  /** Told once when TLS stands. */
  readonly made?: (socket: TLSSocket) => void;
  /** Told once when it has ended: with undefined when TLS stands, else with what `connect` fails with. */
  readonly ended: (error: unknown) => void;
};

export type Connector = {
  /** Fails with NameError, ProxyError, undici's ConnectTimeoutError, or the error of the socket or of TLS. */
  readonly connect: buildConnector.connector;
  /** Ends all connections, also those that are being made, and those that somebody else goes on making (SOCKS). */
  readonly close: () => void;
};

const defaultKeepAliveMs = 60_000;

export function createConnector(options: ConnectorOptions): Connector {
  const making = new Set<AbortController>();
  const made = new Set<Socket>();
  const connection = connectionMaker(options);
  /** Its own errors are the caller's, as those of an event. */
  const make = async (to: Destination, callback: buildConnector.Callback): Promise<void> => {
    const attempt = new AbortController();
    making.add(attempt);
    let socket: Socket;
    try {
      socket = await connection(to, attempt.signal);
      // What ended in the same turn would go unheard.
      if (!socket.readable) throw endedEarly();
    } catch (error) {
      return callback(error instanceof Error ? error : new Error(String(error)), null);
    } finally {
      making.delete(attempt);
    }
    made.add(socket);
    socket.once('close', () => made.delete(socket));
    return callback(null, socket);
  };
  return {
    connect: (to, callback) => void make(to, callback),
    close: () => {
      const reason = new Error('the connections are closed');
      for (const attempt of making) attempt.abort(reason);
      for (const socket of made) socket.destroy();
    },
  };
}

type Destination = Parameters<buildConnector.connector>[0];

const usualHandshake: Handshake = { tls: {}, ended: () => {} };

function connectionMaker(options: ConnectorOptions) {
  const { tls, handshake = () => usualHandshake, limits, keepAliveMs = defaultKeepAliveMs, proxy } = options;
  /** Of the last connection, so that the next one costs the host less. */
  let session: Buffer | undefined;

  const inTime = (to: Destination, signal: AbortSignal, step: (signal: AbortSignal) => Promise<Socket>) => {
    const what = `no connection to ${to.hostname} within ${limits.connectMs / 1000} s`;
    return within({ ms: limits.connectMs, late: () => new errors.ConnectTimeoutError(what) }, signal, step);
  };

  const secured = async (to: Destination, socket: Socket, signal: AbortSignal): Promise<Socket> => {
    if (to.protocol !== 'https:') return socket;
    // An address is not sent as SNI; the certificate must have it all the same.
    const name = tls.servername || to.servername || to.hostname;
    const servername = isIP(name) === 0 ? name : '';
    const own = handshake();
    const options = {
      ...tls,
      ...own.tls,
      host: name,
      servername,
      ...(session === undefined ? {} : { session }),
      ALPNProtocols: ['http/1.1'],
    };
    const resumable = (latest: Buffer) => {
      session = latest;
    };
    const made = await secure(socket, options, signal, resumable).catch((error: unknown) => {
      // It may be what the host does not bear.
      session = undefined;
      own.ended(error);
      throw error;
    });
    own.made?.(made);
    own.ended(undefined);
    return made;
  };

  return async (to: Destination, signal: AbortSignal): Promise<Socket> => {
    const port = portOf(to);
    if (proxy !== undefined) {
      const authority = `${to.hostname.includes(':') ? `[${to.hostname}]` : to.hostname}:${port}`;
      const tunnel = await openTunnel({ proxy, authority, limits, keepAliveMs }, signal);
      return inTime(to, signal, (limited) => secured(to, tunnel, limited));
    }
    const addresses = await addressesOf(to.hostname, limits.nameMs, signal);
    return inTime(to, signal, async (limited) =>
      secured(to, await firstConnection({ addresses, port, keepAliveMs }, limited), limited),
    );
  };
}

function portOf({ protocol, port }: Destination): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
