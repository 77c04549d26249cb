// Computes the statuses that may have moved and writes those that differ, at a pace that the API server likes.

import type { Logger } from '../../runtime/logger.ts';
import { createPace } from '../../runtime/pace.ts';
import { createWake, pause } from '../../runtime/wake.ts';
import type { StatusKey } from '../cluster/status-key.ts';
import { type Due, type Status, StatusQueue, type StatusSubject } from './status-queue.ts';
import type { StatusSource } from './status-source.ts';

type StatusWorkerOptions = {
  readonly source: Pick<StatusSource, 'changed' | 'take' | 'nextAt'>;
  /** Resolves with true when written, with false when the object is gone. */
  readonly write: (subject: StatusSubject, status: Status, signal: AbortSignal) => Promise<boolean>;
  /** The object with this uid is gone. */
  readonly gone: (uid: string) => void;
  readonly failed: (reason: string) => void;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
};

const writesPerSecond = 10;
/** Of these, so many are kept for conditions: counts may use the others up, and a condition still goes at once. */
const conditionsReserve = 2;
/** Changes that come together are judged together. */
const settleMs = 50;
/** So long a pass may keep the process from other work; what is left waits for the next one. */
const passLimitMs = 20;
/** A pass is followed by a rest of so many times its length. */
const restFactor = 10;

export class StatusWorker {
  readonly #options: StatusWorkerOptions;
  readonly #queue: StatusQueue;
  readonly #wake = createWake();
  readonly #pace;
  /** Nothing is judged before. */
  #restUntil = 0;

  constructor(options: StatusWorkerOptions) {
    this.#options = options;
    this.#queue = new StatusQueue(options.gone);
    this.#pace = createPace(writesPerSecond, options.now);
  }

  /** Something moved that this status may show. */
  changed(key: StatusKey): void {
    this.#options.source.changed(key);
    this.#wake.notify();
  }

  /** The watch brought this object's status. */
  observed(key: StatusKey, status: unknown): void {
    const { log, now } = this.#options;
    this.changed(key);
    if (!this.#queue.observed(key, status, now())) return;
    log.warn({ object: key }, 'status overwritten by another client, check for a second installation');
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#rest(signal);
        if (this.#options.now() >= this.#restUntil) this.#judge();
        await this.#writeNext(signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
    }
  }

  /** Until something may be judged, or written. */
  async #rest(signal: AbortSignal): Promise<void> {
    const at = this.#options.now();
    const [next] = this.#queue.due();
    const turnMs = next === undefined ? Number.POSITIVE_INFINITY : this.#waitMs(next.urgent);
    const restMs = this.#restUntil - at;
    if (restMs > 0) return pause(Math.min(turnMs, restMs), signal);
    const nextAt = Math.min(this.#options.source.nextAt, this.#queue.nextAt);
    await this.#wake.sleep(Math.min(turnMs, nextAt - at), signal);
  }

  #judge(): void {
    const { source, now } = this.#options;
    const at = now();
    for (const key of this.#queue.again(at)) source.changed(key);
    for (const [key, subject] of source.take(at)) {
      this.#queue.judge(key, subject, at);
      if (now() - at >= passLimitMs) break;
    }
    const end = now();
    this.#restUntil = end + Math.max(settleMs, (end - at) * restFactor);
  }

  #waitMs(urgent: boolean): number {
    return this.#pace.waitMs(urgent ? 0 : conditionsReserve);
  }

  /** One alone, if a turn is free: while it is written, something more urgent may be reported. */
  async #writeNext(signal: AbortSignal): Promise<void> {
    const [next] = this.#queue.due();
    if (next === undefined || this.#waitMs(next.urgent) > 0) return;
    this.#pace.take();
    await this.#writeOne(next, signal);
  }

  async #writeOne(due: Due, signal: AbortSignal): Promise<void> {
    const { write, failed, log, now } = this.#options;
    const { subject, computed, retry } = due;
    this.#queue.sending(due, now());
    try {
      const isThere = await write(subject, computed.status, signal);
      this.#queue.written(due, now());
      if (isThere) computed.written();
    } catch (error) {
      if (signal.aborted) throw error;
      failed('StatusWrite');
      // One line for each object that cannot be written, however often it is tried.
      log[retry ? 'debug' : 'warn']({ path: subject.path, err: error }, 'status not written');
      this.#queue.failed(due, now());
    }
  }
}
