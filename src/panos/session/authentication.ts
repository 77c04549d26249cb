// Authenticates each call: a given key, or a key or session obtained for a user name and password.
import { DeviceError } from '../../core/model/device-error.ts';
import { productTiming } from '../../core/model/timing.ts';
import { singleFlight } from '../../signals/single-flight.ts';

/** What a call carries to be let in. */
export type Pass = {
  readonly headers: Readonly<Record<string, string>>;
  /** Fields of the form, beside those of the call. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Texts that may not appear in any message. */
  readonly secrets: readonly string[];
  /** What to carry instead when the device refuses this one though it has just given it. */
  readonly instead?: Pass;
};

export type Credentials = {
  /** The pass for the next call. Throws DeviceError when none is to be had. */
  pass(signal: AbortSignal): Promise<Pass>;
  /** The device let a call with this pass in. */
  accepted(pass: Pass): void;
  /** After the device refused a pass: another one to try once, or undefined when there is no other. */
  replacement(refused: Pass, signal: AbortSignal): Promise<Pass | undefined>;
  /** Whether the device gave this pass moments ago, so that it cannot be the pass that it refuses. */
  isNew(pass: Pass): boolean;
  /** Texts that may not appear in any message. */
  secrets(): readonly string[];
};

export type Login = { readonly username: string; readonly password: string };

/** The key goes into the form, where every release looks for it: the header X-PAN-KEY is known since 9.0 only. */
export function keyPass(key: string): Pass {
  return { headers: {}, fields: { key }, secrets: [key] };
}

/** A key that an administrator generated. Blanks around it are dropped: Secrets made from files end in a line feed. */
export function apiKeyCredentials(apiKey: string): Credentials {
  const pass = keyPass(apiKey.trim());
  return {
    pass: async () => {
      if (/^[\x21-\x7e]+$/.test(apiKey.trim())) return pass;
      throw new DeviceError(
        'AuthenticationFailed',
        'the API key is empty or has characters that no key has. Generate one on the device and put it into the Secret',
        { retry: 'slow', applied: 'no' },
      );
    },
    accepted: () => {},
    replacement: async () => undefined,
    isNew: () => false,
    secrets: () => pass.secrets,
  };
}

/** Of HTTP Basic, RFC 7617, in UTF-8. */
export function basicPass({ username, password }: Login): Pass {
  const token = Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
  return { headers: { authorization: `Basic ${token}` }, secrets: [password, token] };
}

/**
 * What to carry after a sign-in with Basic: the cookies of the session alone, as the password may be good for one use
 * only (RADIUS, one-time tokens). A device that does not take them alone gets the password with each call, and so does
 * one that begins no session.
 * @param setCookies the Set-Cookie headers of the reply to the sign-in.
 */
export function sessionPass(basic: Pass, setCookies: readonly string[]): Pass {
  const pairs = setCookies.flatMap((line) => /^\s*([^=;\s]+=[^;]*)/.exec(line)?.[1]?.trim() ?? []);
  if (pairs.length === 0) return basic;
  const cookie = pairs.join('; ');
  // A short value identifies nobody, and words of the device hold it by accident.
  const values = pairs.map((pair) => pair.slice(pair.indexOf('=') + 1)).filter(({ length }) => length >= 8);
  const secrets = [cookie, ...values];
  const both = { headers: { ...basic.headers, cookie }, secrets: [...basic.secrets, ...secrets] };
  return { headers: { cookie }, secrets, instead: both };
}

/**
 * A pass that the device gives for a user name and password, kept in memory only and shared by all calls.
 * A new key may end the life of older ones, so one is obtained at a time, and none within `holdMs` of the last one:
 * two programs with one account would otherwise take the key from each other call by call. A refused password is not
 * tried again within it, whatever it is for.
 */
export function passwordCredentials(options: {
  readonly secrets: readonly string[];
  /** Asks the device for a pass: a key, or a session. */
  readonly obtain: (signal: AbortSignal) => Promise<Pass>;
  /** Whether passes live side by side, as sessions do: one that worked and has ended is renewed at once. */
  readonly sideBySide?: boolean;
  /** Monotonic time in ms. */
  readonly now: () => number;
  /** How long a refused pass or password is not tried again: a device may lock an account that fails too often. */
  readonly holdMs?: number | undefined;
}): Credentials {
  const { holdMs = productTiming.signInHoldMs } = options;
  let current: Pass | undefined;
  /** Calls that were sent with it may still be answered. */
  let former: Pass | undefined;
  let proven = false;
  let last: { readonly at: number; readonly refusal?: DeviceError } | undefined;
  const held = () => (last !== undefined && options.now() - last.at < holdMs ? last : undefined);
  const use = (pass: Pass): Pass => {
    former = current;
    current = pass;
    proven = false;
    return pass;
  };

  const obtain = singleFlight(async (signal) => {
    try {
      const pass = use(await options.obtain(signal));
      last = { at: options.now() };
      return pass;
    } catch (error) {
      if (isRefusedLogin(error)) last = { at: options.now(), refusal: error };
      throw error;
    }
  });

  return {
    async pass(signal) {
      if (current !== undefined) return current;
      const refusal = held()?.refusal;
      if (refusal !== undefined) throw refusal;
      return obtain(signal);
    },
    accepted(pass) {
      if (pass === current) proven = true;
    },
    async replacement(refused, signal) {
      if (current !== undefined && current !== refused) return current;
      if (!proven && refused.instead !== undefined) return use(refused.instead);
      const latest = held();
      const ended = options.sideBySide === true && proven && latest?.refusal === undefined;
      return latest === undefined || ended ? obtain(signal) : undefined;
    },
    isNew(pass) {
      const latest = held();
      const untried = !proven && pass.instead !== undefined;
      return pass === current && !untried && latest !== undefined && latest.refusal === undefined;
    },
    secrets: () => [...options.secrets, ...(former?.secrets ?? []), ...(current?.secrets ?? [])],
  };
}

function isRefusedLogin(error: unknown): error is DeviceError {
  return (
    error instanceof DeviceError &&
    (error.reason === 'AuthenticationFailed' || error.reason === 'RoleNotAuthorized')
  );
}
