// Queues Events and writes them at a steady pace. Nothing waits for it, and an API server that does not take Events costs
// the operator no more than one log line an outage.

import type { EventNote } from '../../core/status/event-note.ts';
import { createEvent, eventName, type NewEvent, type Regarding } from '../../kubernetes/events/events.ts';
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

/** Events that wait; beyond it the oldest goes. */
const capacity = 1000;
const writesPerSecond = 5;
const idleMs = 60_000;
/** At a clean stop, what still waits has so long to be written. */
const drainMs = 2000;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  /** By what it says about which object; oldest first. */
  readonly #waiting = new Map<string, NewEvent>();
  readonly #wake = createWake();
  readonly #retry = createWake();
  readonly #backoff = createBackoff();
  #names = 0n;
  #failing = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Returns at once; an Event that the API server will not take is dropped. A repeat replaces what still waits. */
  record(regarding: Regarding, event: EventNote): void {
    const at = this.#options.clock();
    const key = JSON.stringify([regarding.uid, event.reason, event.note]);
    this.#waiting.delete(key);
    this.#waiting.set(key, { ...event, name: this.#newName(regarding, at), regarding, at });
    const [oldest = key] = this.#waiting.keys();
    if (this.#waiting.size > capacity) this.#waiting.delete(oldest);
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
    const [next] = this.#waiting;
    if (next === undefined) return;
    const [key, event] = next;
    try {
      await this.#write(event, signal);
      if (this.#failing) this.#options.log.info('event writes recovered');
      this.#failing = false;
      this.#backoff.reset();
    } catch (error) {
      if (signal.aborted || !isRefusal(error)) throw error;
      this.#refused(error, event);
    }
    // A repeat may have taken its place meanwhile.
    if (this.#waiting.get(key) === event) this.#waiting.delete(key);
  }

  async #write(event: NewEvent, signal: AbortSignal): Promise<void> {
    try {
      await createEvent(this.#options.http, event, this.#options.instance, signal);
    } catch (error) {
      // Nobody else makes this name: an earlier attempt got through without an answer.
      if (!(error instanceof KubeApiError && error.status === 409)) throw error;
    }
  }

  #refused(error: KubeApiError, { reason }: NewEvent): void {
    // A namespace that is being deleted takes no new objects, and its objects need no Events.
    const isExpected = error.message.includes('is being terminated') || error.status === 404;
    if (!isExpected) this.#options.failed('EventWrite');
    const isNews = !isExpected && !this.#failing;
    this.#options.log[isNews ? 'warn' : 'debug']({ reason, err: error }, 'event refused');
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
}

/** The API server will not take this one, however often it is asked. */
function isRefusal(error: unknown): error is KubeApiError {
  if (!(error instanceof KubeApiError)) return false;
  return error.status >= 400 && error.status < 500 && ![401, 408, 429].includes(error.status);
}
