// PanosError: every failure of a device or of the way to it, in the operator's words.
import type { RefusedLimit } from './refused-limit.ts';

/** A device's failures, in the words of status, metrics and logs (a part of the condition reasons). */
export type PanosReason =
  | 'UntrustedCertificate'
  | 'AuthenticationFailed'
  | 'RoleNotAuthorized'
  | 'DeviceUnavailable'
  | 'InvalidResponse'
  | 'RegistrationRejected';

/** Whether the failed call was a user-id message, which changes the table, or one that only reads. */
export type Intent = 'read' | 'update';

type Facts = {
  readonly reason: PanosReason;
  /** backoff: it may pass by itself soon. slow: somebody has to change something first; ask again in minutes. */
  readonly retry: 'backoff' | 'slow';
  /** Whether the user-id message of the call may have taken effect. 'no' is certain; a read never takes effect. */
  readonly applied: 'no' | 'unknown';
  /** The device's response code, or the transport's error code; '' when there was none. */
  readonly code?: string;
  /** The device is up and refuses the credentials, whatever the reason says of it: a login is never hurried. */
  readonly refusesPass?: boolean;
  /** The device's own words, in one line. */
  readonly said?: string;
  /** The device cannot do it now, whatever it is: no entry of the message is to blame. */
  readonly notNow?: boolean;
  /** What the device's own words say of a limit of it. */
  readonly limit?: RefusedLimit | undefined;
  readonly cause?: unknown;
};

/**
 * Every failure of a device or of the way to it. The message is a sentence for an administrator. It may repeat the
 * device's words (`said`): whoever knows the secrets takes them out with `withWords` before it goes on.
 */
export class PanosError extends Error {
  override readonly name = 'PanosError';
  readonly reason: PanosReason;
  readonly retry: 'backoff' | 'slow';
  readonly applied: 'no' | 'unknown';
  readonly code: string;
  readonly #problem: string;
  readonly #facts: Facts;

  constructor(problem: string, facts: Facts) {
    const message = facts.said === undefined ? problem : `${problem}. It said: ${facts.said}`;
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.reason = facts.reason;
    this.retry = facts.retry;
    this.applied = facts.applied;
    this.code = facts.code ?? '';
    this.#problem = problem;
    this.#facts = facts;
  }

  /** The device itself has answered, and refused the call as a whole. */
  get refused(): boolean {
    return this.#facts.said !== undefined;
  }

  /** The device says that it cannot do anything of the kind now: no entry of the message is to blame. */
  get notNow(): boolean {
    return this.#facts.notNow === true;
  }

  /** What the words with which the call was refused say of a limit of the device. */
  get limit(): RefusedLimit | undefined {
    return this.#facts.limit;
  }

  get refusesPass(): boolean {
    return this.#facts.refusesPass ?? this.reason === 'AuthenticationFailed';
  }

  /** The same failure, understood otherwise. */
  understoodAs(
    other: Pick<Facts, 'reason' | 'retry' | 'refusesPass'> & { readonly problem: string },
  ): PanosError {
    const { problem, ...facts } = other;
    return new PanosError(problem, { ...this.#facts, ...facts });
  }

  /** The same error, the device's words changed. */
  withWords(change: (words: string) => string): PanosError {
    const { said } = this.#facts;
    return said === undefined ? this : new PanosError(this.#problem, { ...this.#facts, said: change(said) });
  }
}

/**
 * An answer that cannot be read as what was asked for; never taken for an empty one.
 * @param said the device's words in it, where it has any.
 */
export function invalidResponse(problem: string, intent: Intent, said = ''): PanosError {
  return new PanosError(
    `the device's answer cannot be trusted: ${problem}. Check that the endpoint is a PAN-OS management interface`,
    {
      reason: 'InvalidResponse',
      retry: 'backoff',
      applied: mayHaveApplied(intent),
      ...(said === '' ? {} : { said }),
    },
  );
}

export function mayHaveApplied(intent: Intent): 'no' | 'unknown' {
  return intent === 'update' ? 'unknown' : 'no';
}
