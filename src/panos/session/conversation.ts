// Asks one device questions: authenticates, decodes the reply, keeps secrets out of failures, and observes the call.
import { DeviceError } from '../../core/model/device-error.ts';
import type { ConditionReason } from '../../core/model/model.ts';
import { keygenForm, versionForm } from '../messages/commands.ts';
import {
  apiKeyCredentials,
  basicPass,
  type Credentials,
  keyPass,
  type Login,
  type Pass,
  passwordCredentials,
  sessionPass,
} from './authentication.ts';
import { cleaner } from '../errors/device-words.ts';
import { readResult } from '../messages/envelope.ts';
import { type Outage, rememberOutage } from './start-grace.ts';
import { withoutDoubt } from '../errors/refusal.ts';
import { replyBytes } from '../messages/reply-limits.ts';
import { textOfReply } from '../messages/reply-text.ts';
import { readKey } from '../messages/response.ts';
import { type Call, createTransport, type TransportOptions } from '../http/transport.ts';

type CallKind =
  | 'keygen'
  | 'signIn'
  | 'systemInfo'
  | 'haState'
  | 'managedDevices'
  | 'deviceGroups'
  | 'groupHierarchy'
  | 'update'
  | 'readPage'
  | 'readOne'
  | 'count';

type CallOutcome = 'ok' | 'aborted' | ConditionReason;

/** Told of every HTTP call when it has ended; `seconds` counts from its turn. */
export type CallObserver = (call: {
  readonly kind: CallKind;
  readonly outcome: CallOutcome;
  readonly seconds: number;
}) => void;

/** A key; or a login, from which a key is generated, or with method Basic a session begun. */
type LoginOptions =
  | { readonly apiKey: string }
  | (Login & { readonly method?: 'ApiKey' | 'Basic' | undefined });

export type ConversationOptions = TransportOptions & {
  readonly credentials: LoginOptions;
  readonly observe?: CallObserver | undefined;
  /** Monotonic time in ms, for the distance between sign-ins, and how long ago the device was out of reach. */
  readonly now?: (() => number) | undefined;
  /** Between two sign-ins with one password, ms. Default: the product's. */
  readonly signInHoldMs?: number | undefined;
};

type Question<T> = {
  readonly kind: CallKind;
  /** What the reply may have at most, where that depends on what is asked. Default: by its kind. */
  readonly mostBytes?: number;
  readonly form: URLSearchParams;
  /** Throws DeviceError for a reply that is a refusal or none at all. */
  readonly read: (text: string, setCookies: readonly string[]) => T;
};

export type Conversation = {
  /** Asks with a pass, and once more with another one when the device refuses the first. */
  ask<T>(question: Question<T>, signal: AbortSignal): Promise<T>;
  /** Makes a device's words fit to be shown: made once for all words of a reply. */
  cleaner(): (words: string) => string;
  close(): Promise<void>;
};

/** One HTTP call: its reply as a value, or its failure. */
type Exchange = <T>(question: Question<T>, pass: Pass | undefined, signal: AbortSignal) => Promise<T>;

export function createConversation(options: ConversationOptions): Conversation {
  const { now = () => performance.now() } = options;
  const transport = createTransport(options);
  const outage = rememberOutage(now);
  const clean = (words: string): string => cleaner(credentials.secrets())(words);

  const exchange: Exchange = async (question, pass, signal) => {
    const observed = observation(question.kind, options.observe);
    const intent = question.kind === 'update' ? 'update' : 'read';
    const call: Call = {
      intent,
      form: withFields(question.form, pass?.fields),
      mostReplyBytes: mostBytesOf(question),
      onTurn: observed.begin,
      ...(pass === undefined ? {} : { headers: pass.headers }),
    };
    try {
      const reply = await transport.post(call, signal);
      const value = question.read(textOfReply(reply, intent), reply.setCookies);
      observed.end('ok');
      return value;
    } catch (error) {
      observed.end(error instanceof DeviceError ? error.reason : 'aborted');
      if (!(error instanceof DeviceError)) throw error;
      // A firewall that a Panorama does not reach says nothing about the Panorama.
      if (!question.form.has('target')) outage.note(error);
      throw error.said === undefined ? error : error.with({ said: clean(error.said) });
    }
  };

  const credentials = credentialsOf(options, exchange, now);
  /** Kinds of calls that the device has answered well. */
  const passed = new Set<CallKind>();

  return {
    ask: (question, signal) =>
      askTwice(
        { credentials, outage, passedBefore: passed.has(question.kind) },
        async (pass) => {
          const value = await exchange(question, pass, signal);
          passed.add(question.kind);
          return value;
        },
        signal,
      ),
    cleaner: () => cleaner(credentials.secrets()),
    close: () => transport.close(),
  };
}

