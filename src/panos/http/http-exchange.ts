// One HTTP exchange on one connection: it ends with a whole reply, an error, the time limit or the caller's abort.
import type { Client, Dispatcher } from 'undici';
import { onAbort } from '../../signals/abort.ts';
import { sizeLimitCode, timeLimitCode } from '../errors/error-codes.ts';

/** A connection, opened when needed. `opened` counts how often that was. */
export type Lane = { readonly client: Client; opened: number };

export type HttpReply = {
  readonly status: number;
  /** The reason phrase. It may hold a secret (Splunk-Apps #151), and is shown nowhere. */
  readonly statusText: string;
  readonly body: Buffer;
  /** The Set-Cookie headers. */
  readonly setCookies: readonly string[];
};

/** How far a call has come, over all its attempts; `reused` is about the last one. */
export type Progress = {
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
  /** Of the reply's body. */
  readonly mostBytes: number;
};

/** One HTTP exchange. Rejects with undici's or the socket's error, the time limit's, or the signal's reason. */
export function exchange(
  { lane, request, progress, limitMs, mostBytes }: Attempt,
  signal: AbortSignal,
): Promise<HttpReply> {
  signal.throwIfAborted();
  const reply = Promise.withResolvers<HttpReply>();
  const openedBefore = lane.opened;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let status = 0;
  let statusText = '';
  let setCookies: readonly string[] = [];
  let controller: Dispatcher.DispatchController | undefined;
  let stopped: Error | undefined;

  const stop = (reason: Error): void => {
    stopped = reason;
    reply.reject(reason);
    controller?.abort(reason);
  };
  const unlisten = onAbort(signal, () => stop(signal.reason));
  const timer = setTimeout(() => stop(tooLate(limitMs)), Math.max(0, limitMs));

  lane.client.dispatch(request, {
    onRequestStart(started) {
      if (stopped !== undefined) {
        // Stopped while it waited for its connection: not a byte of it may leave now. To throw leaves the connection
        // to the next call, to abort would close it.
        throw stopped;
      }
      controller = started;
      progress.sent = true;
      progress.reused = lane.opened === openedBefore;
    },
    onResponseStart(_, code, headers, phrase = '') {
      progress.answered = true;
      status = code;
      statusText = phrase;
      setCookies = [headers['set-cookie'] ?? []].flat();
    },
    onResponseData(_, chunk) {
      if (stopped !== undefined) return;
      bytes += chunk.length;
      if (bytes > mostBytes) {
        chunks.length = 0;
        return stop(tooLarge(mostBytes));
      }
      chunks.push(chunk);
    },
    onResponseEnd() {
      reply.resolve({ status, statusText, body: Buffer.concat(chunks), setCookies });
    },
    onResponseError(_, error) {
      reply.reject(error);
    },
  });

  return reply.promise.finally(() => {
    clearTimeout(timer);
    unlisten();
  });
}

function tooLate(limitMs: number): Error {
  return Object.assign(new Error(`no reply within ${Math.round(limitMs)} ms`), { code: timeLimitCode });
}

function tooLarge(mostBytes: number): Error {
  return Object.assign(new Error(`a reply of more than ${mostBytes} bytes`), { code: sizeLimitCode });
}
