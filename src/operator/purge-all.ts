// Purges every PanFirewall that wants it, side by side, and tells what became of each.

import type { ParsedFirewall } from '../kubernetes/resources/parse.ts';
import { createWake, type Wake } from '../runtime/wake.ts';
import type { FirewallWorker } from './firewall-worker.ts';
import type { Term } from './term.ts';

type Readable = Extract<ParsedFirewall, { ok: true }>;

export type PurgeAllOptions = {
  readonly firewalls: readonly ParsedFirewall[];
  /** A worker that has nothing begun. `changed`: what became of its purge may be news. */
  readonly createWorker: (parsed: Readable, changed: () => void) => FirewallWorker;
  /** Lets the object go, should it be deleted. */
  readonly release: (meta: ParsedFirewall['meta']) => Promise<void>;
  /** One line for each PanFirewall. */
  readonly tell: (line: string) => void;
};

type Job = {
  readonly parsed: ParsedFirewall;
  readonly worker: FirewallWorker | undefined;
  readonly wake: Wake;
};

const tickMs = 500;

/** True when nothing of ours is left where it was to be purged. Rejects when the term ends before that is known. */
export async function purgeAll(options: PurgeAllOptions, term: Term): Promise<boolean> {
  const jobs = options.firewalls.map((parsed) => createJob(parsed, options));
  try {
    // All of them take part, also those that are retained: which of two keeps a table is a matter of both.
    for (const { worker } of jobs) {
      await worker?.purge();
      worker?.lead(term);
    }
    const outcomes = await Promise.allSettled(jobs.map((job) => finish(job, options, term)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return outcomes.every((outcome) => outcome.status === 'fulfilled' && outcome.value);
  } finally {
    await Promise.all(jobs.map(async ({ worker }) => worker?.standBy()));
  }
}

function createJob(parsed: ParsedFirewall, { createWorker }: PurgeAllOptions): Job {
  const wake = createWake();
  return { parsed, wake, worker: parsed.ok ? createWorker(parsed, () => wake.notify()) : undefined };
}

async function finish(job: Job, { release, tell }: PurgeAllOptions, term: Term): Promise<boolean> {
  const { meta, ending } = job.parsed;
  if (ending.deletionPolicy === 'Retain') {
    tell(`${meta.name}: left as it is, spec.deletionPolicy is Retain`);
    return true;
  }
  const { clean, told } = await outcomeOf(job, term);
  await release(meta);
  tell(`${meta.name}: ${told}`);
  return clean;
}

async function outcomeOf({ parsed, worker, wake }: Job, { signal }: Term) {
  if (worker === undefined) return { clean: false, told: `NOT purged: ${parsed.ok ? '' : parsed.problems}` };
  const { purgeTimeoutSeconds } = parsed.ending;
  const endsAt = performance.now() + purgeTimeoutSeconds * 1000;
  while (worker.purgeOutcome === undefined && performance.now() < endsAt) await wake.sleep(tickMs, signal);
  const outcome = worker.purgeOutcome;
  if (outcome?.kind === 'clean') {
    return { clean: true, told: `purged, ${outcome.addresses} addresses unregistered` };
  }
  const why = outcome?.why ?? `not completed within ${purgeTimeoutSeconds} s: ${worker.obstacle}`;
  return { clean: false, told: `NOT purged, tags may be left: ${why}` };
}
