// Carries one call over HTTPS: a few kept connections, one request each at a time, with a time limit for the whole.
import type { SecureContext } from 'node:tls';
import { Client, type Dispatcher } from 'undici';
import type { Intent } from './errors.ts';
import { isReset, timeLimitCode, transportError } from './transport-errors.ts';
import { trustedBy } from './trust.ts';
import { createTurns } from './turns.ts';

export type TlsOptions = {
  /** PEM of the CAs to trust instead of the system's and Node's own. */
  readonly ca?: string | undefined;
  /** The name that the certificate must have, and that is asked for (SNI), instead of the endpoint's host. */
  readonly serverName?: string | undefined;
  readonly insecureSkipVerify: boolean;
};

export type TransportOptions = {
  /** `https://host[:port]`. */
  readonly endpoint: string;
  readonly tls: TlsOptions;
  readonly userAgent: string;
  /** How many calls may be in flight at once; also the number of connections. Further calls wait their turn. */
  readonly maxConcurrentCalls: number;
  readonly timeouts: {
    readonly connectMs: number;
    /** For a whole call from its turn to the last byte, a second attempt included. */
    readonly callMs: number;
  };
};

export type Call = {
  readonly intent: Intent;
  readonly form: URLSearchParams;
  readonly key?: string;
  /** Told when the call's turn has come, before anything is sent. */
  readonly onTurn?: () => void;
};

export type HttpReply = { readonly status: number; readonly body: Buffer };

export type Transport = {
  /**
   * POSTs a form to /api/. Gives the reply whatever its HTTP status. Throws PanosError, or the signal's reason.
   * A call that meets a connection which the peer closed while it was idle is sent once more on a new one.
   */
  post(call: Call, signal: AbortSignal): Promise<HttpReply>;
  /** Lets calls in flight end, then closes the connections. No call may follow. */
  close(): Promise<void>;
};

/** A connection, opened when needed. `opened` counts how often that was. */
type Lane = { readonly client: Client; opened: number };

/** Below the 90 s after which a device is said to close idle connections. */
const keepAliveMs = 60_000;
const maxReplyBytes = 64 * 1024 * 1024;

/** Throws PanosError when the CA of `tls` cannot be read. */
export function createTransport(options: TransportOptions): Transport {
  const secureContext = trustedBy(options.tls.ca);
  const lanes = Array.from({ length: options.maxConcurrentCalls }, () => openLane(options, secureContext));
  const turns = createTurns(lanes);
  let closed = false;

  return {
    async post(call, signal) {
      const lane = await turns.take(signal);
      try {
        if (closed) throw new Error('The connections to the device are closed');
        call.onTurn?.();
        return await send(
          { lane, call, userAgent: options.userAgent, callMs: options.timeouts.callMs },
          signal,
        );
      } finally {
        turns.give(lane);
      }
    },
    async close() {
      closed = true;
      await Promise.all(lanes.map((lane) => lane.client.close()));
    },
  };
}

type Sending = {
  readonly lane: Lane;
  readonly call: Call;
  readonly userAgent: string;
  readonly callMs: number;
};

async function send({ lane, call, userAgent, callMs }: Sending, signal: AbortSignal): Promise<HttpReply> {
  const request: Dispatcher.DispatchOptions = {
    path: '/api/',
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'user-agent': userAgent,
      ...(call.key === undefined ? {} : { 'x-pan-key': call.key }),
    },
    body: call.form.toString(),
  };
  const deadline = performance.now() + callMs;
  const progress: Progress = { sent: false, reused: false, answered: false };
  const attempt = () => exchange({ lane, request, progress, limitMs: deadline - performance.now() }, signal);
  try {
    return await attempt().catch((error: unknown) => {
      const stale = progress.reused && !progress.answered && isReset(error) && !signal.aborted;
      if (stale) return attempt();
      throw error;
    });
  } catch (error) {
    if (signal.aborted && error === signal.reason) throw error;
    throw transportError(error, { intent: call.intent, sent: progress.sent });
  }
}

/** How far a call has come, over all its attempts; `reused` is about the last one. */
type Progress = {
  /** Some of the request may have left. */
  sent: boolean;
  /** The connection was there before the request. */
  reused: boolean;
  /** Some of a reply has come. */
  answered: boolean;
};

type Attempt = {
  readonly lane: Lane;
  readonly request: Dispatcher.DispatchOptions;
  readonly progress: Progress;
  readonly limitMs: number;
};

/** One HTTP exchange. Rejects with undici's or the socket's error, the time limit's, or the signal's reason. */
function exchange({ lane, request, progress, limitMs }: Attempt, signal: AbortSignal): Promise<HttpReply> {
  const reply = Promise.withResolvers<HttpReply>();
  const openedBefore = lane.opened;
  const chunks: Buffer[] = [];
  let status = 0;
  let controller: Dispatcher.DispatchController | undefined;
  let stopped: Error | undefined;

  const stop = (reason: Error): void => {
    stopped = reason;
    reply.reject(reason);
    controller?.abort(reason);
  };
  const leave = (): void => stop(signal.reason);
  const timer = setTimeout(() => stop(timeLimitError(limitMs)), Math.max(0, limitMs));
  signal.addEventListener('abort', leave, { once: true });

  lane.client.dispatch(request, {
    onRequestStart(started) {
      if (stopped !== undefined) {
        // Stopped while it waited for its connection: not a byte of it may leave now.
        started.abort(stopped);
        return;
      }
      controller = started;
      progress.sent = true;
      progress.reused = lane.opened === openedBefore;
    },
    onResponseStart(_, code) {
      progress.answered = true;
      status = code;
    },
    onResponseData(_, chunk) {
      chunks.push(chunk);
    },
    onResponseEnd() {
      reply.resolve({ status, body: Buffer.concat(chunks) });
    },
    onResponseError(_, error) {
      reply.reject(error);
    },
  });

  return reply.promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
  });
}

function timeLimitError(limitMs: number): Error {
  return Object.assign(new Error(`no reply within ${Math.round(limitMs)} ms`), { code: timeLimitCode });
}

function openLane({ endpoint, tls, timeouts }: TransportOptions, secureContext: SecureContext): Lane {
  const client = new Client(endpoint, {
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxResponseSize: maxReplyBytes,
    // The call's own limit covers these.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      secureContext,
      rejectUnauthorized: !tls.insecureSkipVerify,
      timeout: timeouts.connectMs,
      ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    },
  });
  const lane = { client, opened: 0 };
  client.on('connect', () => {
    lane.opened += 1;
  });
  return lane;
}
