// Compares the cost of refreshing every registration in time with the rate that the device has shown.

import type { Finding } from '../model/finding.ts';

/** A registration is refreshed when this part of its timeout has passed: one that fails is tried again long before it ends. */
export const turnsPerTimeout = 3;
/** At most this share of a device's time goes into refreshing. */
const mostShare = 0.2;
/** Once it was too much it must be well below: a measured rate is never quite the same. */
const shareToReturn = 0.15;
const longestTimeoutSeconds = 2_592_000;

/** Fewer in one message tell more of the way to the device than of the device. */
const tellingRegistrations = 20;
const samples = 32;

/** How many registrations a second a device has shown to do: the best of its last messages, as others share its time. */
export class ShownRate {
  #last: number[] = [];

  /** A message with so many registrations was answered after so long. */
  note(registrations: number, ms: number): void {
    if (registrations < tellingRegistrations || ms <= 0) return;
    this.#last = [(registrations * 1000) / ms, ...this.#last].slice(0, samples);
  }

  /** undefined before a message told. */
  get perSecond(): number | undefined {
    return this.#last.length === 0 ? undefined : Math.max(...this.#last);
  }

  clear(): void {
    this.#last = [];
  }
}

type RefreshLoad = {
  /** (address, tag) pairs that carry a timeout. */
  readonly pairs: number;
  readonly timeoutSeconds: number;
  /** What the device showed. */
  readonly perSecond: number;
};

/** Whether refreshing takes too much of the device; `before`: it did until now. */
export function isTooMuch({ pairs, timeoutSeconds, perSecond }: RefreshLoad, before: boolean): boolean {
  const share = (turnsPerTimeout * pairs) / timeoutSeconds / perSecond;
  return share > (before ? shareToReturn : mostShare);
}

/** Why the timeout is not given to the device, with the one that would do. */
export function tooMuch({ pairs, timeoutSeconds, perSecond }: RefreshLoad): Finding {
  const needed = (turnsPerTimeout * pairs) / timeoutSeconds;
  const percent = Math.ceil((needed / perSecond) * 100);
  const least = Math.ceil((turnsPerTimeout * pairs) / mostShare / perSecond / 60) * 60;
  const remedy = least > longestTimeoutSeconds ? 'set it to 0' : `set it to at least ${least}, or to 0`;
  const message =
    `spec.registrationTimeoutSeconds ${timeoutSeconds} is too short for this table: to refresh its ${pairs} registrations ` +
    `takes ${Math.ceil(needed)} a second, ${percent} % of the ${Math.round(perSecond)} a second that the device showed, and at ` +
    `most ${mostShare * 100} % is given to it; ${remedy}; until then tags are registered without a timeout`;
  return { reason: 'InvalidSpec', message };
}
