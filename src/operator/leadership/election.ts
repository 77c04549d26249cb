// Waits for the Lease, leads while it is provably held, and gives it back when the work has ended.

import type { Timing } from '../../core/model/timing.ts';
import { leaseTimes } from '../../core/lifecycle/leader-lease.ts';
import type { Lease } from '../../kubernetes/leases/lease.ts';
import type { Logger } from '../../runtime/logger.ts';
import { createWake } from '../../runtime/wake.ts';
import { onAbort } from '../../signals/abort.ts';
import { LeaseHold, type LeaseHoldOptions } from './lease-hold.ts';
import { ProvenTerm, type Term } from './term.ts';

/**
 * wait: leads when nobody else does. take: takes the Lease even from a running leader. ignore: leads at once whatever
 * the Lease says, and renews it so that the next start knows until when somebody led.
 */
export type ElectionMode = 'wait' | 'take' | 'ignore';

type ElectionOptions = LeaseHoldOptions & {
  readonly mode: ElectionMode;
  /** Told once what the Lease said when this process first saw it, and when that was (ms since the epoch). */
  readonly found?: (lease: Lease | undefined, seenAt: number) => void;
  readonly timing: Pick<Timing, 'lateMessageMs'>;
  readonly log: Logger;
};

/** Leads: resolves when the term has ended and nothing of its work is left. `former`: the Lease as it was taken. */
type Lead = (term: Term, former: Lease | undefined) => Promise<void>;

const pollJitter = 0.2;

