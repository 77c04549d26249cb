// Where the API key of each call comes from: given, or generated once from a user name and password.
import { PanosError } from './errors.ts';

export type Credentials = {
  /** The key for the next call. Throws PanosError when none is to be had. */
  key(signal: AbortSignal): Promise<string>;
  /** After the device refused a key: another one to try once, or undefined when there is no other. */
  replacement(refused: string, signal: AbortSignal): Promise<string | undefined>;
  /** Texts that may not appear in any message. */
  secrets(): readonly string[];
};

/** A key that an administrator generated. Blanks around it are dropped: Secrets made from files end in a line feed. */
export function apiKeyCredentials(apiKey: string): Credentials {
  const key = apiKey.trim();
  return {
    key: async () => {
      if (/^[\x21-\x7e]+$/.test(key)) return key;
      throw new PanosError(
        'The API key is empty or has characters that no key has. Generate one on the device and put it into the Secret',
        { reason: 'AuthenticationFailed', retry: 'slow', applied: 'no' },
      );
    },
    replacement: async () => undefined,
    secrets: () => [key],
  };
}

/** How long a refused key or password is not tried again: a device may lock an account that fails too often. */
const holdMs = 60_000;

/**
 * A key generated from a user name and password, kept in memory only and shared by all calls.
 * A new key may end the life of older ones, so there is one generation at a time, and none within a minute of the last
 * one: two programs with one account would otherwise take the key from each other call by call.
 */
export function passwordCredentials(options: {
  readonly password: string;
  /** Asks the device for a key (type=keygen). */
  readonly generate: (signal: AbortSignal) => Promise<string>;
  /** Monotonic time in ms. */
  readonly now: () => number;
}): Credentials {
  let current: string | undefined;
  let last: { readonly at: number; readonly refusal?: PanosError } | undefined;
  const held = () => (last !== undefined && options.now() - last.at < holdMs ? last : undefined);

  const generate = singleFlight(async (signal) => {
    try {
      current = await options.generate(signal);
      last = { at: options.now() };
      return current;
    } catch (error) {
      if (isRefusedLogin(error)) last = { at: options.now(), refusal: error };
      throw error;
    }
  });

  return {
    async key(signal) {
      if (current !== undefined) return current;
      const refusal = held()?.refusal;
      if (refusal !== undefined) throw refusal;
      return generate(signal);
    },
    async replacement(refused, signal) {
      if (current !== undefined && current !== refused) return current;
      if (held() !== undefined) return undefined;
      return generate(signal);
    },
    secrets: () => (current === undefined ? [options.password] : [options.password, current]),
  };
}

function isRefusedLogin(error: unknown): error is PanosError {
  return (
    error instanceof PanosError &&
    (error.reason === 'AuthenticationFailed' || error.reason === 'RoleNotAuthorized')
  );
}

/**
 * Lets callers share one run. A caller whose signal aborts leaves with its reason; when the last one has left, the
 * run's own signal aborts.
 */
function singleFlight<T>(run: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  type Flight = { readonly result: Promise<T>; readonly abort: AbortController; callers: number };
  let flight: Flight | undefined;

  const join = (): Flight => {
    if (flight !== undefined) return flight;
    const abort = new AbortController();
    const result = run(abort.signal).finally(() => {
      if (flight?.abort === abort) flight = undefined;
    });
    flight = { result, abort, callers: 0 };
    return flight;
  };

  return async (signal) => {
    signal.throwIfAborted();
    const joined = join();
    joined.callers += 1;
    const left = Promise.withResolvers<never>();
    const leave = () => left.reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([joined.result, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      joined.callers -= 1;
      if (joined.callers === 0) {
        // Nobody is to join a run that is being aborted.
        if (flight === joined) flight = undefined;
        joined.abort.abort();
      }
    }
  };
}
