// Writes status where it differs: conditions at once, counts at leisure, and never more than the API server likes.

import { isDeepStrictEqual } from 'node:util';
import { type FoundCondition, isUrgentChange } from '../core/conditions.ts';
import type { StatusContext } from '../core/firewall-status.ts';
import type { Logger } from '../runtime/logger.ts';
import { createPace } from '../runtime/pace.ts';
import { createWake, pause } from '../runtime/wake.ts';

type Status = { readonly conditions?: readonly FoundCondition[] | undefined };

/** One object whose status we write. */
export type StatusSubject = {
  /** Unique, and the same for the same object: its API path. */
  readonly path: string;
  readonly uid: string;
  readonly generation: number;
  /** What the API server holds; undefined when there is none or it cannot be read. */
  readonly current: Status | undefined;
  /** False while a fresh process has not seen enough to contradict what its predecessor wrote. */
  readonly judgeable: boolean;
  readonly compute: (context: StatusContext) => Computed;
};

export type Computed = {
  readonly status: Status;
  /** Called when the object has this status: what it amounts to may be told. */
  readonly written: () => void;
};

export type StatusWorkerOptions = {
  readonly subjects: () => Iterable<StatusSubject>;
  /** Resolves with true when written, with false when the object is gone. */
  readonly write: (subject: StatusSubject, status: Status, signal: AbortSignal) => Promise<boolean>;
  /** An object is no longer among the subjects. */
  readonly gone: (uid: string) => void;
  readonly failed: (reason: string) => void;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
};

const countsIntervalMs = 10_000;
/** Counts move in bursts: the first write after quiet waits for the burst to end, so that it tells the outcome. */
const countsSettleMs = 400;
const writesPerSecond = 10;
/** Of these, so many are kept for conditions: counts may use the others up, and a condition still goes at once. */
const conditionsReserve = 2;
/** How often waits that grow into findings (a stuck table) are looked at. */
const tickMs = 1000;
/** Changes that come together are judged together; a pass that takes long is followed by a longer rest. */
const settleMs = 50;
const restFactor = 10;

type Due = {
  readonly subject: StatusSubject;
  readonly computed: Computed;
  readonly urgent: boolean;
  /** Since when it has differed. */
  readonly since: number;
};

/** What is remembered of an object between passes. Times are monotonic ms. */
type Kept = {
  readonly uid: string;
  /** What was last written, until the watch brings it back. */
  written: Status | undefined;
  /** For the pace of counts. */
  writtenAt: number;
  /** Since when the status has differed from what the object has. */
  since: number | undefined;
};

export class StatusWorker {
  readonly #options: StatusWorkerOptions;
  readonly #wake = createWake();
  /** By path. */
  readonly #kept = new Map<string, Kept>();
  readonly #pace;

  constructor(options: StatusWorkerOptions) {
    this.#options = options;
    this.#pace = createPace(writesPerSecond, options.now);
  }

  changed(): void {
    this.#wake.notify();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { now } = this.#options;
    let left: readonly Due[] = [];
    while (!signal.aborted) {
      try {
        await this.#wake.sleep(this.#sleepMs(left), signal);
        const startedAt = now();
        const due = this.#due();
        const passMs = now() - startedAt;
        left = await this.#write(due, signal);
        await pause(Math.max(settleMs, passMs * restFactor), signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
    }
  }

  /** The watch brought a status that is not what we wrote: somebody else's, or an older one. */
  observed(path: string, status: unknown): void {
    const kept = this.#kept.get(path);
    if (kept?.written === undefined || isDeepStrictEqual(kept.written, status)) return;
    // An older echo is followed by ours soon; a stranger's status stands until we write again.
    if (this.#options.now() - kept.writtenAt > tickMs) kept.written = undefined;
  }

  #sleepMs(left: readonly Due[]): number {
    if (left.length > 0) return this.#waitMs(left.some(({ urgent }) => urgent));
    const isSettling = [...this.#kept.values()].some(({ since }) => since !== undefined);
    return isSettling ? countsSettleMs : tickMs;
  }

  #waitMs(urgent: boolean): number {
    return this.#pace.waitMs(urgent ? 0 : conditionsReserve);
  }

  /** What is to be written now: conditions first, then what has waited longest. */
  #due(): Due[] {
    const { subjects, now } = this.#options;
    const at = now();
    const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const due: Due[] = [];
    const seen = new Set<string>();
    for (const subject of subjects()) {
      seen.add(subject.path);
      const found = this.#judge(subject, at, time);
      if (found !== undefined) due.push(found);
    }
    for (const path of this.#kept.keys()) if (!seen.has(path)) this.#forget(path);
    return due.sort((a, b) => Number(b.urgent) - Number(a.urgent) || a.since - b.since);
  }

  #judge(subject: StatusSubject, at: number, time: string): Due | undefined {
    const kept = this.#keptOf(subject);
    // What this process wrote itself it also keeps true: nobody's earlier word stands there any more.
    if (!subject.judgeable && kept.writtenAt === Number.NEGATIVE_INFINITY) return undefined;
    // The API server's word, or our own newer one that the watch has not brought back yet.
    const current = kept.written ?? subject.current;
    const previous = current?.conditions ?? [];
    const computed = subject.compute({ generation: subject.generation, previous, now: at, time });
    const { status } = computed;
    if (isDeepStrictEqual(status, current)) {
      kept.since = undefined;
      return undefined;
    }
    const since = (kept.since ??= at);
    const urgent = isUrgentChange(previous, status.conditions ?? []);
    const countsAreDue = at - since >= countsSettleMs && at - kept.writtenAt >= countsIntervalMs;
    return urgent || countsAreDue ? { subject, computed, urgent, since } : undefined;
  }

  #keptOf({ path, uid }: StatusSubject): Kept {
    const found = this.#kept.get(path);
    if (found?.uid === uid) return found;
    this.#forget(path);
    const fresh = { uid, written: undefined, writtenAt: Number.NEGATIVE_INFINITY, since: undefined };
    this.#kept.set(path, fresh);
    return fresh;
  }

  #forget(path: string): void {
    const kept = this.#kept.get(path);
    this.#kept.delete(path);
    if (kept !== undefined) this.#options.gone(kept.uid);
  }

  /** Writes as long as turns are free, and tells what is left: what arises meanwhile may be more urgent. */
  async #write(due: readonly Due[], signal: AbortSignal): Promise<readonly Due[]> {
    for (const [i, { subject, computed, urgent }] of due.entries()) {
      if (this.#waitMs(urgent) > 0) return due.slice(i);
      this.#pace.take();
      await this.#writeOne(subject, computed, signal);
    }
    return [];
  }

  async #writeOne(subject: StatusSubject, { status, written }: Computed, signal: AbortSignal): Promise<void> {
    const { write, failed, log, now } = this.#options;
    try {
      const isThere = await write(subject, status, signal);
      const kept = this.#keptOf(subject);
      kept.written = status;
      kept.writtenAt = now();
      kept.since = undefined;
      if (isThere) written();
    } catch (error) {
      if (signal.aborted) throw error;
      failed('StatusWrite');
      log.warn({ path: subject.path, err: error }, 'status not written');
      await pause(tickMs, signal);
    }
  }
}
