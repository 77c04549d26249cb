// Opens connections to one device: whom it trusts, through which proxy, with which key exchange.
import type { X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { CertificateError } from '../../net/certificate-error.ts';
import { type Connector, createConnector } from '../../net/connector.ts';
import { HandshakeCut } from '../../net/secure.ts';
import type { Proxy } from '../../net/tunnel.ts';
import { createKeyExchange, type HandshakeOutcome, type KeyExchange } from './key-exchange.ts';
import { trustedBy } from './trust.ts';

type TlsOptions = {
  /** PEM of the CAs to trust instead of the system's and Node's own. */
  readonly ca?: string | undefined;
  /** The name that the certificate must have, and that is asked for (SNI), instead of the endpoint's host. */
  readonly serverName?: string | undefined;
  readonly insecureSkipVerify: boolean;
};

export type ConnectorOptions = {
  /** `https://host[:port]`. */
  readonly endpoint: string;
  readonly tls: TlsOptions;
  /** Through which every connection goes. Default: none. */
  readonly proxy?: Proxy | undefined;
  /** What is known of the devices' key exchange. Default: what this transport finds out. */
  readonly keyExchange?: KeyExchange | undefined;
  /** Told which certificate the device has presented, each time that TLS stands. */
  readonly presented?: ((certificate: X509Certificate) => void) | undefined;
};

/** @param connectMs for the name of the endpoint, and again for TCP and TLS. Throws DeviceError when the CA cannot be read. */
export function connectorTo(
  { endpoint, tls, proxy, keyExchange = createKeyExchange(), presented }: ConnectorOptions,
  connectMs: number,
): Connector {
  const contexts = { all: trustedBy(tls.ca), classical: undefined as SecureContext | undefined };
  return createConnector({
    tls: {
      rejectUnauthorized: !tls.insecureSkipVerify,
      ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    },
    handshake: () => {
      const groups = keyExchange.next(endpoint);
      const secureContext = (contexts[groups] ??= trustedBy(tls.ca, groups));
      return {
        tls: { secureContext },
        made: (socket) => {
          const certificate = socket.getPeerX509Certificate();
          if (certificate !== undefined) presented?.(certificate);
        },
        ended: (error) => keyExchange.ended(endpoint, groups, outcomeOf(error)),
      };
    },
    limits: { nameMs: connectMs, connectMs },
    proxy: proxy === undefined ? undefined : { ...proxy, tls: trustOfProxy(proxy) },
  });
}

function outcomeOf(error: unknown): HandshakeOutcome {
  // Who judges a certificate has been shown one.
  if (error === undefined || error instanceof CertificateError) return 'made';
  return error instanceof HandshakeCut ? 'cut' : 'other';
}

/** That of the system: it is no device. Made only where it is needed, as it takes a while. */
function trustOfProxy({ url }: Proxy): { readonly secureContext: SecureContext } | undefined {
  return new URL(url).protocol === 'https:' ? { secureContext: trustedBy(undefined) } : undefined;
}
