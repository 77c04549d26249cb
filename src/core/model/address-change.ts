// AddressChange: what reaches a table from the cluster's side.

import type { RemovalCause } from './model.ts';
import type { RemovalOrigin } from './removal-origin.ts';
import type { TagSet } from './tag-set.ts';

/** An address whose desired tags, or whose holder, changed. */
export type AddressChange = {
  readonly address: string;
  readonly before: TagSet;
  readonly after: TagSet;
  /** Why tags leave. `vacated` and `newHolder` speak of the whole address, the others of before minus after. */
  readonly cause: RemovalCause;
  /** Whose change it is, where `cause` speaks of an object that was edited or deleted. */
  readonly origin?: RemovalOrigin | undefined;
};
