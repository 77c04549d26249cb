// Classifies a device's refusals: response codes, and the few English texts that carry meaning.
import { DeviceError } from '../../core/model/device-error.ts';
import type { ConditionReason } from '../../core/model/model.ts';
import { oneLine } from './device-words.ts';
import { type Intent, mayHaveApplied } from './errors.ts';
import { type Echo, noEcho, type Phrase, phrases, says, saysNotNow } from './phrases.ts';
import { refusedLimit } from './refused-limit.ts';

type Meaning = {
  readonly reason: ConditionReason;
  readonly retry: 'backoff' | 'slow';
  /** The device said so before it looked at the message: it has not taken effect. */
  readonly before: boolean;
  readonly problem: string;
  /** In place of the device's words, which may hold a secret. */
  readonly instead?: string;
  readonly notNow?: boolean;
};

const internalError: Meaning = {
  reason: 'DeviceUnavailable',
  retry: 'backoff',
  before: false,
  problem: 'the device reports an internal error. If this persists, check its system log',
};

const unknownCommand: Meaning = {
  reason: 'InvalidResponse',
  retry: 'slow',
  before: true,
  problem: 'the device does not know this command. PAN-OS 8.0 or newer is needed',
};

const unauthorized: Meaning = {
  reason: 'AuthenticationFailed',
  retry: 'slow',
  before: true,
  problem:
    'the device refuses the credentials: they are wrong, were changed, or the API key has expired. Check the Secret, and the administrator behind it on the device',
};

const sessionTimedOut: Meaning = {
  ...unauthorized,
  retry: 'backoff',
  problem:
    'the device has ended the session. Retrying; if this persists, renew the key or the password in the Secret',
};

const keyExpired: Meaning = {
  ...unauthorized,
  problem:
    'the device says that the API key has expired. Generate a new one and put it into the Secret, or put user name and password there, from which keys are generated',
  // The device's sentence names the key (Splunk-Apps #151).
  instead: 'the key has expired',
};

const notNow: Meaning = {
  reason: 'DeviceUnavailable',
  retry: 'backoff',
  before: false,
  notNow: true,
  problem: 'the device cannot do it now. Retrying; if this persists, check its system log',
};

const roleNotAuthorized: Meaning = {
  reason: 'RoleNotAuthorized',
  retry: 'slow',
  before: true,
  problem:
    "the administrator lacks a right. On the device, in the XML API tab of the administrator's role, allow User-ID Agent and Operational Requests",
};

/** Sent for bad credentials and for a right that the role lacks. */
const unauthorizedRequest: Meaning = {
  ...unauthorized,
  problem:
    "the device rejects the request as unauthorized. Check the Secret, and that the XML API tab of the administrator's role allows User-ID Agent and Operational Requests",
};
const unauthorizedRequestCode = '16';

/** The same code, where the credentials are beyond doubt. */
export function withoutDoubt(refused: DeviceError): DeviceError {
  const { reason, retry, problem } = roleNotAuthorized;
  return refused.code === unauthorizedRequestCode && refused.reason === 'AuthenticationFailed'
    ? refused.with({ reason, retry, problem })
    : refused;
}

/** PAN-OS XML API error codes ("PAN-OS XML API Error Codes"). What is not here refuses the call as a whole. */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['403', unauthorized],
  [unauthorizedRequestCode, unauthorizedRequest],
  ['22', sessionTimedOut],
  ['1', unknownCommand],
  ['2', internalError],
  ['3', internalError],
  ['4', internalError],
  ['5', internalError],
  ['11', internalError],
  ['21', internalError],
  [
    '14',
    {
      ...internalError,
      problem:
        'the device says that the operation is not possible now. If this persists, check its system log',
    },
  ],
  [
    '15',
    {
      ...internalError,
      retry: 'slow',
      before: true,
      problem:
        'the device denies the operation. If it is not the passive member of an HA pair, check the rights of the administrator',
    },
  ],
]);

