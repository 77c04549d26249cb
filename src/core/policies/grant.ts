// Tags that one policy gives one claimant, and the firewalls that they are for.

import type { Firewall, PolicyId } from '../model/model.ts';
import type { TagSet } from '../model/tag-set.ts';
import type { Rank } from './rank.ts';

/** The firewalls that take a policy's tags from one namespace, and their distinct tagPrefixes. */
export type Reach = { readonly firewalls: readonly Firewall[]; readonly prefixes: readonly string[] };

/** What one policy gives one claimant. */
export type Grant = {
  readonly policy: PolicyId;
  readonly reach: Reach;
  readonly rank: Rank;
  /** For each of the reach's prefixes, the tags behind it; at most 64. */
  readonly tags: readonly TagSet[];
  /** firewall name -> which of them go there, where an address would carry more than 64. Absent: all of them, everywhere. */
  readonly cut?: ReadonlyMap<string, TagSet>;
  /** The policy alone asks for more than 64. */
  readonly overflows: boolean;
  /** A placeholder had no value. */
  readonly missingValue: boolean;
  /** A rendered text can be no tag, whatever the prefix. */
  readonly illegalTag: boolean;
};
