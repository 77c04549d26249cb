// Takes Events from everywhere, writes them at leisure, and makes repeats one series. Nothing waits for it, and an API
// server that does not take Events costs the operator no more than one log line an outage.

import type { EventNote } from '../../core/status/event-note.ts';
import {
  createEvent,
  eventName,
  type EventSeries,
  type Regarding,
  repeatEvent,
} from '../../kubernetes/events/events.ts';
import type { KubeHttp } from '../../kubernetes/client/http.ts';
import { KubeApiError } from '../../kubernetes/errors/kube-errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { createPace } from '../../runtime/pace.ts';
import { createWake } from '../../runtime/wake.ts';
import { createBackoff } from '../device/device-backoff.ts';

type EventRecorderOptions = {
  readonly http: KubeHttp;
  /** Who reports: the Pod's name. */
  readonly instance: string;
  readonly failed: (reason: string) => void;
  readonly log: Logger;
  /** ms since the epoch. */
  readonly clock: () => number;
};

/** `written`: how often the API server knows it was said; 0 until it knows of it at all. */
type Kept = EventSeries & { readonly written: number };

/** What is said again after so long is told anew; client-go's finishTime. */
const seriesEndMs = 6 * 60_000;
/** Series that are remembered, written or not; the oldest go first. */
const capacity = 1000;
const writesPerSecond = 5;
const idleMs = 60_000;
/** At a clean stop, what still waits has so long to be written. */
const drainMs = 2000;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  /** By what it says about which object; least recently said first. */
  readonly #series = new Map<string, Kept>();
  readonly #waiting = new Set<string>();
  readonly #wake = createWake();
  readonly #retry = createWake();
  readonly #backoff = createBackoff();
  #names = 0n;
  #failing = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Returns at once; an Event that the API server will not take is dropped. */
  record(regarding: Regarding, event: EventNote): void {
    const at = this.#options.clock();
    const key = JSON.stringify([regarding.uid, event.reason, event.note]);
    const before = this.#series.get(key);
    const goesOn = before !== undefined && at - before.lastAt < seriesEndMs;
    const series = goesOn
      ? { ...before, lastAt: at, count: before.count + 1 }
      : {
          name: this.#newName(regarding, at),
          regarding,
          event,
          firstAt: at,
          lastAt: at,
          count: 1,
          written: 0,
        };
    this.#series.delete(key);
    this.#series.set(key, series);
    this.#waiting.add(key);
    this.#forgetOld(at);
    this.#wake.notify();
  }

  /** Writes until the signal, then what still waits, for a short time. Never rejects for the API server's sake. */
  async run(signal: AbortSignal): Promise<void> {
    const pace = createPace(writesPerSecond, () => performance.now());
    while (!signal.aborted) {
      try {
        if (this.#waiting.size === 0) await this.#wake.sleep(idleMs, signal);
        else {
          await pace.turn(signal);
          await this.#writeNext(signal);
        }
      } catch (error) {
        if (signal.aborted) break;
        await this.#failed(error, signal);
      }
    }
    await this.#drain();
  }

  async #drain(): Promise<void> {
    const limit = AbortSignal.timeout(drainMs);
    try {
      while (this.#waiting.size > 0 && !limit.aborted) await this.#writeNext(limit);
    } catch (error) {
      this.#options.log.warn({ err: error, dropped: this.#waiting.size }, 'event writes failed');
    }
  }

  async #writeNext(signal: AbortSignal): Promise<void> {
    const [key] = this.#waiting;
    const series = key === undefined ? undefined : this.#series.get(key);
    if (key === undefined || series === undefined) return;
    try {
      await this.#write(series, signal);
      if (this.#failing) this.#options.log.info('event writes recovered');
      this.#failing = false;
      this.#backoff.reset();
    } catch (error) {
      if (signal.aborted || !isRefusal(error)) throw error;
      this.#refused(error, series);
    }
    this.#written(key, series);
  }

  /** It may have been said again meanwhile, and then waits for its next turn, behind the others. */
  #written(key: string, { name, count }: Kept): void {
    this.#waiting.delete(key);
    const now = this.#series.get(key);
    if (now === undefined || now.name !== name) return;
    this.#series.set(key, { ...now, written: count });
    if (now.count > count) this.#waiting.add(key);
  }

  async #write(series: Kept, signal: AbortSignal): Promise<void> {
    const { http, instance } = this.#options;
    if (series.written > 0) {
      try {
        return await repeatEvent(http, series, signal);
      } catch (error) {
        // Events expire; this one is told again, with its count.
        if (!(error instanceof KubeApiError && error.status === 404)) throw error;
      }
    }
    try {
      await createEvent(http, series, instance, signal);
    } catch (error) {
      // Nobody else makes this name: an earlier attempt got through without an answer.
      if (!(error instanceof KubeApiError && error.status === 409)) throw error;
      if (series.count > 1) await repeatEvent(http, series, signal);
    }
  }

  #refused(error: KubeApiError, { event }: Kept): void {
    // A namespace that is being deleted takes no new objects, and its objects need no Events.
    const isExpected = error.message.includes('is being terminated') || error.status === 404;
    if (!isExpected) this.#options.failed('EventWrite');
    const isNews = !isExpected && !this.#failing;
    this.#options.log[isNews ? 'warn' : 'debug']({ reason: event.reason, err: error }, 'event refused');
    if (!isExpected) this.#failing = true;
  }

  async #failed(cause: unknown, signal: AbortSignal): Promise<void> {
    this.#options.failed('EventWrite');
    this.#options.log[this.#failing ? 'debug' : 'warn']({ err: cause }, 'event write failed, retrying');
    this.#failing = true;
    await this.#retry.sleep(this.#backoff.next({ retry: 'backoff' }), signal).catch(() => undefined);
  }

  #newName({ name }: Regarding, at: number): string {
    this.#names += 1n;
    return eventName(name, BigInt(at) * 1_000_000n + (this.#names % 1_000_000n));
  }

  #forgetOld(at: number): void {
    for (const [key, { lastAt }] of this.#series) {
      const isOld = at - lastAt >= seriesEndMs && !this.#waiting.has(key);
      if (!isOld && this.#series.size <= capacity) return;
      this.#series.delete(key);
      this.#waiting.delete(key);
    }
  }
}

/** The API server will not take this one, however often it is asked. */
function isRefusal(error: unknown): error is KubeApiError {
  if (!(error instanceof KubeApiError)) return false;
  return error.status >= 400 && error.status < 500 && ![401, 408, 429].includes(error.status);
}
