// One watch request, from its headers to its end, handing on events by the batch; silence ends it.

import type { WatchEvent } from './decode.ts';
import type { Clock } from './clock.ts';
import type { Query } from './http.ts';
import { KubeUnreachableError } from './kube-errors.ts';
import { acceptOf, createEventReader, type ResourceReader } from './resource-reader.ts';

export type WatchOptions<R> = {
  readonly query: Query;
  /** So long without a byte (the server sends a bookmark a minute), and the connection counts as dead. */
  readonly inactivityMs: number;
  readonly clock: Clock;
  /** The server has accepted the watch. */
  readonly onOpen: () => void;
  /** Bytes have come. */
  readonly onActivity: () => void;
  /** The events of one network chunk; while it returns a promise, nothing more is read. */
  readonly onEvents: (events: readonly WatchEvent<R>[]) => void | Promise<void>;
  readonly signal: AbortSignal;
};

/**
 * Resolves when the server ends the watch between two events.
 * @throws KubeApiError (refused), KubeUnreachableError (broken off, cut in an event, or silent), DecodeError, and
 * whatever onEvents throws
 */
export async function followWatch<R>(reader: ResourceReader<R>, options: WatchOptions<R>): Promise<void> {
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
    await stream.forEach((chunk) => {
      guard.alive();
      options.onActivity();
      const batch = events.push(chunk);
      return batch.length > 0 ? options.onEvents(batch) : undefined;
    });
    if (events.partial())
      throw new KubeUnreachableError('CUT', `${resource.name}: the watch ended within an event`);
  } finally {
    guard.end();
  }
}

type Guard = {
  readonly signal: AbortSignal;
  readonly alive: () => void;
  readonly end: () => void;
};

/** Aborts when nothing was alive for inactivityMs. Being alive costs no timer, only the reading of the clock. */
function guardSilence(
  { clock, inactivityMs, signal }: Pick<WatchOptions<never>, 'clock' | 'inactivityMs' | 'signal'>,
  name: string,
): Guard {
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
