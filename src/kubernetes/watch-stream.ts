// One watch request, from its headers to its end, as batches of events; silence ends it.

import type { WatchEvent } from './decode.ts';
import type { Clock } from './clock.ts';
import type { Query } from './http.ts';
import { KubeUnreachableError } from './kube-errors.ts';
import { acceptOf, createEventReader, type ResourceReader } from './resource-reader.ts';

export type WatchOptions = {
  readonly query: Query;
  /** So long without a byte (the server sends a bookmark a minute), and the connection counts as dead. */
  readonly inactivityMs: number;
  readonly clock: Clock;
  /** The server has accepted the watch. */
  readonly onOpen: () => void;
  /** Bytes have come. */
  readonly onActivity: () => void;
  readonly signal: AbortSignal;
};

/**
 * Yields the events of each network chunk together. Returns when the server ends the watch between two events.
 * @throws KubeApiError (refused), KubeUnreachableError (broken off, cut in an event, or silent), DecodeError
 */
export async function* watchStream<R>(
  reader: ResourceReader<R>,
  options: WatchOptions,
): AsyncGenerator<readonly WatchEvent<R>[]> {
  const { http, resource, decoder } = reader;
  const guard = guardSilence(options, resource.name);
  try {
    const stream = await http.stream({
      path: resource.path,
      query: { ...resource.query, watch: true, allowWatchBookmarks: true, ...options.query },
      accept: acceptOf(reader, 'watch'),
      signal: guard.signal,
    });
    guard.alive();
    const events = createEventReader(decoder, String(stream.headers['content-type'] ?? ''));
    options.onOpen();
    for await (const chunk of stream.body) {
      guard.alive();
      options.onActivity();
      const batch = events.push(chunk);
      if (batch.length > 0) yield batch;
    }
    if (events.partial())
      throw new KubeUnreachableError('CUT', `${resource.name}: the watch ended within an event`);
  } finally {
    // Also closes the connection when the consumer stops early or an event does not decode.
    guard.end();
  }
}

type Guard = {
  readonly signal: AbortSignal;
  readonly alive: () => void;
  readonly end: () => void;
};

/** Aborts when nothing was alive for inactivityMs. Being alive costs no timer, only the reading of the clock. */
function guardSilence({ clock, inactivityMs, signal }: WatchOptions, name: string): Guard {
  const controller = new AbortController();
  const giveUp = () => controller.abort(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  let aliveAt = clock.now();

  const watchdog = async () => {
    while (!controller.signal.aborted) {
      const remainingMs = aliveAt + inactivityMs - clock.now();
      if (remainingMs <= 0) {
        const message = `${name}: the watch was silent for ${inactivityMs / 1000} s`;
        controller.abort(new KubeUnreachableError('INACTIVE', message));
      } else {
        await clock.sleep(remainingMs, controller.signal);
      }
    }
  };
  void watchdog();

  return {
    signal: controller.signal,
    alive: () => {
      aliveAt = clock.now();
    },
    end: () => {
      signal.removeEventListener('abort', giveUp);
      controller.abort();
    },
  };
}
