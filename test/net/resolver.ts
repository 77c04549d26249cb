// Stands for the system's resolver and libuv's threads for it: each name has the addresses that the test says, or the
// error, or no answer at all, and then occupies a thread.
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

/** @param threads that look names up; libuv's are two by default. */
export function scriptResolver(context: TestContext, answers: Answers, threads = 2): Resolver {
  const asked: string[] = [];
  const waiting: Callback[] = [];
  const queue: (() => void)[] = [];
  let idle = threads;
  const next = (): void => {
    if (idle > 0 && queue.length > 0) {
      idle -= 1;
      queue.shift()?.();
    }
  };
  const lookup = (host: string, _: dns.LookupAllOptions, callback: Callback): void => {
    asked.push(host);
    const end: Callback = (error, found) => {
      idle += 1;
      callback(error, found);
      next();
    };
    queue.push(() => {
      const found = answers[host];
      if (found === undefined) waiting.push(end);
      else if (typeof found === 'string') {
        setImmediate(end, Object.assign(new Error(`getaddrinfo ${found} ${host}`), { code: found }), []);
      } else setImmediate(end, null, recordsOf(found));
    });
    next();
  };
  context.mock.method(dns, 'lookup', lookup);
  return {
    asked,
    answer: (addresses) => {
      for (const end of waiting.splice(0)) end(null, recordsOf(addresses));
    },
  };
}

function recordsOf(addresses: readonly string[]): LookupAddress[] {
  return addresses.map((address) => ({ address, family: isIP(address) }));
}
