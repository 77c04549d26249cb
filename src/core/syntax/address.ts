// The one text of an IP address: what Pods report and what devices answer are compared only in this form.

import { isIPv4, isIPv6 } from 'node:net';

/**
 * The canonical text of one IPv4 or IPv6 address, or undefined for anything else (networks, ranges, zone ids,
 * blanks, octal or short IPv4 forms).
 * IPv4 is a strict dotted quad. IPv6 is RFC 5952 text: lower case, no leading zeros, the longest (first) run of
 * two or more zero groups shortened. An IPv4-mapped address stays an IPv6 address, `::ffff:192.0.2.1`.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return formatIPv6(groupsOf(text));
}

/**
 * The canonical text of an address in a Pod's status, read as Kubernetes' own parsers read it (ParseIPSloppy and String of
 * k8s.io/utils/net): a network plugin may have written leading zeros, which are decimal, or an IPv4 address mapped to IPv6,
 * and API servers up to 1.35 stored both (KEP-4858).
 */
export function podAddress(text: string): string | undefined {
  const plain = text.replace(/\d+(?:\.\d+){3}$/, (quad) => quad.replace(/(?<!\d)0+(?=\d)/g, ''));
  const address = canonicalAddress(plain);
  return address?.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}

/** Like canonicalAddress, but a host may also be written as a network of one: `10.0.0.1/32`, `2001:db8::1/128`. */
export function canonicalHost(text: string): string | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return canonicalAddress(text);
  const hostLength = text.includes(':') ? '128' : '32';
  return text.slice(slash + 1) === hostLength ? canonicalAddress(text.slice(0, slash)) : undefined;
}

/** The eight 16-bit groups of a canonical address; those of an IPv4 address are the groups of `::ffff:<address>`. */
export function groupsOfAddress(canonical: string): readonly number[] {
  return groupsOf(canonical.includes(':') ? canonical : `::ffff:${canonical}`);
}

/** The eight 16-bit groups of a valid IPv6 text. */
function groupsOf(text: string): readonly number[] {
  const [left = '', right] = text.split('::');
  const head = groupsOfHalf(left);
  if (right === undefined) return head;
  const tail = groupsOfHalf(right);
  const zeros = Array<number>(8 - head.length - tail.length).fill(0);
  return [...head, ...zeros, ...tail];
}

function groupsOfHalf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return Number.parseInt(part, 16);
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function formatIPv6(groups: readonly number[]): string {
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (mapped) {
    const [high = 0, low = 0] = groups.slice(6);
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const run = longestZeroRun(groups);
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}
