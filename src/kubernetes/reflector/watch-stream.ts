// One watch request from its headers to its end; delivers events in batches, and ends after silence.

import { onAbort } from '../../signals/abort.ts';
import type { WatchEvent } from '../codec/decode.ts';
import type { Clock } from './clock.ts';
import type { Query } from '../client/http.ts';
import { KubeUnreachableError } from '../errors/kube-errors.ts';
import { acceptOf, createEventReader, type ResourceReader } from './resource-reader.ts';

type WatchOptions<R> = {
  readonly query: Query;
  /** So long without a byte, and the watch is given up. */
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

/** Why a watch that was accepted is over: the server's orderly end, or silence. */
export type WatchEnd = 'Ended' | 'Inactive';

/**
 * Resolves when the server has ended the watch between two events, or when it has fallen silent. A server sends a
 * bookmark about once a minute, but none for a resource of which it has seen no event since its own start; so
 * silence may mean a dead connection, or only that nothing ever happens.
 * @throws KubeApiError (refused), KubeUnreachableError (not accepted in time, broken off, or cut in an event),
 * DecodeError, and whatever onEvents throws
 */
export async function followWatch<R>(reader: ResourceReader<R>, options: WatchOptions<R>): Promise<WatchEnd> {
  const { http, resource, decoder } = reader;
  const guard = guardSilence(options, resource.name);
  let open = false;
  try {
    const stream = await http.stream({
      path: resource.path,
      query: { ...resource.query, watch: true, allowWatchBookmarks: true, ...options.query },
      accept: acceptOf(reader, 'watch'),
      signal: guard.signal,
    });
    guard.alive();
    open = true;
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
    return 'Ended';
  } catch (error) {
    if (open && guard.isSilence(error)) return 'Inactive';
    throw error;
  } finally {
    guard.end();
  }
}

type Guard = {
  readonly signal: AbortSignal;
  readonly alive: () => void;
  /** Whether this is the error that the signal was aborted with for silence. */
  readonly isSilence: (error: unknown) => boolean;
  readonly end: () => void;
};

/** Aborts when nothing was alive for inactivityMs. Being alive costs no timer, only the reading of the clock. */
function guardSilence(
  { clock, inactivityMs, signal }: Pick<WatchOptions<never>, 'clock' | 'inactivityMs' | 'signal'>,
  name: string,
): Guard {
  const controller = new AbortController();
  const unlisten = onAbort(signal, () => controller.abort(signal.reason));
  const silence = new KubeUnreachableError('INACTIVE', `${name}: no byte for ${inactivityMs / 1000} s`);
  let aliveAt = clock.now();

  const watchdog = async () => {
    while (!controller.signal.aborted) {
      const remainingMs = aliveAt + inactivityMs - clock.now();
      if (remainingMs <= 0) controller.abort(silence);
      else await clock.sleep(remainingMs, controller.signal);
    }
  };
  void watchdog();

  return {
    signal: controller.signal,
    alive: () => {
      aliveAt = clock.now();
    },
    isSilence: (error) => error === silence,
    end: () => {
      unlisten();
      controller.abort();
    },
  };
}
