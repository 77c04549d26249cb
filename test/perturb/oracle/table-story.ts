// Reads a device's log for tags that left or met when they should not have.
import type { LogEntry } from '../../../simulator/simulator.ts';

/** A tag with its prefix, on an address. */
export type Pair = { readonly address: string; readonly tag: string };

export type Story = {
  /** Once registered they never leave, by no message. */
  readonly stay: readonly Pair[];
  /** Of each, the two tags are never on the address at once. */
  readonly apart: readonly { readonly address: string; readonly tags: readonly [string, string] }[];
  /** They do not leave before this message; `seq` as the log counts. Infinity: it was never allowed. */
  readonly notBefore: readonly { readonly pairs: readonly Pair[]; readonly seq: number }[];
};

/** One sentence for each break; none: all is well. */
export function breaksOf(log: readonly LogEntry[], { stay, apart, notBefore }: Story): string[] {
  const breaks: string[] = [];
  const table = new Map<string, Set<string>>();
  const isOf = (pairs: readonly Pair[], ip: string, tag: string): boolean =>
    pairs.some((pair) => pair.address === ip && pair.tag === tag);
  for (const { seq, unregister, register } of log) {
    for (const { ip, tag, outcome } of unregister) {
      if (outcome !== 'unregistered') continue;
      table.get(ip)?.delete(tag);
      if (isOf(stay, ip, tag)) breaks.push(`message ${seq} removed ${tag} of ${ip}, which its Pod deserves`);
      if (notBefore.some((one) => seq <= one.seq && isOf(one.pairs, ip, tag)))
        breaks.push(`message ${seq} removed ${tag} of ${ip}, which nobody had approved`);
    }
    for (const { ip, tag, outcome } of register) {
      if (outcome === 'refused') continue;
      const tags = table.get(ip) ?? new Set();
      table.set(ip, tags.add(tag));
    }
    for (const { address, tags } of apart)
      if (tags.every((tag) => table.get(address)?.has(tag) === true))
        breaks.push(
          `after message ${seq} ${address} has ${tags.join(' and ')}: of the former Pod and of the new one`,
        );
  }
  return breaks;
}
