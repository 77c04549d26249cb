// The time that a device takes for the pairs of messages: one after the other, whoever sent them.

import type { Settings } from '../settings.ts';

export type PairCount = { readonly register: number; readonly unregister: number };

export class WorkQueue {
  readonly #settings: () => Settings;
  #busyUntil = 0;

  constructor(settings: () => Settings) {
    this.#settings = settings;
  }

  /** Queues pairs; returns the milliseconds until they are done. */
  add({ register, unregister }: PairCount): number {
    const { pairMs } = this.#settings();
    const cost = register * pairMs.register + unregister * pairMs.unregister;
    if (cost === 0) return 0;
    const now = performance.now();
    this.#busyUntil = Math.max(now, this.#busyUntil) + cost;
    return this.#busyUntil - now;
  }

  /** Drops what is queued. */
  clear(): void {
    this.#busyUntil = 0;
  }
}
