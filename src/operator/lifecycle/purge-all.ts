// Purges PanFirewalls in parallel for the command purge, and reports the result of each.

import type { ParsedFirewall } from '../../kubernetes/resources/parse.ts';
import { createWake, type Wake } from '../../runtime/wake.ts';
import type { ReadableFirewall } from '../firewall/firewall-context.ts';
import type { FirewallWorker } from '../firewall/firewall-worker.ts';
import type { SelectedFirewall } from './purge-selection.ts';
import type { PurgeResult } from './purge-status.ts';
import type { Term } from '../leadership/term.ts';

type PurgeAllOptions = {
  /** All there are: which of two keeps a table is a matter of both. */
  readonly firewalls: readonly ParsedFirewall[];
  readonly selected: readonly SelectedFirewall[];
  /** For each at most, whatever spec.purgeTimeoutSeconds allows; undefined: that. */
  readonly timeoutSeconds: number | undefined;
  /** A worker that has nothing begun. `changed`: what became of its purge may be news. */
  readonly createWorker: (parsed: ReadableFirewall, changed: () => void) => FirewallWorker;
  /** Lets the object go, should it be deleted. */
  readonly release: (meta: ParsedFirewall['meta']) => Promise<void>;
  /** One line for each PanFirewall, and what it waits for meanwhile. */
  readonly tell: (line: string) => void;
  /** One is through. */
  readonly done: (parsed: ParsedFirewall, result: PurgeResult) => Promise<void>;
};

type Job = {
  readonly parsed: ParsedFirewall;
  /** undefined: it was not asked for. */
  readonly selection: SelectedFirewall | undefined;
  readonly worker: FirewallWorker | undefined;
  readonly wake: Wake;
};

const tickMs = 500;
/** How often it is said what a purge waits for. */
const wordMs = 10_000;

/** True when nothing of ours is left where it was to be purged. Rejects when the term ends before that is known. */
export async function purgeAll(options: PurgeAllOptions, term: Term): Promise<boolean> {
  const jobs = options.firewalls.map((parsed) => createJob(parsed, options));
  try {
    // All of them take part, also those that are left as they are: which of two keeps a table is a matter of both.
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

function createJob(parsed: ParsedFirewall, { selected, createWorker }: PurgeAllOptions): Job {
  const wake = createWake();
  const selection = selected.find((one) => one.parsed === parsed);
  const isPurged = selection !== undefined && selection.left === undefined;
  const worker = parsed.ok
    ? createWorker(isPurged ? parsed : retained(parsed), () => wake.notify())
    : undefined;
  return { parsed, selection, wake, worker };
}

/** What was not asked for is not purged either. */
function retained(parsed: ReadableFirewall): ReadableFirewall {
  return { ...parsed, settings: { ...parsed.settings, deletionPolicy: 'Retain' } };
}

async function finish(
  job: Job,
  { release, tell, timeoutSeconds, done }: PurgeAllOptions,
  term: Term,
): Promise<boolean> {
  const { selection } = job;
  if (selection === undefined) return true;
  const { parsed, left } = selection;
  const { name } = parsed.meta;
  if (left !== undefined) {
    // Without an operator nobody else would let it go.
    await release(parsed.meta);
    tell(`${name}: skipped, ${left}`);
    return true;
  }
  const seconds = Math.min(parsed.ending.purgeTimeoutSeconds, timeoutSeconds ?? Number.POSITIVE_INFINITY);
  const result = await outcomeOf(job, { seconds, waits: (why) => tell(`${name}: ${why}`) }, term);
  await release(parsed.meta);
  tell(`${name}: ${result.told}`);
  await done(parsed, result);
  return result.clean;
}

type Patience = { readonly seconds: number; readonly waits: (why: string) => void };

async function outcomeOf(
  { parsed, worker, wake }: Job,
  { seconds, waits }: Patience,
  { signal }: Term,
): Promise<PurgeResult> {
  if (worker === undefined) return { clean: false, told: `NOT purged: ${parsed.ok ? '' : parsed.problems}` };
  const endsAt = performance.now() + seconds * 1000;
  let saidAt = performance.now();
  while (worker.purgeOutcome === undefined && performance.now() < endsAt) {
    await wake.sleep(tickMs, signal);
    if (performance.now() - saidAt < wordMs || worker.purgeOutcome !== undefined) continue;
    saidAt = performance.now();
    waits(`waiting up to ${Math.ceil((endsAt - saidAt) / 1000)} s more: ${worker.obstacle}`);
  }
  const outcome = worker.purgeOutcome;
  if (outcome?.kind === 'clean') {
    return { clean: true, told: `purged, ${outcome.addresses} addresses unregistered` };
  }
  const why = outcome?.why ?? `not completed within ${seconds} s: ${worker.obstacle}`;
  return { clean: false, told: `NOT purged, tags may remain: ${why}` };
}
