// Filters addresses by a firewall's addressCIDRs, and drops those that never mean a single host.

import { groupsOfAddress } from '../syntax/address.ts';
import type { Firewall, Network } from '../model/model.ts';
import { contains, networkOf } from '../syntax/network.ts';

/**
 * RFC 6890 and RFC 4291. No packet of a Pod crosses a firewall under such an address, and 192.0.2.0/24 (TEST-NET-1)
 * holds the operator's own marker.
 */
const never: readonly Network[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '192.0.2.0/24',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  '::1/128',
  'fe80::/10',
  'ff00::/8',
].map(networkOf);

/** How the texts of all those addresses begin, and of few others: most need no closer look. */
const suspicious = /^(?:0|127|169|192|22[4-9]|23[0-9]|255)\.|^:|^f[ef]/;

/** True when the firewall may carry tags for this address. @param address canonical text; see address.ts. */
export function takes({ addressCIDRs }: Pick<Firewall, 'addressCIDRs'>, address: string): boolean {
  if (addressCIDRs === undefined && !suspicious.test(address)) return true;
  const groups = groupsOfAddress(address);
  if (never.some((network) => contains(network, groups))) return false;
  return addressCIDRs === undefined || addressCIDRs.some((network) => contains(network, groups));
}
