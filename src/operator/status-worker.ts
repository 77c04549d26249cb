// Writes status where it differs: conditions at once, counts at leisure, and never more than the API server likes.

import { isDeepStrictEqual } from 'node:util';
import { type FoundCondition, sameConditions } from '../core/conditions.ts';
import type { StatusContext } from '../core/firewall-status.ts';
import type { Logger } from '../runtime/logger.ts';
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
  readonly compute: (context: StatusContext) => Status;
};

export type StatusWorkerOptions = {
  readonly subjects: () => Iterable<StatusSubject>;
  /** Resolves when written, or when the object is gone. */
  readonly write: (subject: StatusSubject, status: Status, signal: AbortSignal) => Promise<void>;
  readonly failed: (reason: string) => void;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
};

const countsIntervalMs = 10_000;
/** Counts move in bursts: the first write after quiet waits for the burst to end, so that it tells the outcome. */
const countsSettleMs = 400;
const writesPerSecond = 10;
/** How often waits that grow into findings (a stuck table) are looked at. */
const tickMs = 1000;
/** Changes that come together are judged together; a pass that takes long is followed by a longer rest. */
const settleMs = 50;
const restFactor = 10;

type Due = { readonly subject: StatusSubject; readonly status: Status; readonly urgent: boolean };

export class StatusWorker {
  readonly #options: StatusWorkerOptions;
  readonly #wake = createWake();
  // What was last written, until the watch brings it back; and when, for the pace of counts.
  readonly #written = new Map<
    string,
    { readonly uid: string; readonly status: Status; readonly at: number }
  >();

  /** Since when counts have differed from what was written. */
  readonly #differs = new Map<string, number>();
  readonly #turns: number[] = [];

  constructor(options: StatusWorkerOptions) {
    this.#options = options;
  }

  changed(): void {
    this.#wake.notify();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#wake.sleep(this.#differs.size > 0 ? countsSettleMs : tickMs, signal);
        const startedAt = this.#options.now();
        const due = this.#due();
        const passMs = this.#options.now() - startedAt;
        await this.#writeAll(due, signal);
        await pause(Math.max(settleMs, passMs * restFactor), signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
    }
  }

  #due(): Due[] {
    const { subjects, now } = this.#options;
    const at = now();
    const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const due: Due[] = [];
    const seen = new Set<string>();
    for (const subject of subjects()) {
      seen.add(subject.path);
      // What this process wrote itself it also keeps true: nobody's earlier word stands there any more.
      if (!subject.judgeable && this.#written.get(subject.path)?.uid !== subject.uid) continue;
      const current = this.#known(subject);
      const previous = current?.conditions ?? [];
      const status = subject.compute({ generation: subject.generation, previous, now: at, time });
      if (isDeepStrictEqual(status, current)) {
        this.#differs.delete(subject.path);
        continue;
      }
      const urgent = !sameConditions(status.conditions ?? [], previous);
      if (urgent || this.#countsAreDue(subject.path, at)) due.push({ subject, status, urgent });
    }
    for (const path of this.#written.keys()) if (!seen.has(path)) this.#written.delete(path);
    for (const path of this.#differs.keys()) if (!seen.has(path)) this.#differs.delete(path);
    return due.sort((a, b) => Number(b.urgent) - Number(a.urgent));
  }

  #countsAreDue(path: string, at: number): boolean {
    const since = this.#differs.get(path) ?? at;
    this.#differs.set(path, since);
    const writtenAt = this.#written.get(path)?.at ?? Number.NEGATIVE_INFINITY;
    return at - since >= countsSettleMs && at - writtenAt >= countsIntervalMs;
  }

  /** The API server's word, or our own newer one that the watch has not brought back yet. */
  #known(subject: StatusSubject): Status | undefined {
    const written = this.#written.get(subject.path);
    return written?.uid === subject.uid ? written.status : subject.current;
  }

  /** The watch brought a status that is not what we wrote: somebody else's, or an older one. */
  observed(path: string, status: unknown): void {
    const written = this.#written.get(path);
    if (written === undefined || isDeepStrictEqual(written.status, status)) return;
    // An older echo is followed by ours soon; a stranger's status stands until we write again.
    if (this.#options.now() - written.at > tickMs) this.#written.delete(path);
  }

  async #writeAll(due: readonly Due[], signal: AbortSignal): Promise<void> {
    const { write, failed, log, now } = this.#options;
    // Urgent ones that arise meanwhile must not wait behind a long queue of counts.
    for (const { subject, status } of due.slice(0, writesPerSecond)) {
      await this.#takeTurn(signal);
      try {
        await write(subject, status, signal);
        this.#written.set(subject.path, { uid: subject.uid, status, at: now() });
        this.#differs.delete(subject.path);
      } catch (error) {
        if (signal.aborted) throw error;
        failed('StatusWrite');
        log.warn({ path: subject.path, err: error }, 'status not written');
        await pause(tickMs, signal);
      }
    }
    if (due.length > writesPerSecond) this.#wake.notify();
  }

  /** Waits until fewer than ten writes lie within the last second. */
  async #takeTurn(signal: AbortSignal): Promise<void> {
    const { now } = this.#options;
    const oldest = this.#turns.length < writesPerSecond ? undefined : this.#turns.shift();
    const wait = oldest === undefined ? 0 : oldest + 1000 - now();
    if (wait > 0) await pause(wait, signal);
    this.#turns.push(now());
  }
}
