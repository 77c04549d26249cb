// Two PanFirewalls may reach one table; of those whose prefixes overlap, only the eldest writes to it.

import { overlaps } from './ownership.ts';
import { type TableRef, vsysName } from './table-ref.ts';

export type Claim = {
  readonly firewall: string;
  readonly uid: string;
  /** metadata.creationTimestamp, RFC 3339. */
  readonly createdAt: string;
  readonly tagPrefix: string;
  /**
   * What tells the endpoint's own device from all others, as a serial does: one table may be reached both ways, by
   * the endpoint of its device and through a Panorama. 'asking' before it was asked, 'unknown' when it gave no answer.
   */
  readonly device: { readonly identity: string } | 'asking' | 'unknown';
  readonly tables: readonly TableRef[];
  /** Device groups have not been looked up yet: any table may turn out to be one of them. */
  readonly open?: boolean;
};

/** May this PanFirewall write to its table? */
export type Precedence =
  | { readonly kind: 'ours' }
  /** It is not known yet whose it is: which device we have, or an elder PanFirewall with an overlapping prefix. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'taken'; readonly by: string };

export function precedence(claims: Iterable<Claim>, mine: Claim, table: TableRef): Precedence {
  const place = placeOf(mine, table);
  if (place === undefined) return { kind: 'wait' };
  let open = false;
  const takers: Claim[] = [];
  for (const claim of claims) {
    if (!isElder(claim, mine) || !overlaps(claim.tagPrefix, mine.tagPrefix)) continue;
    const places = claim.tables.map((other) => placeOf(claim, other));
    if (places.includes(place)) takers.push(claim);
    else if (claim.open === true || (claim.device === 'asking' && places.includes(undefined))) open = true;
  }
  const [eldest] = takers.sort((a, b) => (isElder(a, b) ? -1 : 1));
  if (eldest !== undefined) return { kind: 'taken', by: eldest.firewall };
  return open ? { kind: 'wait' } : { kind: 'ours' };
}

/** Equal wherever the same table is meant, whichever way it is reached; undefined while its device is not known. */
function placeOf({ device }: Claim, table: TableRef): string | undefined {
  const identity = table.serial ?? (typeof device === 'string' ? undefined : device.identity);
  return identity && `${identity}/${vsysName(table)}`;
}

/** Two of one second are told apart by their uids. */
function isElder(a: Claim, b: Claim): boolean {
  return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.uid < b.uid);
}
