// Two PanFirewalls may reach one table; of those whose prefixes overlap, only the eldest writes to it.

import { overlaps } from './ownership.ts';

export type Claim = {
  readonly firewall: string;
  readonly uid: string;
  /** metadata.creationTimestamp, RFC 3339. */
  readonly createdAt: string;
  readonly tagPrefix: string;
  /** What tells the device from all others; 'asking' before it was asked, 'unknown' when it gave no answer. */
  readonly device: { readonly identity: string } | 'asking' | 'unknown';
  /** Names of virtual systems. */
  readonly tables: readonly string[];
};

/** May this PanFirewall write to its table? */
export type Precedence =
  | { readonly kind: 'ours' }
  /** An elder PanFirewall with an overlapping prefix has not learned yet which device it has. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'taken'; readonly by: string };

export function precedence(claims: Iterable<Claim>, mine: Claim, vsys: string): Precedence {
  if (typeof mine.device === 'string') return { kind: 'wait' };
  const { identity } = mine.device;
  let open = false;
  const takers: Claim[] = [];
  for (const claim of claims) {
    if (!isElder(claim, mine) || !overlaps(claim.tagPrefix, mine.tagPrefix)) continue;
    if (claim.device === 'asking') open = true;
    else if (claim.device !== 'unknown' && claim.device.identity === identity && claim.tables.includes(vsys))
      takers.push(claim);
  }
  const [eldest] = takers.sort((a, b) => (isElder(a, b) ? -1 : 1));
  if (eldest !== undefined) return { kind: 'taken', by: eldest.firewall };
  return open ? { kind: 'wait' } : { kind: 'ours' };
}

/** The one table of a device with a single virtual system is that of vsys1. */
export function vsysName(vsys: string | undefined): string {
  return vsys ?? 'vsys1';
}

/** Two of one second are told apart by their uids. */
function isElder(a: Claim, b: Claim): boolean {
  return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.uid < b.uid);
}
