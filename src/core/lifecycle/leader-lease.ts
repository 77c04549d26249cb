// Leader election arithmetic over one process's clock: when the Lease may be taken, and how long leadership is certain.

/** ms; coordination.k8s.io rules as client-go keeps them: term > renewal > retry. */
export const leaseTimes = {
  /** Nobody takes a Lease that was seen to change within this long. */
  term: 10_000,
  /** A leader that could not renew for this long begins nothing any more. */
  renewal: 7_000,
  retry: 2_000,
  /** Calls in flight are cut off this long before the term is over: room for two clocks that run 2 % apart. */
  margin: 500,
} as const;

/** Clocks of nodes that are kept by NTP differ by less than this. */
const mostAheadMs = 5_000;

/** A Lease as this process last saw it change. */
type Sighting = {
  /** '' when nobody holds it. */
  readonly holder: string;
  /** What the holder claims; undefined where it says nothing. */
  readonly termMs: number | undefined;
  /** Own monotonic clock, after the answer had come. */
  readonly at: number;
};

/**
 * From when on this process may take the Lease, in its own monotonic ms. What the Lease says about times is not
 * asked: the holder's clock may be wrong.
 */
export function freeFrom({ holder, termMs, at }: Sighting, identity: string): number {
  if (holder === '' || holder === identity) return at;
  return at + Math.max(leaseTimes.term, termMs ?? 0);
}

/** Until when a leader may act that began its last renewal at this moment, before it was sent. Own monotonic ms. */
export function provenUntil(renewalBegunAt: number): { readonly begin: number; readonly calls: number } {
  return {
    begin: renewalBegunAt + leaseTimes.renewal,
    calls: renewalBegunAt + leaseTimes.term - leaseTimes.margin,
  };
}

/**
 * Holders whose network came up after this moment (ms since the epoch) are new to whoever leads next.
 *
 * Pods' times are cut to whole seconds, so the second of the renewal counts as after it. No more room is given to clocks
 * that differ: a new holder that is overlooked has its predecessor's tags judged by gate and guard, as every
 * guarded removal is, while one that is counted too many would lose them past the guard. Only a former leader whose
 * clock was a little ahead is corrected: nothing was renewed after the sight of that renewal. A sight that lies further
 * back says that one of the clocks is wrong and not which one; then the later time counts, so that few holders are new.
 *
 * @param renewedAt as the former leader's clock said, ms since the epoch.
 * @param seenAt when this process first saw that renewal, by its own wall clock.
 */
export function newHoldersSince(renewedAt: number, seenAt: number): number {
  const since = seenAt < renewedAt - mostAheadMs ? renewedAt : Math.min(renewedAt, seenAt);
  return Math.floor(since / 1000) * 1000 - 1;
}
