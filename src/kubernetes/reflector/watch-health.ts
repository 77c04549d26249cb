// Tracks whether list and watch work, logs each change once, and chooses the backoff after a failure.

import { type Backoff, createBackoff } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Failure } from '../errors/failure.ts';
import type { Logger, ReflectorState } from './reflector-options.ts';

type WatchHealthOptions = {
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
};

/** As client-go's reflector. */
const limits = { baseMs: 800, maxMs: 30_000, resetAfterMs: 120_000 };
/** Part of an API server's ordinary life: nobody has to do anything. */
const ordinary: ReadonlySet<string> = new Set(['Expired', 'Ended']);

export class WatchHealth {
  readonly #options: WatchHealthOptions;
  readonly #backoff: Backoff;
  #failing: ReflectorState['failing'];
  #lastReason: string | undefined;

  constructor(options: WatchHealthOptions) {
    this.#options = options;
    this.#backoff = createBackoff({ ...limits, now: options.clock.now, random: options.random });
  }

  get failing(): ReflectorState['failing'] {
    return this.#failing;
  }

  good(): void {
    if (this.#failing === undefined) return;
    this.#options.log.info({ after: this.#failing.reason }, 'watch recovered');
    this.#failing = undefined;
  }

  /** Returns how long to wait, in ms. A failure that repeats itself is worth a line in the log once. */
  failed({ reason, message, retryAfterMs }: Failure): number {
    const { log, clock } = this.#options;
    // The server answers, if only that our version is too old: what its outage has cost is over.
    if (reason === 'Expired' && this.#lastReason !== 'Expired') this.#backoff.restart();
    this.#lastReason = reason;
    const waitMs = Math.round(Math.max(this.#backoff.next(), retryAfterMs));
    const level = this.#failing?.reason === reason ? 'debug' : ordinary.has(reason) ? 'info' : 'warn';
    log[level]({ reason, detail: message, waitMs }, 'watch failed, retrying');
    this.#failing = { reason, message, since: this.#failing?.since ?? clock.now() };
    return waitMs;
  }
}
