// Checks periodically that the watch delivered everything, by a list at the same resourceVersion (resync).

import type { Clock } from './clock.ts';
import { judge } from '../errors/failure.ts';
import type { Intake } from './intake.ts';
import { listPages } from './list-pages.ts';
import type { Logger, ReflectorObserver } from './reflector-options.ts';
import type { ResourceReader } from './resource-reader.ts';

type AuditOptions<R> = {
  /** How to read now; asked each time, because the encoding may change. */
  readonly reader: () => ResourceReader<R>;
  readonly intake: Intake<R>;
  readonly pageSize: number;
  readonly intervalMs: number;
  readonly log: Logger;
  readonly observer: Pick<ReflectorObserver, 'missedChange'>;
  readonly clock: Clock;
  readonly random: () => number;
};

/**
 * The watch goes on meanwhile: what it touches after the moment of the list is left out of the comparison, all
 * else must be equal, version by version. So every difference is a change that was lost, and is made good here.
 * This is the last net under the watch: it also catches an API server whose past was exchanged (an etcd restored
 * from a backup) while no request of ours could notice.
 */
export async function auditRegularly<R>(options: AuditOptions<R>, signal: AbortSignal): Promise<void> {
  const { clock, random, intervalMs } = options;
  while (!signal.aborted) {
    await clock.sleep(intervalMs * (0.9 + random() * 0.2), signal);
    if (!signal.aborted) await audit(options, signal);
  }
}

async function audit<R>(options: AuditOptions<R>, signal: AbortSignal): Promise<void> {
  const { intake, log, observer, pageSize } = options;
  const position = intake.position;
  if (position === undefined) return;
  const reader = options.reader();
  const audit = intake.store.startAudit();
  try {
    const at = { resourceVersion: position, resourceVersionMatch: 'Exact' };
    for await (const page of listPages(reader, { pageSize, at, signal })) audit.see(page.entries);
    const missed = audit.finish();
    intake.correct(missed);
    if (missed.length === 0) return;
    observer.missedChange(missed.length);
    log.warn({ missed: missed.length }, 'resync found changes the watch missed');
  } catch (error) {
    const failure = judge(error, reader.resource.name);
    if (signal.aborted) return;
    if (failure === undefined) throw error;
    log.warn({ reason: failure.reason, detail: failure.message }, 'resync failed');
  } finally {
    audit.cancel();
  }
}
