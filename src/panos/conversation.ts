// Questions to one device: each with a key, its reply read into a value, its failure without secrets, and observed.
import { keygenForm } from './commands.ts';
import { apiKeyCredentials, type Credentials, passwordCredentials } from './credentials.ts';
import { cleaner } from './device-words.ts';
import { PanosError, type PanosReason } from './errors.ts';
import { textOfReply } from './reply-text.ts';
import { readKey } from './response.ts';
import { type Call, createTransport, type TransportOptions } from './transport.ts';

export type CallKind = 'keygen' | 'systemInfo' | 'update' | 'readPage' | 'readAddress' | 'count';

export type CallOutcome = 'ok' | 'aborted' | PanosReason;

/** Told of every HTTP call when it has ended; `seconds` counts from its turn. */
export type CallObserver = (call: {
  readonly kind: CallKind;
  readonly outcome: CallOutcome;
  readonly seconds: number;
}) => void;

type Login = { readonly username: string; readonly password: string };

export type ConversationOptions = TransportOptions & {
  readonly credentials: { readonly apiKey: string } | Login;
  readonly observe?: CallObserver | undefined;
  /** Monotonic time in ms, for the distance between key generations. */
  readonly now?: (() => number) | undefined;
};

export type Question<T> = {
  readonly kind: CallKind;
  readonly form: URLSearchParams;
  /** Throws PanosError for a reply that is a refusal or none at all. */
  readonly read: (text: string) => T;
};

export type Conversation = {
  /** Asks with a key, and once more with another key when the device refuses the first. */
  ask<T>(question: Question<T>, signal: AbortSignal): Promise<T>;
  /** A device's words as they may be shown. */
  clean(words: string): string;
  close(): Promise<void>;
};

export function createConversation(options: ConversationOptions): Conversation {
  const transport = createTransport(options);
  const clean = (words: string): string => cleaner(credentials.secrets())(words);

  /** One HTTP call: its reply as a value, or its failure. */
  const exchange = async <T>(
    question: Question<T>,
    key: string | undefined,
    signal: AbortSignal,
  ): Promise<T> => {
    const observed = observation(question.kind, options.observe);
    const intent = question.kind === 'update' ? 'update' : 'read';
    const call: Call = {
      intent,
      form: question.form,
      onTurn: observed.begin,
      ...(key === undefined ? {} : { key }),
    };
    try {
      const value = question.read(textOfReply(await transport.post(call, signal), intent));
      observed.end('ok');
      return value;
    } catch (error) {
      observed.end(error instanceof PanosError ? error.reason : 'aborted');
      throw error instanceof PanosError ? error.withWords(clean) : error;
    }
  };

  const credentials = credentialsOf(options, (login, signal) =>
    exchange({ kind: 'keygen', form: keygenForm(login), read: readKey }, undefined, signal),
  );

  return {
    async ask(question, signal) {
      const key = await credentials.key(signal);
      try {
        return await exchange(question, key, signal);
      } catch (error) {
        if (!refusesKey(error)) throw error;
        const other = await credentials.replacement(key, signal);
        if (other === undefined) throw error;
        return exchange(question, other, signal);
      }
    },
    clean,
    close: () => transport.close(),
  };
}

/** Whether the device itself has refused the key, before it looked at the call; not a proxy on the way to it. */
function refusesKey(error: unknown): boolean {
  return (
    error instanceof PanosError && error.reason === 'AuthenticationFailed' && !error.code.startsWith('HTTP')
  );
}

function credentialsOf(
  { credentials, now = () => performance.now() }: ConversationOptions,
  keygen: (login: Login, signal: AbortSignal) => Promise<string>,
): Credentials {
  if ('apiKey' in credentials) return apiKeyCredentials(credentials.apiKey);
  const { password } = credentials;
  return passwordCredentials({ password, generate: (signal) => keygen(credentials, signal), now });
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
