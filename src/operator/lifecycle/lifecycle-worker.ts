// Keeps finalizers on PanFirewalls before anything is registered, and finishes those that are deleted, while we lead.

import type { Logger } from '../../runtime/logger.ts';
import { createWake, pause } from '../../runtime/wake.ts';
import type { FirewallObject } from '../cluster/firewall-objects.ts';
import { type Farewells, isFinalizing } from './farewells.ts';
import { type Finalizers, isSettled } from './finalizers.ts';

type LifecycleWorkerOptions = {
  /** Every PanFirewall, as the watch brought it last. */
  readonly firewalls: () => Iterable<FirewallObject>;
  readonly finalizers: Finalizers;
  readonly farewells: Farewells;
  readonly failed: (reason: string) => void;
  readonly log: Logger;
};

const idleMs = 5_000;
/** Purges report by `changed`, but for the passing of time. */
const deletingMs = 500;
/** A status that was written meanwhile made a patch fail, and nothing is registered before it is done. */
const unsettledMs = 50;
/** Pods move much more often than PanFirewalls do. */
const settleMs = 10;
const retryMs = 2_000;

export class LifecycleWorker {
  readonly #options: LifecycleWorkerOptions;
  readonly #wake = createWake();
  #restMs = 0;
  #failing = false;

  constructor(options: LifecycleWorkerOptions) {
    this.#options = options;
  }

  changed(): void {
    this.#wake.notify();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#review(signal);
        await this.#wake.sleep(this.#restMs, signal);
        await pause(settleMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#postpone(error, signal).catch(() => undefined);
      }
    }
  }

  async #review(signal: AbortSignal): Promise<void> {
    const { firewalls, finalizers, farewells } = this.#options;
    const all = [...firewalls()];
    const parsed = all.map((object) => object.parsed);
    const outcomes = [await finalizers.review(parsed, signal), await farewells.review(all, signal)];
    const isOpen = !parsed.every(isSettled);
    this.#restMs = isOpen ? unsettledMs : all.some(isFinalizing) ? deletingMs : idleMs;
    const [failure] = outcomes.flat();
    if (failure !== undefined) throw failure;
    this.#failing = false;
  }

  /** Finalizer updates are retried without end, with one log line for an outage. */
  async #postpone(error: unknown, signal: AbortSignal): Promise<void> {
    const { log, failed } = this.#options;
    failed('FinalizerWrite');
    log[this.#failing ? 'debug' : 'warn']({ err: error }, 'finalizer update failed, retrying');
    this.#failing = true;
    await pause(retryMs, signal);
  }
}
