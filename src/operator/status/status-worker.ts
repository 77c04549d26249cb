// Writes status where it differs, never more than the API server likes, and lets no condition wait behind counts.

import type { Logger } from '../../runtime/logger.ts';
import { createPace } from '../../runtime/pace.ts';
import { createWake, pause } from '../../runtime/wake.ts';
import type { StatusKey } from '../cluster/status-key.ts';
import { countsSettleMs, type Due, type Status, StatusAgenda, type StatusSubject } from './status-agenda.ts';

type StatusWorkerOptions = {
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

const writesPerSecond = 10;
/** Of these, so many are kept for conditions: counts may use the others up, and a condition still goes at once. */
const conditionsReserve = 2;
/** How often waits that grow into findings (a stuck table) are looked at. */
const tickMs = 1000;
/** Changes that come together are judged together; a pass that takes long is followed by a longer rest. */
const settleMs = 50;
const restFactor = 10;

export class StatusWorker {
  readonly #options: StatusWorkerOptions;
  readonly #agenda: StatusAgenda;
  readonly #wake = createWake();
  readonly #pace;

  constructor(options: StatusWorkerOptions) {
    this.#options = options;
    this.#agenda = new StatusAgenda(options.gone);
    this.#pace = createPace(writesPerSecond, options.now);
  }

  /** Something moved that this status may show. */
  changed(_key: StatusKey): void {
    this.#wake.notify();
  }

  /** The watch brought this object's status. */
  observed(key: StatusKey, status: unknown): void {
    const { log, now } = this.#options;
    if (!this.#agenda.observed(key, status, now())) return;
    log.warn({ object: key }, 'status overwritten by another client, check for a second installation');
  }

  async run(signal: AbortSignal): Promise<void> {
    const { subjects, now } = this.#options;
    let left: readonly Due[] = [];
    while (!signal.aborted) {
      try {
        await this.#wake.sleep(this.#sleepMs(left), signal);
        const startedAt = now();
        const due = this.#agenda.due(subjects(), startedAt);
        const passMs = now() - startedAt;
        left = await this.#write(due, signal);
        await pause(Math.max(settleMs, passMs * restFactor), signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
    }
  }

  #sleepMs(left: readonly Due[]): number {
    if (left.length > 0) return this.#waitMs(left.some(({ urgent }) => urgent));
    return this.#agenda.isOpen ? countsSettleMs : tickMs;
  }

  #waitMs(urgent: boolean): number {
    return this.#pace.waitMs(urgent ? 0 : conditionsReserve);
  }

  /** Writes as long as turns are free, and tells what is left: what arises meanwhile may be more urgent. */
  async #write(due: readonly Due[], signal: AbortSignal): Promise<readonly Due[]> {
    for (const [i, one] of due.entries()) {
      if (this.#waitMs(one.urgent) > 0) return due.slice(i);
      this.#pace.take();
      await this.#writeOne(one, signal);
    }
    return [];
  }

  async #writeOne({ subject, computed, retry }: Due, signal: AbortSignal): Promise<void> {
    const { write, failed, log, now } = this.#options;
    this.#agenda.sending(subject, computed.status, now());
    try {
      const isThere = await write(subject, computed.status, signal);
      this.#agenda.written(subject, computed.status, now());
      if (isThere) computed.written();
    } catch (error) {
      if (signal.aborted) throw error;
      failed('StatusWrite');
      // One line for each object that cannot be written, however often it is tried.
      log[retry ? 'debug' : 'warn']({ path: subject.path, err: error }, 'status not written');
      this.#agenda.failed(subject, now());
    }
  }
}
