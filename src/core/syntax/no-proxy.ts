// Parses NO_PROXY: the hosts that are reached without the environment's proxy.

import { canonicalAddress, groupsOfAddress } from './address.ts';
import type { Network } from '../model/model.ts';
import { contains, maskedNetwork } from './network.ts';

/**
 * Whether the list names the host: `*` (all), a domain (with its subdomains), `.domain` or `*.domain` (the subdomains
 * alone), an address, or a network in CIDR notation, whose bits after its length do not count; each but networks also as
 * `<host>:<port>`. Entries are separated by commas or blanks. There is no standard; this is what Go's ProxyFromEnvironment
 * and curl agree on, and where only one of them takes an entry, that one.
 * @param host a name or an address, without brackets.
 */
export function isExempt(list: string, host: string, port: number): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  const address = canonicalAddress(name);
  const groups = address === undefined ? undefined : groupsOfAddress(address);
  return entriesOf(list).some((entry) => {
    const read = readEntry(entry);
    if (read === undefined || (read.port !== undefined && read.port !== port)) return false;
    if (read.kind === 'all') return true;
    if (read.kind === 'network') return groups !== undefined && contains(read.network, groups);
    if (groups !== undefined) return false;
    return name.endsWith(`.${read.domain}`) || (read.itself && name === read.domain);
  });
}

/** Entries of the list that exempt no host, as nobody knows what they mean; as they stand there. */
export function unreadableEntries(list: string): readonly string[] {
  return entriesOf(list).filter((entry) => readEntry(entry) === undefined);
}

type Entry = { readonly port?: number | undefined } & (
  | { readonly kind: 'all' }
  | { readonly kind: 'network'; readonly network: Network }
  | { readonly kind: 'domain'; readonly domain: string; readonly itself: boolean }
);

function entriesOf(list: string): readonly string[] {
  return list.split(/[\s,]+/).filter((entry) => entry !== '');
}

/** undefined: it can be no host and no network. */
function readEntry(text: string): Entry | undefined {
  const network = maskedNetwork(text);
  if (network !== undefined) return { kind: 'network', network };
  const parts = splitPort(text.toLowerCase());
  if (parts === undefined) return undefined;
  const { host, port } = parts;
  if (host === '*') return { kind: 'all', port };
  const address = canonicalAddress(host);
  if (address !== undefined) {
    return { kind: 'network', network: { groups: groupsOfAddress(address), length: 128 }, port };
  }
  const [, below, name = ''] = /^(\*?\.)?(.*?)\.?$/s.exec(host) ?? [];
  const domain = asciiName(name);
  return domain === undefined ? undefined : { kind: 'domain', domain, itself: below === undefined, port };
}

type Parts = { readonly host: string; readonly port: number | undefined };

/** `host:8443` and `[2001:db8::1]:8443`; an address alone has colons of its own. An empty port is any. */
function splitPort(entry: string): Parts | undefined {
  const bracketed = /^\[([^\]]*)\](?::(\d*))?$/.exec(entry);
  const [, host = entry, digits = ''] = bracketed ?? /^([^:]*):(\d*)$/.exec(entry) ?? [];
  const port = digits === '' ? undefined : Number(digits);
  return port !== undefined && port > 65_535 ? undefined : { host, port };
}

/** Of a name that is written as URLs write it, or in other letters; a name whose last label is a number is an address. */
function asciiName(name: string): string | undefined {
  const ascii = /^[\x21-\x7e]*$/.test(name) ? name : (URL.parse(`http://${name}`)?.hostname ?? '');
  const labels = ascii.split('.');
  const isName = labels.every((label) => /^[a-z0-9_-]+$/.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
  return isName ? ascii : undefined;
}
