// Requests to the API server: plain calls with a time limit, open streams, and answers turned into typed errors.

import { type Dispatcher, request as undiciRequest } from 'undici';
import { statusOf } from '../codec/api-status.ts';
import { within } from '../../net/within.ts';
import { abortable } from '../../signals/abort.ts';
import { readAll, readChunks, readStart, type VisitChunk } from './http-body.ts';
import type { KubeConnection } from './kube-connection.ts';
import { DecodeError, KubeApiError, KubeUnreachableError, unreachable } from '../errors/kube-errors.ts';

export type { VisitChunk } from './http-body.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export type KubeRequest = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root of the API, `/api/v1/pods`; without a query. */
  readonly path: string;
  readonly query?: Query;
  /** Default `application/json`. */
  readonly accept?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body; default `application/json`. */
  readonly contentType?: string;
  /** Default 30 s, from the first byte sent to the last byte read. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
};

/** A stream has no time limit of its own: its reader minds its silence and aborts by the signal. */
export type KubeStreamRequest = Omit<KubeRequest, 'timeoutMs'>;

type KubeResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
};

type KubeStream = {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /**
   * Shows every chunk as it comes; while `visit` returns a promise, nothing more is read. Resolves when the server
   * ends the body, rejects with KubeUnreachableError when it breaks off, or with what `visit` throws. Call once.
   */
  readonly forEach: (visit: VisitChunk) => Promise<void>;
  /** Closes the connection. */
  readonly destroy: () => void;
};

export type JsonPatch = readonly { readonly op: string; readonly path: string; readonly value?: unknown }[];

/**
 * Every method rejects with KubeApiError (the server refused), KubeUnreachableError (no answer, or it broke off),
 * DecodeError (a 2xx whose body is not what was asked for), or the signal's reason when the caller gave up.
 */
export type KubeHttp = {
  readonly request: (request: KubeRequest) => Promise<KubeResponse>;
  /** The body of a 2xx answer; its shape is the caller's to check. */
  readonly json: <T = unknown>(request: KubeRequest) => Promise<T>;
  /** Resolves with the headers of a 2xx answer. */
  readonly stream: (request: KubeStreamRequest) => Promise<KubeStream>;
};

type KubeHttpOptions = {
  readonly connection: KubeConnection;
  /** `pan-tag-operator/<version>` */
  readonly userAgent: string;
};

const defaultTimeoutMs = 30_000;

export function createKubeHttp({ connection, userAgent }: KubeHttpOptions): KubeHttp {
  // undici hears the signal only once a connection stands, and a credential plugin never does.
  const send = (request: KubeRequest, signal: AbortSignal) => abortable(sendNow(request, signal), signal);

  const sendNow = async (request: KubeRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> => {
    const { dispatcher, headers } = await connection.route();
    const hasBody = request.body !== undefined;
    // No Accept-Encoding: on a cluster's own network, unpacking costs more than the bytes.
    const response = await undiciRequest(targetOf(connection.server, request), {
      dispatcher,
      method: request.method ?? 'GET',
      headers: {
        ...headers,
        accept: request.accept ?? 'application/json',
        'user-agent': userAgent,
        ...(hasBody ? { 'content-type': request.contentType ?? 'application/json' } : {}),
      },
      ...(hasBody ? { body: JSON.stringify(request.body) } : {}),
      // Time limits are the signal's business: undici's own are coarse and know nothing of the whole call.
      headersTimeout: 0,
      bodyTimeout: 0,
      signal,
    });
    if (response.statusCode < 300) return response;
    if (response.statusCode === 401) connection.forgetCredentials();
    throw await refusal(response, nameOf(request));
  };

  const request = (request: KubeRequest): Promise<KubeResponse> => {
    const { timeoutMs: ms = defaultTimeoutMs } = request;
    return within({ ms, late: () => timeLimitError(request, ms) }, request.signal, async (signal) => {
      try {
        const response = await send(request, signal);
        const body = await readAll(response.body);
        return { status: response.statusCode, headers: response.headers, body };
      } catch (error) {
        throw typed(error, request, signal);
      }
    });
  };

  const json = async <T>(options: KubeRequest): Promise<T> => {
    const { body } = await request(options);
    try {
      return JSON.parse(body.toString('utf8')) as T;
    } catch {
      // The parser's message quotes the text, and the text may be a Secret.
      throw new DecodeError(`${nameOf(options)}: the answer is not JSON`);
    }
  };

  const stream = async (request: KubeStreamRequest): Promise<KubeStream> => {
    const response = await send(request, request.signal).catch((error: unknown) => {
      throw typed(error, request, request.signal);
    });
    // Without a listener, a connection that breaks between two reads would end the process.
    response.body.on('error', () => undefined);
    return {
      statusCode: response.statusCode,
      headers: response.headers,
      forEach: (visit) => readChunks(response.body, visit, (error) => typed(error, request, request.signal)),
      destroy: () => {
        response.body.destroy();
      },
    };
  };

  return { request, json, stream };
}

function targetOf(server: URL, { path, query }: KubeRequest): URL {
  const url = new URL(server.pathname.replace(/\/$/, '') + path, server);
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined) url.searchParams.set(key, String(value));
  }
  return url;
}

/** How messages call a request; queries are left out, they may be long. */
function nameOf({ method, path }: KubeRequest): string {
  return `${method ?? 'GET'} ${path}`;
}

function timeLimitError(request: KubeRequest, timeoutMs: number): Error {
  return new KubeUnreachableError('TIMEOUT', `${nameOf(request)}: no answer within ${timeoutMs / 1000} s`);
}

/** Whoever aborted says why; everything else that is not ours yet is the transport's. */
function typed(error: unknown, request: KubeRequest, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof KubeApiError || error instanceof DecodeError) return error;
  return unreachable(error, nameOf(request));
}

async function refusal(response: Dispatcher.ResponseData, request: string): Promise<KubeApiError> {
  const { statusCode, headers } = response;
  const retryAfter = headers['retry-after'];
  const status = statusOf({
    httpStatus: statusCode,
    contentType: String(headers['content-type'] ?? ''),
    retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
    body: await readStart(response.body),
  });
  return new KubeApiError({ ...status, message: `${request}: ${status.message}` });
}