/** Codes that a device sends before it looks at the message: its words then repeat nothing of it. */
const accessCodes: ReadonlySet<string> = new Set(['403', unauthorizedRequestCode, '22']);
/** Codes under which an expired key was seen, or may be: Splunk-Apps #151 has an HTTP 400. */
const expiryCodes: ReadonlySet<string> = new Set(['', '400', '401', '403']);

/**
 * Texts that decide more than their code does: the same 403 stands for a bad key and for a missing right, and the code of
 * a session's end is not always sent. Sources: pan-os-python base.py, and PAN-OS 10.2 replies.
 */
const accessTexts: readonly (readonly [Phrase, Meaning])[] = [
  [phrases.notAuthorized, roleNotAuthorized],
  [phrases.sessionTimedOut, sessionTimedOut],
  [phrases.invalidCredential, unauthorized],
];

/** The same where the words may be those of a tag: only as the beginning or as the whole of what is said. */
const accessTextsAlone: readonly (readonly [Phrase, Meaning])[] = [
  [phrases.notAuthorizedAlone, roleNotAuthorized],
  [phrases.sessionTimedOut, sessionTimedOut],
  [phrases.invalidCredentialAlone, unauthorized],
];

type Refused = {
  /** '' when the device sent none. */
  readonly code: string;
  readonly text: string;
  readonly intent: Intent;
  /** Of what was sent. Default: nothing was that a tenant wrote. */
  readonly echo?: Echo;
};

/**
 * What a reply with status="error" means. An unknown one is a refusal of the whole message, whose cause may be a single
 * entry in it.
 */
export function refusal(reply: Refused): DeviceError {
  const { code, text, intent, echo = noEcho } = reply;
  const meaning = meaningOf(reply);
  const words = meaning.instead ?? oneLine(text);
  const number = /^\d{1,4}$/.test(code) ? code : '';
  const problem = number === '' ? meaning.problem : `${meaning.problem} (code ${number})`;
  return new DeviceError(meaning.reason, problem, {
    retry: meaning.retry,
    applied: meaning.before ? 'no' : mayHaveApplied(intent),
    code: number,
    said: words === '' ? 'nothing' : words,
    answered: meaning.notNow === true,
    limit: intent === 'update' ? refusedLimit(text, echo) : undefined,
  });
}

function meaningOf({ code, text, intent, echo = noEcho }: Refused): Meaning {
  if (expiryCodes.has(code) && says(phrases.keyExpired, text, echo) !== undefined) return keyExpired;
  const mayRepeat = intent === 'update' && !accessCodes.has(code);
  const known = (mayRepeat ? accessTextsAlone : accessTexts).find(
    ([phrase]) => says(phrase, text, echo) !== undefined,
  );
  if (known !== undefined) return known[1];
  const byCode = meanings.get(code);
  if (byCode?.before !== true && saysNotNow(text, echo)) return notNow;
  return byCode ?? wholeRefusal(intent);
}

/** In a status line or a plain text, which repeat nothing of what was sent but the key. */
export function saysKeyExpired(text: string): boolean {
  return says(phrases.keyExpired, text, noEcho) !== undefined;
}

/** Told by an HTTP status alone. */
export function expiredKey(status: number): DeviceError {
  const { reason, retry, problem, instead } = keyExpired;
  return new DeviceError(reason, `${problem} (HTTP ${status})`, {
    retry,
    applied: 'no',
    said: instead ?? '',
  });
}

/** The device answered a message with words only that say: not now. */
export function notNowAnswer(words: string): DeviceError {
  const { reason, retry, problem } = notNow;
  return new DeviceError(reason, problem, {
    retry,
    applied: 'unknown',
    said: oneLine(words),
    answered: true,
  });
}

function wholeRefusal(intent: Intent): Meaning {
  return intent === 'update'
    ? {
        reason: 'RegistrationRejected',
        retry: 'slow',
        before: false,
        problem:
          'the device refuses a message of registrations as a whole. Check its limits of addresses and tags, and its system log',
      }
    : {
        reason: 'InvalidResponse',
        retry: 'slow',
        before: false,
        problem: 'the device refuses a command. Check its version, and that the vsys exists',
      };
}
