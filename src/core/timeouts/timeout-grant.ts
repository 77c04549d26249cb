// Decides which timeout registrations are given on one device: that of the spec, unless the device lacks it or is too slow for it.

import type { Finding } from '../model/finding.ts';
import { isTooMuch, ShownRate, tooMuch } from './refresh-cost.ts';

/** What the spec asks for. */
export type TimeoutSettings = {
  /** spec.registrationTimeoutSeconds; 0: registrations stay until they are taken back. */
  readonly timeoutSeconds: number;
  /** Why the device cannot be given a timeout; undefined: it can. */
  readonly obstacle: Finding | undefined;
};

export class TimeoutGrant {
  readonly #rate = new ShownRate();
  #settings: TimeoutSettings = { timeoutSeconds: 0, obstacle: undefined };
  /** The wanted timeout costs the device too much. */
  #refusal: Finding | undefined;
  /** The shortest timeout, of those before the present one, that may still be on the device; 0: none. */
  #former = 0;

  /** What registrations are given from now on, in seconds; 0: none. */
  get timeoutSeconds(): number {
    return this.finding === undefined ? this.#settings.timeoutSeconds : 0;
  }

  /** Why the timeout of the spec is not given. */
  get finding(): Finding | undefined {
    if (this.#settings.timeoutSeconds === 0) return undefined;
    return this.#settings.obstacle ?? this.#refusal;
  }

  /** The shortest timeout that the device may be counting down, in seconds; 0: none. */
  get outstanding(): number {
    return least(this.#former, this.timeoutSeconds);
  }

  /** How many registrations a second the device has shown to do; undefined before a message told. */
  get perSecond(): number | undefined {
    return this.#rate.perSecond;
  }

  /** Takes up what the spec asks for; false: nothing changed. */
  configure(settings: TimeoutSettings): boolean {
    const { timeoutSeconds, obstacle } = this.#settings;
    const edited = timeoutSeconds !== settings.timeoutSeconds;
    if (!edited && obstacle?.message === settings.obstacle?.message) return false;
    this.#former = this.outstanding;
    this.#settings = settings;
    if (edited) this.#refusal = undefined;
    return true;
  }

  /** A message with so many registrations was answered after so long. */
  answered(registrations: number, ms: number): void {
    this.#rate.note(registrations, ms);
  }

  /**
   * Decides whether the device can bear the timeout, by what it has shown; true: that changed.
   * @param pairs (address, tag) pairs that the device holds.
   */
  judge(pairs: number): boolean {
    const { timeoutSeconds, obstacle } = this.#settings;
    const { perSecond } = this.#rate;
    if (timeoutSeconds === 0 || obstacle !== undefined || perSecond === undefined) return false;
    const load = { pairs, timeoutSeconds, perSecond };
    const refused = this.#refusal !== undefined;
    if (isTooMuch(load, refused) === refused) return false;
    this.#former = this.outstanding;
    this.#refusal = refused ? undefined : tooMuch(load);
    return true;
  }

  /** Another leader may have given a timeout as short as this, in seconds; 0: none. */
  inherit(timeoutSeconds: number): void {
    this.#former = least(this.#former, timeoutSeconds);
  }

  /** All registrations carry the present timeout. */
  settled(): void {
    this.#former = 0;
  }

  /** The device is another one, or another client may write to it: it may count down what the former one does. */
  forget(): void {
    this.#former = this.outstanding;
    this.#rate.clear();
    this.#refusal = undefined;
  }
}

/** The smaller one, where 0 stands for none. */
function least(a: number, b: number): number {
  return a === 0 || b === 0 ? a + b : Math.min(a, b);
}
