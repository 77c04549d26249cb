// An API server whose every answer the test writes itself: it takes requests one by one, in the order they come.

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createKubeHttp, type KubeHttp } from '../../../src/kubernetes/client/http.ts';
import { connectToCluster, type KubeConnection } from '../../../src/kubernetes/client/kube-connection.ts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from '../../harness/wait-for.ts';

export type Exchange = {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Tells connections apart. */
  readonly remotePort: number | undefined;
  /** Answers with a JSON body and ends. */
  readonly reply: (status: number, body: unknown, headers?: Record<string, string>) => void;
  /** Answers with bytes as they are. */
  readonly replyRaw: (status: number, contentType: string, body: Buffer | string) => void;
  /** Answers a list. */
  readonly list: (
    items: readonly unknown[],
    resourceVersion: string | number,
    continueToken?: string,
  ) => void;
  /** Opens a watch stream. */
  readonly watch: (contentType?: string) => WatchScript;
  /** Cuts the connection without an answer. */
  readonly reset: () => void;
};

export type WatchScript = {
  /** A JSON event. */
  readonly event: (type: string, object: unknown) => void;
  readonly bookmark: (resourceVersion: string | number, initialEventsEnd?: boolean) => void;
  readonly raw: (bytes: Buffer | string) => void;
  /** The server's orderly end. */
  readonly end: () => void;
  readonly reset: () => void;
  /** Resolves when the other side has closed the connection. */
  readonly closed: Promise<void>;
};

export type ScriptedApi = {
  readonly url: string;
  readonly http: KubeHttp;
  /** The next request; waits for it. */
  readonly next: () => Promise<Exchange>;
  /** Resolves to true when no request comes for so long. */
  readonly quietFor: (ms: number) => Promise<boolean>;
  readonly close: () => Promise<void>;
};

export async function startScriptedApi(): Promise<ScriptedApi> {
  const arrived: Exchange[] = [];
  const waiting: ((exchange: Exchange) => void)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://api');
      const exchange: Exchange = {
        method: request.method ?? '',
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        remotePort: request.socket.remotePort,
        ...answers(response),
      };
      const taker = waiting.shift();
      if (taker) taker(exchange);
      else arrived.push(exchange);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = connectTo(url);

  return {
    url,
    http: createKubeHttp({ connection, userAgent: 'pan-tag-operator/test' }),
    next: async () => {
      const ready = arrived.shift();
      if (ready) return ready;
      const { promise, resolve } = Promise.withResolvers<Exchange>();
      waiting.push(resolve);
      const exchange = await within(promise, 10_000);
      if (exchange === undefined) throw new Error('waited 10 s in vain for a request');
      return exchange;
    },
    quietFor: async (ms) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return arrived.length === 0;
    },
    close: async () => {
      await connection.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A connection through a real kubeconfig file. */
export function connectTo(server: string, user: object = {}, cluster: object = {}): KubeConnection {
  const directory = mkdtempSync(join(tmpdir(), 'pan-tag-kubeconfig-'));
  const path = join(directory, 'config');
  try {
    writeFileSync(path, JSON.stringify(kubeconfig(server, user, cluster)));
    return connectToCluster(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function kubeconfig(server: string, user: object = {}, cluster: object = {}): object {
  // client-node takes plain HTTP only from those who say that they do not mind.
  const plain = server.startsWith('http:') ? { 'insecure-skip-tls-verify': true } : {};
  return {
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server, ...plain, ...cluster } }],
    users: [{ name: 'test', user }],
  };
}

function answers(
  response: ServerResponse,
): Pick<Exchange, 'reply' | 'replyRaw' | 'list' | 'watch' | 'reset'> {
  const replyRaw: Exchange['replyRaw'] = (status, contentType, body) => {
    response.writeHead(status, { 'content-type': contentType });
    response.end(body);
  };
  return {
    replyRaw,
    reply: (status, body, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    },
    list: (items, resourceVersion, continueToken = '') => {
      const metadata = { resourceVersion: String(resourceVersion), continue: continueToken };
      replyRaw(200, 'application/json', JSON.stringify({ kind: 'List', metadata, items }));
    },
    watch: (contentType = 'application/json;stream=watch') => {
      response.writeHead(200, { 'content-type': contentType });
      response.flushHeaders();
      return watchScript(response);
    },
    reset: () => response.socket?.destroy(),
  };
}

function watchScript(response: ServerResponse): WatchScript {
  const event = (type: string, object: unknown) => {
    response.write(`${JSON.stringify({ type, object })}\n`);
  };
  return {
    event,
    bookmark: (resourceVersion, initialEventsEnd = false) => {
      const annotations = initialEventsEnd ? { 'k8s.io/initial-events-end': 'true' } : {};
      event('BOOKMARK', { kind: 'Pod', metadata: { resourceVersion: String(resourceVersion), annotations } });
    },
    raw: (bytes) => {
      response.write(bytes);
    },
    end: () => response.end(),
    reset: () => response.socket?.destroy(),
    closed: new Promise((resolve) => response.on('close', resolve)),
  };
}

/** metav1.Status as the API server writes it. */
export function failure(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}