export class Election {
  readonly #options: ElectionOptions;
  readonly #hold: LeaseHold;
  readonly #wake = createWake();
  #told: string | undefined;
  #found = false;
  /** Whom the log speaks of. */
  #leader: string | undefined;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#hold = new LeaseHold(options);
  }

  /** Somebody says that the Lease changed and who holds it: worth a look before the next poll. */
  changed(holder: string): void {
    if (holder !== this.#options.identity) this.#wake.notify();
  }

  /** Leads, term after term, until the signal. Rejects only with what `lead` rejects with. */
  async run(signal: AbortSignal, lead: Lead): Promise<void> {
    while (!signal.aborted) {
      if (this.#options.mode === 'ignore') {
        await this.#attempt('read', () => this.#look(signal), signal);
        await this.#serve({ term: new ProvenTerm(this.#options.clocks, undefined), lead, signal });
      } else {
        const taken = await this.#take(signal);
        if (taken !== undefined) await this.#serve({ ...taken, lead, signal });
      }
    }
  }

  /** undefined: the signal aborted first. */
  async #take(signal: AbortSignal): Promise<{ term: ProvenTerm; former: Lease | undefined } | undefined> {
    const { clocks, mode } = this.#options;
    const pollMs = leaseTimes.retry * (1 + Math.random() * pollJitter);
    while (!signal.aborted) {
      const begunAt = await this.#attempt(
        'taken',
        async () => {
          await this.#look(signal);
          const former = this.#hold.lease;
          if (mode === 'wait' && this.#hold.waitMs > 0) return this.#standsBy();
          const moment = await this.#hold.acquireOrRenew(signal);
          return moment && { term: new ProvenTerm(clocks, moment, this.#unsureUntil(former)), former };
        },
        signal,
      );
      if (begunAt !== undefined) return begunAt;
      const waitMs = this.#hold.waitMs > 0 ? Math.min(this.#hold.waitMs, pollMs) : pollMs;
      await this.#wake.sleep(waitMs, signal).catch(() => undefined);
    }
    return undefined;
  }

  /** Who gave the Lease back had waited for its calls. Nobody waits for a command that took the Lease. */
  #unsureUntil(former: Lease | undefined): number {
    const { mode, clocks, timing } = this.#options;
    if (mode !== 'wait' || former === undefined || former.holder === '') return 0;
    return clocks.now() + timing.lateMessageMs;
  }

  async #serve(service: {
    readonly term: ProvenTerm;
    readonly former?: Lease | undefined;
    readonly lead: Lead;
    readonly signal: AbortSignal;
  }): Promise<void> {
    const { term, former, lead, signal } = service;
    const { identity, log } = this.#options;
    this.#leader = identity;
    const unlisten = onAbort(signal, () => term.end('stopping'));
    log.info({ identity, former: former?.holder }, 'leading');
    const ended = new AbortController();
    const work = lead(term, former).finally(() => ended.abort());
    const [outcome] = await Promise.allSettled([work, this.#renew(term, ended.signal)]);
    term.close();
    unlisten();
    log[signal.aborted ? 'info' : 'warn']({ identity, why: reasonOf(term.signal) }, 'leadership lost');
    // Where one part of the work failed, the others learn it from their term.
    term.lose('its work has ended');
    // Everything of ours has ended, so nobody needs to wait until the term has run out.
    const never = new AbortController().signal;
    if (this.#hold.isOurs)
      await this.#attempt('released', () => this.#hold.release(never, term.ledUntil), never);
    if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Until the work has ended: what is on its way when a stop begins is still covered by the Lease. */
  async #renew(term: ProvenTerm, ended: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([ended, term.lost]);
    let tookMs = 0;
    while (!stop.aborted) {
      // An attempt that got no answer was long: the next one must not come too late.
      await this.#wake.sleep(leaseTimes.retry - tookMs, stop).catch(() => undefined);
      const begunAt = this.#options.clocks.now();
      if (!stop.aborted) await this.#attempt('renewed', () => this.#renewOnce(term, stop), stop);
      tookMs = this.#options.clocks.now() - begunAt;
    }
  }

  async #renewOnce(term: ProvenTerm, signal: AbortSignal): Promise<void> {
    let begunAt = await this.#hold.acquireOrRenew(signal);
    if (begunAt === undefined) {
      await this.#look(signal);
      // Ours: a renewal whose answer was lost. Nobody's, or none: somebody meddled.
      const taken = this.#hold.isOthers && this.#options.mode !== 'ignore';
      if (taken) return term.lose(`${this.#hold.lease?.holder} took the Lease`);
      begunAt = await this.#hold.acquireOrRenew(signal);
    }
    if (begunAt !== undefined) term.renewed(begunAt);
  }

  /** One line for each leader that it stands by for. */
  #standsBy(): undefined {
    const holder = this.#hold.lease?.holder;
    if (holder !== this.#leader) this.#options.log.info({ leader: holder }, 'standing by');
    this.#leader = holder;
  }

  async #look(signal: AbortSignal): Promise<void> {
    await this.#hold.look(signal);
    if (this.#found) return;
    this.#found = true;
    this.#options.found?.(this.#hold.lease, this.#hold.seenAt?.wall ?? 0);
  }

  /** One line for an outage, however long; undefined for a failure. */
  async #attempt<T>(doing: string, act: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const { log } = this.#options;
    try {
      const result = await act();
      if (this.#told !== undefined) log.info('Lease requests recovered');
      this.#told = undefined;
      return result;
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (!signal.aborted && this.#told !== problem)
        log.warn({ doing, problem }, 'Lease request failed, retrying');
      if (!signal.aborted) this.#told = problem;
      return undefined;
    }
  }
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : 'its work has ended';
}

/**
 * Takes the Lease even from a running leader, holds it while `use` works, and releases it. `use` begins when nothing
 * of the former holder can be on its way any more, and must end soon after `term.signal` aborts.
 * @param options their `silent`: this holder was watched for a whole term and did not renew; nothing of it is on its way.
 * @param use its `takenFrom`: who held the Lease; undefined when it was free.
 */
export async function withLease<T>(
  options: Omit<ElectionOptions, 'mode' | 'found' | 'turnedBack'> & { readonly silent?: string },
  use: (term: Term, takenFrom: string | undefined) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const done = new AbortController();
  let result: { readonly value: T } | undefined;
  const lead: Lead = async (term, former) => {
    const takenFrom = former?.holder || undefined;
    try {
      if (takenFrom !== undefined && takenFrom !== options.silent)
        await createWake().sleep(leaseTimes.term, term.signal);
      result = { value: await use(term, takenFrom) };
    } finally {
      done.abort();
    }
  };
  const { client, identity, clocks, timing, log } = options;
  const election = new Election({ client, identity, clocks, mode: 'take', timing, log });
  await election.run(AbortSignal.any([signal, done.signal]), lead);
  signal.throwIfAborted();
  if (result === undefined) throw new Error('the Lease was lost before the work began');
  return result.value;
}
