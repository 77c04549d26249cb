// What a device means when it refuses: its response codes, and the few English texts that carry meaning.
import { oneLine } from './device-words.ts';
import { type Intent, mayHaveApplied, PanosError, type PanosReason } from './errors.ts';

type Meaning = {
  readonly reason: PanosReason;
  readonly retry: 'backoff' | 'slow';
  /** The device said so before it looked at the message: it has not taken effect. */
  readonly before: boolean;
  readonly problem: string;
};

const internalError: Meaning = {
  reason: 'DeviceUnavailable',
  retry: 'backoff',
  before: false,
  problem: 'The device reports an internal error. If it stays, look at its system log',
};

const unknownCommand: Meaning = {
  reason: 'InvalidResponse',
  retry: 'slow',
  before: true,
  problem: 'The device does not know this command. PAN-OS 8.0 or newer is needed',
};

const unauthorized: Meaning = {
  reason: 'AuthenticationFailed',
  retry: 'slow',
  before: true,
  problem:
    "The device refuses the credentials: they are wrong, were changed, or the key's lifetime is over. Check the Secret, and the administrator behind it on the device",
};

const sessionTimedOut: Meaning = {
  ...unauthorized,
  retry: 'backoff',
  problem:
    'The device has ended the session. It is tried again; if it stays, renew the key or the password in the Secret',
};

const roleNotAuthorized: Meaning = {
  reason: 'RoleNotAuthorized',
  retry: 'slow',
  before: true,
  problem:
    "The administrator lacks a right. On the device, in the XML API tab of the administrator's role, allow User-ID Agent and Operational Requests",
};

/** Sent for bad credentials and for a right that the role lacks. */
const unauthorizedRequest: Meaning = {
  ...unauthorized,
  problem:
    "The device calls the request unauthorized. Check the Secret, and that the XML API tab of the administrator's role allows User-ID Agent and Operational Requests",
};
const unauthorizedRequestCode = '16';

/** The same code, where the credentials are beyond doubt. */
export function withoutDoubt(refused: PanosError): PanosError {
  return refused.code === unauthorizedRequestCode && refused.reason === 'AuthenticationFailed'
    ? refused.understoodAs(roleNotAuthorized)
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
      problem: 'The device says that the operation is not possible now. If it stays, look at its system log',
    },
  ],
  [
    '15',
    {
      ...internalError,
      retry: 'slow',
      before: true,
      problem:
        'The device denies the operation. If it is no passive member of an HA pair, check the rights of the administrator',
    },
  ],
]);

/**
 * The texts that decide more than their code does: the same 403 stands for a bad key and for a missing right, and the
 * code of a session's end is not always sent. Sources: pan-os-python base.py, and PAN-OS 10.2 replies.
 */
const texts: readonly (readonly [RegExp, Meaning])[] = [
  [/not authorized for user role/i, roleNotAuthorized],
  [/^session timed out/i, sessionTimedOut],
  [/invalid credential/i, unauthorized],
];

/**
 * What a reply with status="error" means. `code` is '' when the device sent none.
 * An unknown one is a refusal of the whole message, whose cause may be a single entry in it.
 */
export function refusal(reply: { code: string; text: string; intent: Intent }): PanosError {
  const { code, text, intent } = reply;
  const meaning =
    texts.find(([pattern]) => pattern.test(text))?.[1] ?? meanings.get(code) ?? wholeRefusal(intent);
  const words = oneLine(text);
  const number = /^\d{1,4}$/.test(code) ? code : '';
  return new PanosError(number === '' ? meaning.problem : `${meaning.problem} (code ${number})`, {
    reason: meaning.reason,
    retry: meaning.retry,
    applied: meaning.before ? 'no' : mayHaveApplied(intent),
    code: number,
    said: words === '' ? 'nothing' : words,
  });
}

function wholeRefusal(intent: Intent): Meaning {
  return intent === 'update'
    ? {
        reason: 'RegistrationRejected',
        retry: 'slow',
        before: false,
        problem:
          'The device refuses a message of registrations as a whole. Look at its limits of addresses and tags, and at its system log',
      }
    : {
        reason: 'InvalidResponse',
        retry: 'slow',
        before: false,
        problem: 'The device refuses a command. Check its version, and that the vsys exists',
      };
}

/**
 * Per-pair messages of a user-id reply that mean "it is so already" (User-ID XML API; minemeld, pan-os-python).
 * Everything else is a failure of that pair.
 */
const benign: Readonly<Record<'register' | 'unregister', RegExp>> = {
  register: /^tag .+ already exists, ignore$/s,
  unregister: /^(?:tag|ip) .+ does not exist, ignore unreg$/s,
};

export function isBenign(section: 'register' | 'unregister', message: string): boolean {
  return benign[section].test(message);
}
