// Stands for the system's resolver: each name has the addresses that the test says, or the error, or no answer at all.
import dns, { type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import type { TestContext } from 'node:test';

/** Addresses; getaddrinfo's code for an error; undefined: a lookup that never ends. */
export type Answers = Readonly<Record<string, readonly string[] | string | undefined>>;

export type Resolver = {
  /** The names that were asked for. */
  readonly asked: readonly string[];
  /** Ends the lookups that have no answer yet. */
  readonly answer: (addresses: readonly string[]) => void;
};

type Callback = (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void;

export function scriptResolver(context: TestContext, answers: Answers): Resolver {
  const asked: string[] = [];
  const waiting: Callback[] = [];
  const lookup = (host: string, _: dns.LookupAllOptions, callback: Callback): void => {
    asked.push(host);
    const found = answers[host];
    if (found === undefined) waiting.push(callback);
    else if (typeof found === 'string') {
      setImmediate(callback, Object.assign(new Error(`getaddrinfo ${found} ${host}`), { code: found }), []);
    } else setImmediate(callback, null, recordsOf(found));
  };
  context.mock.method(dns, 'lookup', lookup);
  return {
    asked,
    answer: (addresses) => {
      for (const callback of waiting.splice(0)) callback(null, recordsOf(addresses));
    },
  };
}

function recordsOf(addresses: readonly string[]): LookupAddress[] {
  return addresses.map((address) => ({ address, family: isIP(address) }));
}
