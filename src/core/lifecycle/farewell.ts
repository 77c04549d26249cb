// Decides when a deleted PanFirewall's finalizer is removed, and what its status and Event say.

/** What became of unregistering everything of ours in one table, or in all of them. */
export type PurgeOutcome =
  | { readonly kind: 'clean'; readonly addresses: number }
  /** It is over, and something stays. `why` is a clause. */
  | { readonly kind: 'left'; readonly why: string };

export type FarewellFacts = {
  /** As the spec says by now; undefined where it cannot be read. */
  readonly deletionPolicy?: 'Purge' | 'Retain' | undefined;
  readonly mode: 'Enforce' | 'Observe';
  /** The CRD is being deleted, and all PanFirewalls with it: nobody decided about the firewalls' tables. */
  readonly crdDeleting: boolean;
  /** No operator has met its device: nothing of ours can be on it. */
  readonly neverMet?: boolean;
  /** undefined while it goes on. */
  readonly outcome: PurgeOutcome | undefined;
  readonly overdue: boolean;
  readonly timeoutSeconds: number;
  /** What keeps it from being completed. */
  readonly obstacle: string;
};

export type Farewell = { readonly reason: 'Purged' | 'PurgeAbandoned'; readonly note: string };

/** undefined: it has to wait. */
export function farewell(facts: FarewellFacts): Farewell | undefined {
  const { deletionPolicy, mode, crdDeleting, outcome, overdue, timeoutSeconds, obstacle } = facts;
  if (outcome?.kind === 'clean') {
    const note = `the firewall was purged: none of our tags are left on it (${outcome.addresses} addresses unregistered)`;
    return { reason: 'Purged', note };
  }
  if (facts.neverMet === true)
    return { reason: 'Purged', note: 'the device was never reached: there is nothing to purge' };
  if (deletionPolicy === 'Retain') return abandoned('spec.deletionPolicy is Retain');
  if (crdDeleting) return abandoned('the PanFirewall CRD is being deleted, which never purges a firewall');
  if (mode === 'Observe') return abandoned('spec.mode is Observe');
  if (outcome !== undefined) return abandoned(outcome.why);
  if (overdue)
    return abandoned(`not completed within ${timeoutSeconds} s (spec.purgeTimeoutSeconds): ${obstacle}`);
  return undefined;
}

function abandoned(why: string): Farewell {
  return {
    reason: 'PurgeAbandoned',
    note: `finalizer removed before the purge finished; tags may remain on the firewall: ${why}`,
  };
}

/** Several tables as one: over when all are, and clean only when all are; undefined while one goes on. */
export function together(outcomes: readonly (PurgeOutcome | undefined)[]): PurgeOutcome | undefined {
  const left = outcomes.find((outcome) => outcome?.kind === 'left');
  if (outcomes.includes(undefined)) return undefined;
  if (left !== undefined) return left;
  const addresses = outcomes.reduce(
    (sum, outcome) => sum + (outcome?.kind === 'clean' ? outcome.addresses : 0),
    0,
  );
  return { kind: 'clean', addresses };
}

type FormerStatus = {
  readonly conditions?: readonly unknown[] | undefined;
  readonly device?: unknown;
  readonly tables?: readonly { readonly owned: number }[] | undefined;
};

/**
 * Whether no leader has met the device: whoever meets one says so in the status, which keeps it.
 *
 * @param device as this process met it.
 */
export function neverMet(device: object | undefined, status: FormerStatus | undefined): boolean {
  if (status?.conditions === undefined || status.conditions.length === 0) return false;
  const isMet = (device ?? status.device) !== undefined;
  return !isMet && (status.tables ?? []).every(({ owned }) => owned === 0);
}

type Delay = {
  /** metadata.deletionTimestamp, ms since the epoch by the API server's clock. */
  readonly deletingSince: number;
  /** When this process first saw it, ms since the epoch. */
  readonly seenAt: number;
  readonly now: number;
  readonly timeoutSeconds: number;
};

/** One that is found overdue, after a pause of the operator or with clocks that disagree, still gets one try. */
const tryMs = 10_000;

/** How long until spec.purgeTimeoutSeconds are over, ms; 0 when they are. */
export function timeLeft({ deletingSince, seenAt, now, timeoutSeconds }: Delay): number {
  const timeoutMs = timeoutSeconds * 1000;
  const sinceDeletion = Math.max(0, seenAt - deletingSince) + (now - seenAt);
  const sinceSeen = now - seenAt;
  return Math.max(0, timeoutMs - sinceDeletion, Math.min(timeoutMs, tryMs) - sinceSeen);
}
