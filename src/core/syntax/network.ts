// Networks in CIDR notation: 10.20.0.0/16, fd00:10::/48; and whether an address lies in one.

import { canonicalAddress, groupsOfAddress } from './address.ts';
import type { Network } from '../model/model.ts';

type ParsedNetwork =
  | { readonly ok: true; readonly network: Network }
  | { readonly ok: false; readonly problem: string };

const ipv4Bits = 96;

/** Reads an IPv4 or IPv6 network; bits after its length must be zero, so that what is written is what is meant. */
export function parseNetwork(text: string): ParsedNetwork {
  const [, host = '', digits = ''] = /^([^/]*)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
  const address = canonicalAddress(host);
  const dotted = address !== undefined && !address.includes(':');
  const bits = Number(digits);
  // Whoever writes a mapped network has another idea of it than firewalls do.
  const mapped = !dotted && address?.includes('.') === true;
  if (address === undefined || mapped || bits > (dotted ? 32 : 128)) {
    return { ok: false, problem: 'must be a network such as 10.20.0.0/16 or fd00:10::/48' };
  }
  const length = dotted ? ipv4Bits + bits : bits;
  const given = groupsOfAddress(address);
  const groups = given.map((group, i) => group & mask(i, length));
  if (groups.every((group, i) => group === given[i])) return { ok: true, network: { groups, length } };
  return { ok: false, problem: `has bits set after its length: write ${textOf(groups)}/${bits}` };
}

/** The same of a text that is known to be one. @throws TypeError */
export function networkOf(text: string): Network {
  const parsed = parseNetwork(text);
  if (!parsed.ok) throw new TypeError(`${text} ${parsed.problem}`);
  return parsed.network;
}

/** Reads a network as most programs do: bits after its length do not count. undefined: it is none. */
export function maskedNetwork(text: string): Network | undefined {
  const [, host = '', digits = ''] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const address = canonicalAddress(host);
  if (address === undefined) return undefined;
  const length = address.includes(':') ? Number(digits) : ipv4Bits + Number(digits);
  const given = groupsOfAddress(address);
  if (length > 128 || (isIPv4(given) && length < ipv4Bits)) return undefined;
  return { groups: given.map((group, i) => group & mask(i, length)), length };
}

/** `::/0` is all of IPv6, and none of IPv4. @param groups of the address; see groupsOfAddress. */
export function contains({ groups: network, length }: Network, groups: readonly number[]): boolean {
  if (isIPv4(network) !== isIPv4(groups)) return false;
  return network.every((group, i) => ((groups[i] ?? 0) & mask(i, length)) === group);
}

function isIPv4(groups: readonly number[]): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
}

/** The bits of one 16-bit group that belong to the first `length` of all. */
function mask(group: number, length: number): number {
  const bits = Math.min(16, Math.max(0, length - 16 * group));
  return (0xffff << (16 - bits)) & 0xffff;
}

function textOf(groups: readonly number[]): string {
  const hex = groups.map((group) => group.toString(16)).join(':');
  const text = canonicalAddress(hex) ?? hex;
  // A masked IPv4 network is a mapped address here: its dotted part is the IPv4 text.
  return isIPv4(groups) ? text.slice('::ffff:'.length) : text;
}
