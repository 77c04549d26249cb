// An HTTPS proxy before an API server that can keep single calls to itself, as a network does that drops some packets.
import { once } from 'node:events';
import { createServer, request as httpsRequest } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { makeCertificates } from '../../simulator/certificates.ts';
import type { ClusterAccess } from '../control-plane/access.ts';

export type ApiProxy = {
  /** Of the proxy; caData is its own CA. */
  readonly access: Pick<ClusterAccess, 'url' | 'caData'>;
  /** Calls to such paths reach nobody and get no answer, from now on; undefined: none any more. */
  readonly swallow: (paths: RegExp | undefined) => void;
  /** How many calls it has kept so far. */
  readonly swallowed: () => number;
} & AsyncDisposable;

export async function startApiProxy({ url, caData }: ClusterAccess): Promise<ApiProxy> {
  const { ca, cert, key } = makeCertificates();
  let kept: RegExp | undefined;
  let count = 0;
  const forward = (incoming: IncomingMessage, answer: ServerResponse): void => {
    if (kept?.test(incoming.url ?? '')) {
      count += 1;
      return;
    }
    const { method, headers } = incoming;
    const outgoing = httpsRequest(new URL(incoming.url ?? '/', url), { method, headers, ca: caData });
    // Each side's end is the other's: a watch that is given up, and an API server that is gone.
    outgoing.on('error', () => answer.destroy());
    answer.on('close', () => outgoing.destroy());
    outgoing.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      answer.flushHeaders();
      response.on('error', () => answer.destroy());
      response.pipe(answer);
    });
    incoming.pipe(outgoing);
  };
  const server = createServer({ cert, key }, forward).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    access: { url: `https://127.0.0.1:${address.port}`, caData: ca },
    swallow(paths) {
      kept = paths;
    },
    swallowed: () => count,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
