// Checks whether the Lease is still renewed: reads it for as long as its term lasts, without writing it.

import type { Lease } from '../../kubernetes/leases/lease.ts';
import { pause } from '../../runtime/wake.ts';
import { LeaseHold, type LeaseHoldOptions } from './lease-hold.ts';

const pollMs = 1_000;

type Renewal =
  /** Somebody wrote the Lease while it was watched. */
  | { readonly isRenewed: true; readonly holder: string }
  /** Nobody holds it, or nobody wrote it for a whole term. `holder`: '' or who held it last. */
  | { readonly isRenewed: false; readonly holder: string };

/** @param waits told once, when it takes a while: who is named as the holder, and for how many ms at most it is watched. */
export async function watchRenewal(
  options: LeaseHoldOptions,
  waits: (holder: string, ms: number) => void,
  signal: AbortSignal,
): Promise<Renewal> {
  const hold = new LeaseHold(options);
  await hold.look(signal);
  const first = hold.lease;
  if (hold.isOthers) waits(holderOf(first), hold.waitMs);
  while (hold.isOthers && hold.waitMs > 0) {
    await pause(Math.min(pollMs, hold.waitMs), signal);
    await hold.look(signal);
    const { lease } = hold;
    if (hold.isOthers && lease?.version !== first?.version)
      return { isRenewed: true, holder: holderOf(lease) };
  }
  return { isRenewed: false, holder: holderOf(hold.lease) };
}

function holderOf(lease: Lease | undefined): string {
  return lease?.holder ?? '';
}
