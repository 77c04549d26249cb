// Desired side of a table as the table reads it: tags per address, and the limits of the device.

import type { Displacement } from '../limits/slots.ts';
import type { TagSet } from '../model/tag-set.ts';
import type { Rank } from '../policies/rank.ts';

/** The desired side of one firewall, asked per address. */
export type DesiredTags = {
  /** As far as the address has a slot on the device. */
  tagsOf(address: string): TagSet;
  addresses(): Iterable<string>;
  /** Absent: nothing limits what is registered. */
  readonly limits?: AddressLimits | undefined;
};

/** What the limits of the device leave of one address. */
type AddressLimits = {
  /** The desired tags of the address, whether it has a slot or not. */
  deserved(address: string): TagSet;
  /** The PanFirewall whose spec.limits these are. */
  readonly firewall?: string;
  /** How many tags, including other clients', an address may carry. */
  readonly tagsPerAddress: number | undefined;
  /** The same as the device's refusals tell it: nothing that it has taken goes for it. Absent: they tell nothing. */
  refusedBeyond?(address: string): number | undefined;
  /** Why an address without a slot lost it; undefined: it has one. */
  displacementOf?(address: string): Displacement | undefined;
  ranksAt(address: string): ReadonlyMap<string, Rank>;
};
