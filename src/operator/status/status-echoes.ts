// Recognizes our own status writes in the watch, whether the answer or its echo arrives first.

import { isDeepStrictEqual } from 'node:util';

/** A status that was sent and that the watch has not brought yet. */
type Sent<S> = { readonly status: S; answered: boolean; at: number };

/** How long a write is believed to stand although the watch has not brought it. */
const echoMs = 10_000;
/** Of writes whose echo never came, so many are still known as ours. */
const mostSent = 8;

/**
 * - `ours`: one of our writes.
 * - `same`: nothing new; something else of the object changed.
 * - `older`: it was written before ours, whose echo is still to come.
 * - `foreign`: somebody else's, and it stands.
 */
type Observation = 'ours' | 'same' | 'older' | 'foreign';

/** Of one object. Times are monotonic ms. The watch brings the versions of an object in their order, but may leave some out. */
export class StatusEchoes<S> {
  /** In the order of sending. */
  #sent: Sent<S>[] = [];
  #last: unknown;
  #lastIsOurs = false;

  /** From here on the status is ours, whatever the answer. */
  sending(status: S, at: number): void {
    const newest = this.#sent.at(-1);
    if (newest !== undefined && isDeepStrictEqual(newest.status, status)) {
      newest.answered = false;
      newest.at = at;
      return;
    }
    this.#sent.push({ status, answered: false, at });
    if (this.#sent.length > mostSent) this.#sent.shift();
  }

  /** The write of the newest one succeeded. Its echo may have come before. */
  answered(status: S, at: number): void {
    const newest = this.#sent.at(-1);
    if (newest === undefined || !isDeepStrictEqual(newest.status, status)) return;
    newest.answered = true;
    newest.at = at;
  }

  observed(status: unknown, at: number): Observation {
    const found = this.#sent.findLastIndex((sent) => isDeepStrictEqual(sent.status, status));
    if (found >= 0) {
      this.#sent = this.#sent.slice(found + 1);
      this.#last = status;
      this.#lastIsOurs = true;
      return 'ours';
    }
    if (isDeepStrictEqual(this.#last, status)) return 'same';
    this.#last = status;
    if (this.#sent.some((sent) => at - sent.at <= echoMs)) return 'older';
    const replacedOurs = this.#lastIsOurs || this.#sent.some(({ answered }) => answered);
    this.#lastIsOurs = false;
    this.#sent = [];
    return replacedOurs ? 'foreign' : 'same';
  }

  /**
   * What the API server has by an answer that the watch has yet to repeat, and until when that is believed; undefined:
   * what the watch brought last.
   */
  newest(at: number): { readonly status: S; readonly until: number } | undefined {
    const found = this.#sent.findLast((sent) => sent.answered && at - sent.at <= echoMs);
    return found && { status: found.status, until: found.at + echoMs };
  }
}
