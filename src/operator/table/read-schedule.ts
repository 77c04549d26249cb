// Schedules full reads of a table: periodic, sooner when something is in doubt, never without a pause.

import type { Timing } from '../../core/model/timing.ts';

/** A full read starts no sooner than this many times the last one's duration after it. */
const readSpacing = 20;

type ReadScheduleOptions = {
  readonly intervalMs: () => number;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly timing: Pick<Timing, 'lateMessageMs'>;
};

export class ReadSchedule {
  readonly #options: ReadScheduleOptions;
  #dueAt = 0;
  /** A read that failed is not repeated before, whatever else asks for one. */
  #notBefore = 0;
  #last = { endedAt: Number.NEGATIVE_INFINITY, durationMs: 0 };
  #verifyAt = 0;
  #unsureUntil = 0;
  /** The table was lost: the next read restores it; the last one did. */
  #restores = { next: false, last: false };

  constructor(options: ReadScheduleOptions) {
    this.#options = options;
  }

  /** Monotonic ms. */
  get dueAt(): number {
    return Math.max(this.#dueAt, this.#notBefore);
  }

  /** Monotonic ms: by then a message of ours without an answer has taken effect, or never will. */
  get unsureUntil(): number {
    return this.#unsureUntil;
  }

  /** A read that began then shows what came of every message without an answer, ours or an earlier leader's. */
  verifies(startedAt: number): boolean {
    return startedAt >= this.#verifyAt;
  }

  /** How long the last read took. */
  get durationMs(): number {
    return this.#last.durationMs;
  }

  /** Nothing is known of the table any more: the distance to the last read does not count. */
  atOnce(): void {
    this.#dueAt = 0;
  }

  /**
   * The table was lost, or somebody else's until now. The first time it is read at once; while it is lost again and again,
   * as another writer or the device itself may have it, no more often than any other full read.
   */
  lost(): void {
    this.#restores.next = true;
    if (this.#restores.last) this.soon();
    else this.atOnce();
  }

  /** A read failed: not before so many ms, whatever else asks for one. */
  postpone(ms: number): void {
    this.#notBefore = this.#options.now() + ms;
  }

  /** Something changed: what failed may work now. */
  retryNow(): void {
    this.#notBefore = 0;
  }

  /** As soon as the distance to the last read allows. */
  soon(): void {
    const { endedAt, durationMs } = this.#last;
    this.#dueAt = Math.min(this.#dueAt, Math.max(this.#options.now(), endedAt + readSpacing * durationMs));
  }

  /** The interval may have been edited. */
  intervalChanged(): void {
    this.#dueAt = Math.min(this.#dueAt, this.#last.endedAt + this.#options.intervalMs());
  }

  /** A message had no answer. */
  doubt(): void {
    this.#unsureUntil = this.#lateUntil();
    this.#verifyAt = this.#unsureUntil;
  }

  /** Whoever wrote before may have left a message on its way. */
  takenOver(): void {
    this.#verifyAt = this.#lateUntil();
  }

  /**
   * A read ended, well or not.
   * @param answeredAt monotonic ms: when the device last answered. To wait for a device that is away is no work of its.
   */
  ended(startedAt: number, answeredAt = this.#options.now()): void {
    const now = this.#options.now();
    this.#last = { endedAt: now, durationMs: answeredAt - startedAt };
    this.#restores = { next: false, last: this.#restores.next };
    this.#dueAt = now + this.#options.intervalMs();
    // One that began too early has passed pages that a late message may have changed since.
    if (this.verifies(startedAt)) return;
    const soonest = this.#verifyAt > now ? this.#verifyAt : now + readSpacing * this.#last.durationMs;
    this.#dueAt = Math.min(this.#dueAt, soonest);
  }
  /** Until then a message that is on its way by now may take effect. */
  #lateUntil(): number {
    const { now, timing } = this.#options;
    return now() + timing.lateMessageMs;
  }
}
