// Resolves a host name by the system's resolver, with a time limit of our own.
import dns, { type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { abortable } from '../signals/abort.ts';
import { within } from './within.ts';

/** The resolver did not answer within our limit. */
const nameLimitCode = 'DNS_TIMEOUT';

/** A host name has no address, or none that could be learnt now. No connection was tried. */
export class NameError extends Error {
  override readonly name = 'NameError';
  /** getaddrinfo's as Node names it (ENOTFOUND: there is no such name; EAI_AGAIN: no answer now; others), or DNS_TIMEOUT. */
  readonly code: string;
  readonly host: string;

  constructor(code: string, host: string, message: string) {
    super(message);
    this.code = code;
    this.host = host;
  }
}

/** By host name: one lookup for all who ask for the same name. */
const running = new Map<string, Promise<readonly LookupAddress[]>>();

/**
 * A lookup occupies a thread until it ends, and libuv gives lookups half of its threads: two of four by default. The
 * others wait here, so that the time which a lookup takes is its own.
 */
let threads = 2;
let lookups = 0;
const waiting: (() => void)[] = [];

/**
 * Names whose last lookup took long: those that a DNS server leaves without an answer are looked up one after the other, so
 * that all others find a thread.
 */
const slow = new Set<string>();
let slowTurn: Promise<unknown> = Promise.resolve();
const slowMs = 1_000;
/** Of the longest memory: whoever edits endpoints does not fill it. */
const mostSlow = 1_000;

/**
 * Sets for the whole process how many lookups run at once. @param count the threads that libuv has for them: with more
 * than that a name is taken for one without an answer when it waits for a thread.
 */
export function allowLookups(count: number): void {
  threads = count;
}

/**
 * The addresses of a host in the order to try them: as the resolver has them, IPv6 and IPv4 by turns (RFC 8305, section
 * 4). An address is its own. @throws NameError, or the signal's reason
 */
export async function addressesOf(
  host: string,
  limitMs: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const problem = `the name ${host} could not be resolved in ${limitMs / 1000} s`;
  const late = () => new NameError(nameLimitCode, host, problem);
  // A lookup that nobody waits for any more goes on to its end.
  const found = await within({ ms: limitMs, late }, signal, (limited) => abortable(lookup(host), limited));
  if (found.length === 0) throw new NameError('ENOTFOUND', host, `the name ${host} has no address`);
  return byTurns(found).map(({ address }) => address);
}

function lookup(host: string): Promise<readonly LookupAddress[]> {
  const shared = running.get(host);
  if (shared !== undefined) return shared;
  const found = slow.has(host) ? slowTurn.then(() => ask(host)) : ask(host);
  if (slow.has(host)) slowTurn = found.catch(() => undefined);
  running.set(host, found);
  const ended = () => running.delete(host);
  found.then(ended, ended);
  return found;
}

async function ask(host: string): Promise<readonly LookupAddress[]> {
  if (lookups >= threads) await new Promise<void>((resolve) => waiting.push(resolve));
  else lookups += 1;
  try {
    return await askSystem(host);
  } finally {
    const next = waiting.shift();
    if (next === undefined) lookups -= 1;
    else next();
  }
}

function askSystem(host: string): Promise<readonly LookupAddress[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly LookupAddress[]>();
  // One that never ends is slow, too.
  const late = setTimeout(() => {
    if (slow.size < mostSlow) slow.add(host);
  }, slowMs).unref();
  const begunAt = performance.now();
  // As Node's own connections do it: no IPv6 addresses on a machine without IPv6.
  dns.lookup(host, { all: true, hints: dns.ADDRCONFIG }, (error, addresses) => {
    clearTimeout(late);
    if (performance.now() < begunAt + slowMs) slow.delete(host);
    if (error === null) resolve(addresses);
    else reject(new NameError(error.code ?? '', host, problemOf(host, error.code)));
  });
  return promise;
}

function problemOf(host: string, code: string | undefined): string {
  return code === 'ENOTFOUND'
    ? `the name ${host} is unknown to the DNS`
    : `the name ${host} could not be resolved`;
}

function byTurns(found: readonly LookupAddress[]): readonly LookupAddress[] {
  const first = found.filter(({ family }) => family === found[0]?.family);
  const second = found.filter(({ family }) => family !== found[0]?.family);
  const length = Math.max(first.length, second.length);
  return Array.from({ length }, (_, i) => [...first.slice(i, i + 1), ...second.slice(i, i + 1)]).flat();
}
