// Carries one call over HTTPS: a few kept connections, one request each at a time, with a time limit for the whole.
import type { Readable } from 'node:stream';
import { Client } from 'undici';
import type { Connector } from '../../net/connector.ts';
import type { Intent } from '../errors/errors.ts';
import { type ConnectorOptions, connectorTo } from './device-connector.ts';
import { exchange, type HttpReply, type Lane, type Progress } from './http-exchange.ts';
import { isReset, transportError } from './transport-errors.ts';
import { createTurns } from './turns.ts';

export type TransportOptions = ConnectorOptions & {
  readonly userAgent: string;
  /**
   * How many calls may be in flight at once; also the number of connections. Further calls wait their turn. Of several,
   * one firewall behind a Panorama has all but one at most, and so have all that are slow together.
   */
  readonly maxConcurrentCalls: number;
  /** Asked just before a request's first write to a socket; false ends the call with CallNotAllowed. Default: always. */
  readonly mayCall?: (() => boolean) | undefined;
  /**
   * Asked before each further write of it; false cuts it, and ends the call likewise. True for longer than mayCall, so that
   * a message in flight may end. Default: as mayCall.
   */
  readonly mayGoOn?: (() => boolean) | undefined;
  readonly timeouts: {
    /** For the name of the endpoint, and again for TCP and TLS; see ConnectLimits. */
    readonly connectMs: number;
    /** For a whole call from its turn to the last byte, a second attempt included. */
    readonly callMs: number;
  };
};

export type Call = {
  readonly intent: Intent;
  readonly form: URLSearchParams;
  /** A reply with a larger body is cut off, and is none. */
  readonly mostReplyBytes: number;
  /** What lets the call in. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Told when the call's turn has come, before anything is sent. */
  readonly onTurn?: () => void;
};

type Transport = {
  /**
   * POSTs a form to /api/. Gives the reply whatever its HTTP status. Throws DeviceError, or the signal's reason.
   * A call that meets a connection which the peer closed while it was idle is sent once more on a new one.
   */
  post(call: Call, signal: AbortSignal): Promise<HttpReply>;
  /** Lets calls in flight end, then closes the connections. No call may follow. */
  close(): Promise<void>;
};

/** Below the 90 s after which a device is said to close idle connections. */
const keepAliveMs = 60_000;

/** The caller may not send any more; what of the call had left before is not enough to take effect. */
class CallNotAllowed extends Error {
  override readonly name = 'CallNotAllowed';
}

/** Larger than a socket's buffer, so that each piece has gone to the kernel before the next is taken. */
const pieceBytes = 64 * 1024;

type Permission = { readonly mayCall: () => boolean; readonly mayGoOn: () => boolean };

/**
 * A process may be paused between any two lines. Whether it may still send is asked before the head, which travels
 * with the first piece, and before every other piece: a message without its last one is never carried out.
 */
function* piecesOf(body: Buffer, { mayCall, mayGoOn }: Permission): Generator<Buffer> {
  for (let start = 0; start < body.length; start += pieceBytes) {
    const allowed = start === 0 ? mayCall() : mayGoOn();
    if (!allowed) throw new CallNotAllowed('this process may not write to the device any more');
    yield body.subarray(start, start + pieceBytes);
  }
}

/** undici's documentation allows an iterable as a body, which its types do not. */
function allowedPieces(body: Buffer, permission: Permission): Readable {
  return piecesOf(body, permission) as unknown as Readable;
}

/** Throws DeviceError when the CA of `tls` cannot be read. */
export function createTransport(options: TransportOptions): Transport {
  const connector = connectorTo(options, options.timeouts.connectMs);
  const lanes = Array.from({ length: options.maxConcurrentCalls }, () =>
    openLane(options.endpoint, connector),
  );
  const { mayCall = () => true, mayGoOn = mayCall } = options;
  const permission = { mayCall, mayGoOn };
  const turns = createTurns(lanes);
  const running = new Set<Promise<HttpReply>>();
  let closed = false;

  const post = async (call: Call, signal: AbortSignal): Promise<HttpReply> => {
    const lane = await turns.take(signal, call.form.get('target') ?? undefined);
    try {
      if (closed) throw new Error('The connections to the device are closed');
      call.onTurn?.();
      return await send(
        {
          lane,
          call,
          userAgent: options.userAgent,
          permission,
          callMs: options.timeouts.callMs,
        },
        signal,
      );
    } finally {
      turns.give(lane);
    }
  };

  return {
    post(call, signal) {
      const reply = post(call, signal);
      running.add(reply);
      return reply.finally(() => running.delete(reply));
    },
    async close() {
      closed = true;
      await Promise.allSettled(running);
      // What is still being made was for calls that were given up.
      connector.close();
      await Promise.all(lanes.map((lane) => lane.client.destroy()));
    },
  };
}

type Sending = {
  readonly lane: Lane;
  readonly call: Call;
  readonly userAgent: string;
  readonly permission: Permission;
  readonly callMs: number;
};

async function send(
  { lane, call, userAgent, permission, callMs }: Sending,
  signal: AbortSignal,
): Promise<HttpReply> {
  const body = Buffer.from(call.form.toString());
  const request = {
    path: '/api/',
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
      'user-agent': userAgent,
      ...call.headers,
    },
  } as const;
  const deadline = performance.now() + callMs;
  const progress: Progress = { sent: false, reused: false, answered: false };
  const attempt = () =>
    exchange(
      {
        lane,
        request: { ...request, body: allowedPieces(body, permission) },
        progress,
        limitMs: deadline - performance.now(),
        mostBytes: call.mostReplyBytes,
      },
      signal,
    );
  try {
    return await attempt().catch((error: unknown) => {
      const stale = progress.reused && !progress.answered && isReset(error) && !signal.aborted;
      if (stale) return attempt();
      throw error;
    });
  } catch (error) {
    if (error instanceof CallNotAllowed || (signal.aborted && error === signal.reason)) throw error;
    throw transportError(error, { intent: call.intent, sent: progress.sent });
  }
}

function openLane(endpoint: string, { connect }: Connector): Lane {
  const client = new Client(endpoint, {
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    // The call's own limit covers these.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect,
  });
  const lane = { client, opened: 0 };
  client.on('connect', () => {
    lane.opened += 1;
  });
  return lane;
}
