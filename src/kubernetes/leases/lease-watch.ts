// Notifies when the Lease changed, so that its next holder need not wait for a poll. Only a hint: the Lease is read then.

import { monotonicClock } from '../reflector/clock.ts';
import { rawDecoder } from '../codec/decoders.ts';
import type { KubeHttp } from '../client/http.ts';
import { KubeApiError } from '../errors/kube-errors.ts';
import { leaseName, leasesPath, toLease } from './lease.ts';
import type { Logger } from '../reflector/reflector-options.ts';
import { followWatch } from '../reflector/watch-stream.ts';

type LeaseWatch = {
  readonly http: KubeHttp;
  readonly namespace: string;
  /** Told the holder after each change. */
  readonly changed: (holder: string) => void;
  readonly log: Pick<Logger, 'warn'>;
};

/** A leader renews every two seconds: silence means that nobody leads, or that the connection is dead. */
const inactivityMs = 60_000;
const retryMs = 5_000;

/**
 * Watches until the signal. Of failures only a refusal is told, once: polling goes on without the watch, and tells its
 * own, but a hand-over then takes seconds longer than it should.
 */
export async function watchLease(
  { http, namespace, changed, log }: LeaseWatch,
  signal: AbortSignal,
): Promise<void> {
  const query = { fieldSelector: `metadata.name=${leaseName}` };
  const resource = { name: 'leases', path: leasesPath(namespace), query };
  let told = false;
  const failed = (error: unknown) => {
    if (told || !(error instanceof KubeApiError) || error.status !== 403) return;
    told = true;
    log.warn({ detail: error.message }, 'Lease watch failed, polling instead');
  };
  while (!signal.aborted) {
    await followWatch(
      { http, resource, decoder: rawDecoder, protobuf: false },
      {
        query: {},
        inactivityMs,
        clock: monotonicClock,
        onOpen: () => undefined,
        onActivity: () => undefined,
        onEvents: (events) => {
          for (const event of events) {
            if (event.kind === 'set') changed(toLease(event.entry.record.object).holder);
            else if (event.kind === 'gone') changed('');
          }
        },
        signal,
      },
    ).catch(failed);
    await monotonicClock.sleep(retryMs, signal);
  }
}
