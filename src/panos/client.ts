// The calls that the operator makes to one device: credentials, commands, replies as values, failures as PanosError.
import { canonicalHost } from '../core/address.ts';
import {
  addressForm,
  countForm,
  keygenForm,
  pageForm,
  systemInfoForm,
  type Table,
  updateForm,
} from './commands.ts';
import { apiKeyCredentials, type Credentials, passwordCredentials } from './credentials.ts';
import { cleaner } from './device-words.ts';
import { PanosError, type PanosReason } from './errors.ts';
import {
  createRegisteredIpReader,
  type RegisteredIp,
  type RegisteredIpReader,
} from './registered-ip-reader.ts';
import {
  type DeviceInfo,
  type Rejected,
  readCount,
  readKey,
  readSystemInfo,
  readUidResponse,
} from './response.ts';
import { textOfReply } from './reply-text.ts';
import { type Call, createTransport, type TransportOptions } from './transport.ts';
import type { UidUpdate } from './uid-message.ts';

export type CallKind = 'keygen' | 'systemInfo' | 'update' | 'readPage' | 'readAddress' | 'count';

/** Told of every HTTP call when it has ended; `seconds` counts from its turn. */
export type CallObserver = (call: {
  readonly kind: CallKind;
  readonly outcome: 'ok' | 'aborted' | PanosReason;
  readonly seconds: number;
}) => void;

export type PanosClientOptions = Omit<TransportOptions, 'maxConcurrentCalls' | 'timeouts'> & {
  readonly credentials:
    | { readonly apiKey: string }
    | { readonly username: string; readonly password: string };
  /** Default 2. Devices advise at most 5, everyone's together. */
  readonly maxConcurrentCalls?: number | undefined;
  /** Defaults: 10 s to connect, 60 s for a call, which is 500 entries on the slowest VM four times over. */
  readonly timeouts?: TransportOptions['timeouts'] | undefined;
  readonly observe?: CallObserver | undefined;
  /** Monotonic time in ms, for the distance between key generations. */
  readonly now?: (() => number) | undefined;
};

/** A part of a table. Pages of one table are read with one reader, so that they share what repeats. */
export type Page = Table & {
  readonly start: number;
  readonly limit: number;
  readonly reader?: RegisteredIpReader;
};

/**
 * One device. Every call waits for its turn (`maxConcurrentCalls`) and then ends within `callMs`, a key generation
 * before it within another. It throws PanosError, the signal's reason when the signal aborts, or a plain Error after
 * close() and for updates that no caller may build.
 */
export type PanosClient = {
  systemInfo(signal: AbortSignal): Promise<DeviceInfo>;
  /**
   * Sends one uid-message. A PanosError's `applied` says whether the table may have changed all the same; after an
   * abort it may have.
   */
  update(update: UidUpdate & Table, signal: AbortSignal): Promise<{ readonly rejected: readonly Rejected[] }>;
  /** Entries from the `start`-th on (from 1), fewer than `limit` (500 at most) at the end of the table. */
  readPage(page: Page, signal: AbortSignal): Promise<readonly RegisteredIp[]>;
  /** The entry of one address, with all of its tags. */
  readAddress(
    address: Table & { readonly ip: string },
    signal: AbortSignal,
  ): Promise<RegisteredIp | undefined>;
  /** The number of entries of a table, everyone's. */
  count(table: Table, signal: AbortSignal): Promise<number>;
  /** Lets the calls in flight end, then closes the connections. */
  close(): Promise<void>;
};

/** Nothing is sent before the first call. Throws PanosError when the CA of `tls` cannot be read. */
export function createPanosClient(options: PanosClientOptions): PanosClient {
  const transport = createTransport({
    ...options,
    maxConcurrentCalls: options.maxConcurrentCalls ?? 2,
    timeouts: options.timeouts ?? { connectMs: 10_000, callMs: 60_000 },
  });
  const { observe } = options;

  /** One HTTP call: its reply as a value, or its failure. */
  async function exchange<T>(
    { kind, form, read }: Question<T>,
    key: string | undefined,
    signal: AbortSignal,
  ): Promise<T> {
    let since = performance.now();
    const call: Call = {
      intent: kind === 'update' ? 'update' : 'read',
      form,
      ...(key === undefined ? {} : { key }),
      onTurn: () => {
        since = performance.now();
      },
    };
    let outcome: 'ok' | 'aborted' | PanosReason = 'aborted';
    try {
      const reply = await transport.post(call, signal);
      const value = read(textOfReply(reply, call.intent));
      outcome = 'ok';
      return value;
    } catch (error) {
      if (!(error instanceof PanosError)) throw error;
      outcome = error.reason;
      throw error.withWords(cleaner(credentials.secrets()));
    } finally {
      observe?.({ kind, outcome, seconds: (performance.now() - since) / 1000 });
    }
  }

  /** A call with a key, and once more with another key when the device refuses the first. */
  async function ask<T>(question: Question<T>, signal: AbortSignal): Promise<T> {
    const key = await credentials.key(signal);
    try {
      return await exchange(question, key, signal);
    } catch (error) {
      if (!refusesKey(error)) throw error;
      const other = await credentials.replacement(key, signal);
      if (other === undefined) throw error;
      return exchange(question, other, signal);
    }
  }

  const credentials = credentialsOf(options, (login, signal) =>
    exchange({ kind: 'keygen', form: keygenForm(login), read: readKey }, undefined, signal),
  );

  return {
    systemInfo: (signal) => ask({ kind: 'systemInfo', form: systemInfoForm(), read: readSystemInfo }, signal),
    async update(update, signal) {
      const read = (text: string) => readUidResponse(text, update);
      const rejected = await ask({ kind: 'update', form: updateForm(update, update), read }, signal);
      const clean = cleaner(credentials.secrets());
      return { rejected: rejected.map((entry) => ({ ...entry, message: clean(entry.message) })) };
    },
    readPage: (page, signal) => {
      const read = page.reader ?? createRegisteredIpReader();
      return ask({ kind: 'readPage', form: pageForm(page, page), read }, signal);
    },
    async readAddress(address, signal) {
      const form = addressForm(address.ip, address);
      const entries = await ask({ kind: 'readAddress', form, read: createRegisteredIpReader() }, signal);
      const ip = canonicalHost(address.ip) ?? address.ip;
      return entries.find((entry) => entry.ip === ip);
    },
    count: (table, signal) => ask({ kind: 'count', form: countForm(table), read: readCount }, signal),
    close: () => transport.close(),
  };
}

type Question<T> = {
  readonly kind: CallKind;
  readonly form: URLSearchParams;
  /** Throws PanosError for a reply that is a refusal or none at all. */
  readonly read: (text: string) => T;
};

/** Whether the device itself has refused the key, before it looked at the call; not a proxy on the way to it. */
function refusesKey(error: unknown): boolean {
  return (
    error instanceof PanosError && error.reason === 'AuthenticationFailed' && !error.code.startsWith('HTTP')
  );
}

type Login = { readonly username: string; readonly password: string };

function credentialsOf(
  { credentials, now = () => performance.now() }: PanosClientOptions,
  keygen: (login: Login, signal: AbortSignal) => Promise<string>,
): Credentials {
  if ('apiKey' in credentials) return apiKeyCredentials(credentials.apiKey);
  const { password } = credentials;
  return passwordCredentials({ password, generate: (signal) => keygen(credentials, signal), now });
}
