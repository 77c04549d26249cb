// Outages of one table's device, by kind of call: each is logged once, retried with its own
// backoff, and ends with the success of that kind or of one that contains it.

import type { DeviceError } from '../../core/model/device-error.ts';
import type { Finding } from '../../core/model/finding.ts';
import type { Logger } from '../../runtime/logger.ts';
import { createWake } from '../../runtime/wake.ts';
import { type Backoff, createBackoff } from './device-backoff.ts';

/**
 * connect: the device says who it is. look: its mark, or its place in an HA pair. read: the whole table. write: a
 * message that changes it.
 */
export type CallKind = 'connect' | 'look' | 'read' | 'write';

/** Whose outage the success of a kind of call ends. */
const contains: Readonly<Record<CallKind, readonly CallKind[]>> = {
  connect: ['connect'],
  look: ['connect', 'look'],
  read: ['connect', 'look', 'read'],
  write: ['connect', 'write'],
};

type Open = {
  finding: Finding;
  readonly backoff: Backoff;
  /** The messages that the log has. */
  readonly told: Set<string>;
};

/** A device whose words differ each time does not fill the log. */
const mostLines = 8;

export class Outage {
  readonly #log: Logger;
  readonly #what: string;
  readonly #retry = createWake();
  /** The last one failed last. */
  readonly #open = new Map<CallKind, Open>();

  /** @param what fails, in the words of the log: 'device', 'purge'. */
  constructor(what: string, log: Logger) {
    this.#what = what;
    this.#log = log;
  }

  /** What failed last, and has not succeeded since. */
  get failing(): Finding | undefined {
    return [...this.#open.values()].at(-1)?.finding;
  }

  isOpen(kind: CallKind): boolean {
    return this.#open.has(kind);
  }

  /**
   * A call failed. Tells in how many ms it may be tried again.
   * @param paceMs where it is known how soon it is worth to try again; else the distances grow.
   */
  note(kind: CallKind, failure: DeviceError, paceMs?: number): number {
    const { reason, message } = failure;
    const { backoff, told } = this.#open.get(kind) ?? { backoff: createBackoff(), told: new Set() };
    const retryInMs = Math.round(paceMs ?? backoff.next(failure));
    const line = `${reason} ${message}`;
    const isNew = !told.has(line) && told.size < mostLines;
    if (isNew) told.add(line);
    this.#log[isNew ? 'warn' : 'debug'](
      { call: kind, reason, problem: message, retryInMs },
      `${this.#what} failed`,
    );
    this.#open.delete(kind);
    this.#open.set(kind, { finding: { reason, message }, backoff, told });
    return retryInMs;
  }

  /** As `note`. Resolves when it may be tried again. */
  async failed(kind: CallKind, failure: DeviceError, signal: AbortSignal, paceMs?: number): Promise<void> {
    const delayMs = this.note(kind, failure, paceMs);
    await this.#retry.sleep(delayMs, signal).catch(() => undefined);
  }

  succeeded(kind: CallKind): void {
    if (this.#open.size === 0) return;
    for (const ended of contains[kind]) this.#open.delete(ended);
    if (this.#open.size === 0) this.#log.info(`${this.#what} works again`);
  }

  /** What was wrong says nothing about what comes now. */
  forget(): void {
    this.#open.clear();
  }

  /** Something changed: what failed may work now. */
  retryNow(): void {
    for (const { backoff } of this.#open.values()) backoff.reset();
    this.#retry.notify();
  }

  /** Waits, unless something changes. */
  pause(ms: number, signal: AbortSignal): Promise<void> {
    return this.#retry.sleep(ms, signal);
  }
}
