// Looks up the device groups of a Panorama periodically, and reports the members or the failure.

import { DeviceError } from '../../core/model/device-error.ts';
import type { GroupsAnswer } from '../../core/device/device-groups.ts';
import type { Logger } from '../../runtime/logger.ts';
import { createWake } from '../../runtime/wake.ts';
import { abortable } from '../../signals/abort.ts';
import { createBackoff } from '../device/device-backoff.ts';

type GroupDiscoveryOptions = {
  /** Whether there are groups to look for. */
  readonly wanted: () => boolean;
  readonly look: (signal: AbortSignal) => Promise<GroupsAnswer>;
  readonly found: (groups: GroupsAnswer) => Promise<void>;
  readonly failed: (failure: DeviceError) => Promise<void>;
  readonly log: Logger;
  /** Between two looks. */
  readonly lookMs: number;
};

export class GroupDiscovery {
  readonly #options: GroupDiscoveryOptions;
  readonly #wake = createWake();
  readonly #backoff = createBackoff();
  #failing: string | undefined;
  #first = Promise.withResolvers<void>();

  constructor(options: GroupDiscoveryOptions) {
    this.#options = options;
  }

  /** Looks at once. */
  soon(): void {
    this.#backoff.reset();
    this.#wake.notify();
  }

  /** Resolves when it has looked once since it began, whatever came of it. Rejects with the signal's reason. */
  async firstLook(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await abortable(this.#first.promise, signal);
  }

  /** What was found before says nothing about what comes now. */
  begin(): void {
    this.#first = Promise.withResolvers();
  }

  /** Until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const delayMs = await this.#look(signal);
      await this.#wake.sleep(delayMs, signal).catch(() => undefined);
    }
  }

  /** ms until the next look. */
  async #look(signal: AbortSignal): Promise<number> {
    const { wanted, look, found, failed, lookMs } = this.#options;
    const first = this.#first;
    try {
      if (!wanted()) return lookMs;
      const groups = await look(signal);
      // It may have been another Panorama's.
      if (first !== this.#first) return 0;
      await found(groups);
      return this.#succeeded();
    } catch (error) {
      if (signal.aborted || first !== this.#first) return 0;
      if (!(error instanceof DeviceError)) throw error;
      await failed(error);
      return this.#failed(error);
    } finally {
      first.resolve();
    }
  }

  #failed(failure: DeviceError): number {
    const { reason, message } = failure;
    const retryInMs = Math.round(Math.min(this.#backoff.next(failure), this.#options.lookMs));
    const level = message === this.#failing ? 'debug' : 'warn';
    this.#failing = message;
    this.#options.log[level]({ reason, problem: message, retryInMs }, 'device group lookup failed, retrying');
    return retryInMs;
  }

  #succeeded(): number {
    if (this.#failing !== undefined) this.#options.log.info('device group lookup recovered');
    this.#failing = undefined;
    this.#backoff.reset();
    return this.#options.lookMs;
  }
}
