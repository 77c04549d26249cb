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
    const { now } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#wake.sleep(this.#sleepMs(now()), signal);
        const startedAt = now();
        this.#judge(startedAt);
        const passMs = now() - startedAt;
        await this.#write(signal);
        await pause(Math.max(settleMs, passMs * restFactor), signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
    }
  }

  #sleepMs(at: number): number {
    const [first] = this.#queue.due();
    const turnMs = first === undefined ? Number.POSITIVE_INFINITY : this.#waitMs(first.urgent);
    return Math.min(turnMs, this.#options.source.nextAt - at, this.#queue.nextAt - at);
  }

  #judge(at: number): void {
    const { source, now } = this.#options;
    for (const key of this.#queue.again(at)) source.changed(key);
    for (const [key, subject] of source.take(at)) {
      this.#queue.judge(key, subject, at);
      if (now() - at >= passLimitMs) return;
    }
  }

  #waitMs(urgent: boolean): number {
    return this.#pace.waitMs(urgent ? 0 : conditionsReserve);
  }

  /** Writes as long as turns are free: what arises meanwhile may be more urgent than what is left. */
  async #write(signal: AbortSignal): Promise<void> {
    for (const due of this.#queue.due()) {
      if (this.#waitMs(due.urgent) > 0) return;
      this.#pace.take();
      await this.#writeOne(due, signal);
    }
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