type Asking = {
  readonly credentials: Credentials;
  readonly outage: Outage;
  /** The device has answered such a call well before. */
  readonly passedBefore: boolean;
};

async function askTwice<T>(
  { credentials, outage, passedBefore }: Asking,
  ask: (pass: Pass) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const attempt = async (pass: Pass): Promise<T> => {
    try {
      const value = await ask(pass);
      credentials.accepted(pass);
      return value;
    } catch (error) {
      throw error instanceof DeviceError && credentials.isNew(pass) ? withoutDoubt(error) : error;
    }
  };
  try {
    const pass = await credentials.pass(signal);
    return await attempt(pass).catch(async (error: unknown) => {
      if (!refusesPass(error) && !(passedBefore && mayBeThePass(error))) throw error;
      const other = await credentials.replacement(pass, signal);
      if (other === undefined) throw error;
      return attempt(other);
    });
  } catch (error) {
    throw outage.judge(error);
  }
}

/** Whether the device itself has refused the pass, before it looked at the call; not a proxy on the way to it. */
function refusesPass(error: unknown): boolean {
  return (
    error instanceof DeviceError && error.reason === 'AuthenticationFailed' && !error.code.startsWith('HTTP')
  );
}

function mostBytesOf({ kind, mostBytes }: Pick<Question<unknown>, 'kind' | 'mostBytes'>): number {
  return mostBytes ?? (kind === 'update' || kind === 'readPage' ? replyBytes.systemInfo : replyBytes[kind]);
}

/**
 * A status line that says no more than that the request is bad, to a call that was good before: devices were seen to refuse
 * an expired key so (Splunk-Apps #151). It is worth one new key, where there is one to be had.
 */
function mayBeThePass(error: unknown): boolean {
  return error instanceof DeviceError && ['HTTP 400', 'HTTP 401'].includes(error.code);
}

/** The pass differs from attempt to attempt; the question stays as it is. */
function withFields(form: URLSearchParams, fields: Pass['fields']): URLSearchParams {
  return fields === undefined ? form : new URLSearchParams([...form, ...Object.entries(fields)]);
}

function credentialsOf(
  { credentials: login, signInHoldMs: holdMs }: ConversationOptions,
  exchange: Exchange,
  now: () => number,
): Credentials {
  if ('apiKey' in login) return apiKeyCredentials(login.apiKey);
  const basic = basicPass(login);
  const signIn = {
    kind: 'signIn',
    form: versionForm(),
    read: (text: string, setCookies: readonly string[]) => {
      readResult(text);
      return sessionPass(basic, setCookies);
    },
  } as const;
  const keygen = {
    kind: 'keygen',
    form: keygenForm(login),
    read: (text: string) => keyPass(readKey(text)),
  } as const;
  const obtain = (signal: AbortSignal): Promise<Pass> =>
    login.method === 'Basic' ? exchange(signIn, basic, signal) : exchange(keygen, undefined, signal);
  return passwordCredentials({
    secrets: basic.secrets,
    obtain,
    sideBySide: login.method === 'Basic',
    now,
    holdMs,
  });
}

function observation(kind: CallKind, observe: CallObserver | undefined) {
  let since = performance.now();
  return {
    begin: (): void => {
      since = performance.now();
    },
    end: (outcome: CallOutcome): void =>
      observe?.({ kind, outcome, seconds: (performance.now() - since) / 1000 }),
  };
}
