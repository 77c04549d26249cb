// What is wrong with a device, as far as one table sees it: told once, tried again at growing distances, ended by success.

import type { Finding } from '../core/conditions.ts';
import type { Logger } from '../runtime/logger.ts';
import { createWake } from '../runtime/wake.ts';
import { createBackoff } from './backoff.ts';
import type { DeviceFailure } from './device-port.ts';

export class Outage {
  readonly #log: Logger;
  readonly #what: string;
  readonly #retry = createWake();
  readonly #backoff = createBackoff();
  #failing: Finding | undefined;

  /** @param what fails, in the words of the log: 'device', 'purge'. */
  constructor(what: string, log: Logger) {
    this.#what = what;
    this.#log = log;
  }

  /** The last call failed, and none has succeeded since. */
  get failing(): Finding | undefined {
    return this.#failing;
  }

  /**
   * Resolves when it may be tried again.
   * @param paceMs where it is known how soon it is worth to try again; else the distances grow.
   */
  async failed(
    { reason, message, retry }: DeviceFailure,
    signal: AbortSignal,
    paceMs?: number,
  ): Promise<void> {
    const delayMs = Math.round(paceMs ?? this.#backoff.next(retry));
    // One line for an outage, however many attempts it takes.
    const again = this.#failing?.reason === reason && this.#failing.message === message;
    const facts = { reason, problem: message, retryInMs: delayMs };
    this.#log[again ? 'debug' : 'warn'](facts, `${this.#what} failed`);
    this.#failing = { reason, message };
    await this.#retry.sleep(delayMs, signal).catch(() => undefined);
  }

  succeeded(): void {
    if (this.#failing !== undefined) this.#log.info(`${this.#what} works again`);
    this.forget();
  }

  /** What was wrong says nothing about what comes now. */
  forget(): void {
    this.#failing = undefined;
    this.#backoff.reset();
  }

  /** Something changed: what failed may work now. */
  retryNow(): void {
    this.#backoff.reset();
    this.#retry.notify();
  }

  /** Waits, unless something changes. */
  pause(ms: number, signal: AbortSignal): Promise<void> {
    return this.#retry.sleep(ms, signal);
  }
}
