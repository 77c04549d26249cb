// Which hosts are reached without the proxy that the environment names: the list in NO_PROXY.

import { canonicalAddress, groupsOfAddress } from './address.ts';
import { contains, parseNetwork } from './network.ts';

/**
 * Whether the list names the host: `*` (all), a domain (with its subdomains), `.domain` or `*.domain` (the subdomains
 * alone), an address, or a network in CIDR notation; each but networks also as `<host>:<port>`. Entries are separated
 * by commas or blanks. There is no standard; this is what Go programs and curl agree on.
 * @param host a name or an address, without brackets.
 */
export function isExempt(list: string, host: string, port: number): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && matches(entry, host.toLowerCase().replace(/\.$/, ''), port));
}

function matches(entry: string, host: string, port: number): boolean {
  const address = canonicalAddress(host);
  const network = parseNetwork(entry);
  if (network.ok) return address !== undefined && contains(network.network, groupsOfAddress(address));
  const { name, only } = splitPort(entry);
  if (only !== undefined && only !== port) return false;
  if (name === '*') return true;
  if (address !== undefined) return canonicalAddress(name) === address;
  const domain = name.replace(/^\*?\./, '').replace(/\.$/, '');
  return host.endsWith(`.${domain}`) || (host === domain && name[0] !== '.' && name[0] !== '*');
}

/** `host:8443` and `[2001:db8::1]:8443`; an address alone has colons of its own. */
function splitPort(entry: string): { readonly name: string; readonly only: number | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry);
  const [, name = entry, port] = bracketed ?? /^([^:]*):(\d+)$/.exec(entry) ?? [];
  return { name, only: port === undefined ? undefined : Number(port) };
}
