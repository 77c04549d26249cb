// DeviceError: any failure of a device or of the way to it, from the socket to the status.

import type { ConditionReason } from './model.ts';

/** A limit that a device told by refusing. */
export type RefusedLimit = {
  readonly kind: 'addresses' | 'tags';
  /** Otherwise the words may mean something else. */
  readonly isCertain: boolean;
  /** As the device says it. */
  readonly figure?: number | undefined;
};

type DeviceFacts = {
  /** backoff: it may pass by itself soon. slow: somebody has to change something first; ask again in minutes. */
  readonly retry: 'backoff' | 'slow';
  /** Whether the message that failed may have taken effect. 'no' is certain; a read never takes effect. */
  readonly applied: 'no' | 'unknown';
  /** The device's response code, or the transport's error code. Default: '', there was none. */
  readonly code?: string | undefined;
  /** The device's own words, in one line. */
  readonly said?: string | undefined;
  /** The device itself has answered, and refused the call as a whole. Default: whether it said something. */
  readonly refused?: boolean | undefined;
  /**
   * The message was answered by a device that may not have done it, or cannot do anything of the kind now: none of its
   * entries is to blame. Default: false.
   */
  readonly answered?: boolean | undefined;
  /** What the device's words, with which it refused the call as a whole, say of a limit of it. */
  readonly limit?: RefusedLimit | undefined;
  /** The device is up and refuses the credentials: it is not asked every few seconds. Default: by the reason. */
  readonly refusesPass?: boolean | undefined;
  /** Of several devices one is away, or not active: it may be used as soon as it answers, whatever the others refuse. */
  readonly someAway?: boolean | undefined;
  readonly cause?: unknown;
};

/**
 * The message is a sentence for an administrator: the problem with the next step, and the device's own words. Whoever
 * knows the secrets takes them out of these (`said`) before the error goes on.
 */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
  readonly reason: ConditionReason;
  /** The message without the device's words. */
  readonly problem: string;
  readonly #facts: DeviceFacts;

  constructor(reason: ConditionReason, problem: string, facts: DeviceFacts) {
    const message = facts.said === undefined ? problem : `${problem}. It said: ${facts.said}`;
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.reason = reason;
    this.problem = problem;
    this.#facts = facts;
  }

  get retry(): 'backoff' | 'slow' {
    return this.#facts.retry;
  }

  get applied(): 'no' | 'unknown' {
    return this.#facts.applied;
  }

  get code(): string {
    return this.#facts.code ?? '';
  }

  get said(): string | undefined {
    return this.#facts.said;
  }

  get refused(): boolean {
    return this.#facts.refused ?? this.said !== undefined;
  }

  get answered(): boolean {
    return this.#facts.answered ?? false;
  }

  get limit(): RefusedLimit | undefined {
    return this.#facts.limit;
  }

  get refusesPass(): boolean {
    return this.#facts.refusesPass ?? this.reason === 'AuthenticationFailed';
  }

  get someAway(): boolean {
    return this.#facts.someAway ?? false;
  }

  /** The same failure with some facts changed; all others are kept. */
  with(
    changes: Partial<DeviceFacts> & { readonly reason?: ConditionReason; readonly problem?: string },
  ): DeviceError {
    const { reason = this.reason, problem = this.problem, ...facts } = changes;
    return new DeviceError(reason, problem, { ...this.#facts, ...facts });
  }
}
