// Reads and prints the addresses of the registered-ip table.

import { isIPv4, isIPv6, SocketAddress } from 'node:net';

const numberOf = (ipv4: string): number =>
  ipv4.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);

const ipv4Of = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

const host = (text: string): string | undefined => {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return new SocketAddress({ address: text, family: 'ipv6' }).address;
};

const network = (text: string): string | undefined => {
  const match = /^(.+)\/(\d{1,3})$/.exec(text);
  const address = host(match?.[1] ?? '');
  const length = Number(match?.[2]);
  if (address === undefined) return undefined;
  if (length === (isIPv4(address) ? 32 : 128)) return address;
  if (!isIPv4(address) || length > 32) return undefined;
  const size = 2 ** (32 - length);
  return `${ipv4Of(Math.floor(numberOf(address) / size) * size)}/${length}`;
};

const range = (text: string): string | undefined => {
  const [first = '', last = '', ...rest] = text.split('-');
  if (rest.length > 0 || !isIPv4(first) || !isIPv4(last)) return undefined;
  return numberOf(first) <= numberOf(last) ? text : undefined;
};

/**
 * The one text under which the device keeps an address, or undefined where it is none. Hosts are IPv4 or IPv6
 * (inet_ntop's text), with or without /32 or /128; IPv4 networks and ranges are taken as since PAN-OS 10.0
 * (facts 4.10). Host bits of a network are cleared.
 */
export const canonicalAddress = (text: string): string | undefined =>
  host(text) ?? (text.includes('/') ? network(text) : range(text));

/** The text in which the device returns an address: some return hosts in CIDR form (facts 4.10). */
export const printAddress = (canonical: string, hostsAsCidr: boolean): string => {
  if (!hostsAsCidr || isAddressSet(canonical)) return canonical;
  return `${canonical}/${canonical.includes(':') ? 128 : 32}`;
};

/** Whether it is an IPv4 network or range: one registered object that stands for many hosts. */
export const isAddressSet = (canonical: string): boolean => /[/-]/.test(canonical);

/** Whether a network or range, in canonical text, holds a host. */
export const containsAddress = (set: string, address: string): boolean => {
  if (!isIPv4(address)) return false;
  const [first = '', second = ''] = set.split(/[/-]/);
  const from = numberOf(first);
  const to = set.includes('/') ? from + 2 ** (32 - Number(second)) - 1 : numberOf(second);
  return from <= numberOf(address) && numberOf(address) <= to;
};
