// Tells when the Lease changed, so that its next holder need not wait for a poll. A hint only: whoever hears it reads the Lease.

import { monotonicClock } from './clock.ts';
import { rawDecoder } from './decoders.ts';
import type { KubeHttp } from './http.ts';
import { leaseName, leasesPath, toLease } from './lease.ts';
import { followWatch } from './watch-stream.ts';

export type LeaseWatch = {
  readonly http: KubeHttp;
  readonly namespace: string;
  /** Told the holder after each change. */
  readonly changed: (holder: string) => void;
};

/** A leader renews every two seconds: silence means that nobody leads, or that the connection is dead. */
const inactivityMs = 60_000;
const retryMs = 5_000;

/** Watches until the signal. Failures are not told: polling goes on without it, and tells its own. */
export async function watchLease(
  { http, namespace, changed }: LeaseWatch,
  signal: AbortSignal,
): Promise<void> {
  const query = { fieldSelector: `metadata.name=${leaseName}` };
  const resource = { name: 'leases', path: leasesPath(namespace), query };
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
    ).catch(() => undefined);
    await monotonicClock.sleep(retryMs, signal);
  }
}
