// Events for changes of a policy's status: only for its own doing, never for a firewall's outage.

import type { FoundCondition } from './conditions.ts';
import { type EventNote, isPolicyFailure } from './event-note.ts';

/** A policy's status as far as Events depend on it, as found or as written. */
export type PolicyEventStatus = {
  readonly conditions?: readonly FoundCondition[] | undefined;
  readonly firewalls?: readonly { readonly state: string }[] | undefined;
};

/** What Events have reported of a policy, so that nothing is reported twice. */
export type ReportedPolicy = {
  /** Nobody has written a status yet. */
  readonly isNew: boolean;
  /** The generation and reason of the failure of its own that was reported. */
  readonly failure: string | undefined;
  /** The generation that has selected Pods, or was reported to select none: Pods that come and go later are not reported. */
  readonly selecting: number | undefined;
};

/** What a predecessor has reported: as much as the object's status shows. */
export function reportedByPolicyStatus(found: PolicyEventStatus | undefined): ReportedPolicy {
  if (found?.conditions === undefined) return { isNew: true, failure: undefined, selecting: undefined };
  const failure = ownFailure(found);
  const ready = readyOf(found);
  const selecting = ready?.status === 'True' ? generationOf(ready) : undefined;
  return { isNew: ready?.reason === 'NoPods', failure: failure && failureKey(failure), selecting };
}

export function policyEvents(
  reported: ReportedPolicy,
  status: PolicyEventStatus,
): { readonly reported: ReportedPolicy; readonly events: readonly EventNote[] } {
  const failure = ownFailure(status);
  if (failure !== undefined) {
    const key = failureKey(failure);
    const note = `${failure.reason}: ${failure.message}`;
    return {
      reported: { ...reported, failure: key },
      events: key === reported.failure ? [] : [{ reason: 'NotReady', note }],
    };
  }
  const ready = readyOf(status);
  if (ready?.status !== 'True') return { reported, events: [] };
  const selecting = generationOf(ready);
  if (ready.reason === 'NoPods') {
    // Ready is reported when there is something to be ready with.
    const isNew = reported.isNew || reported.failure !== undefined;
    const events: EventNote[] =
      reported.selecting === selecting ? [] : [{ reason: 'NoPods', note: ready.message }];
    return { reported: { isNew, failure: undefined, selecting }, events };
  }
  const isNews = reported.isNew || reported.failure !== undefined;
  return {
    reported: { isNew: false, failure: undefined, selecting },
    events: isNews ? [{ reason: 'Ready', note: ready.message }] : [],
  };
}

function generationOf({ observedGeneration }: FoundCondition): number {
  return observedGeneration ?? 0;
}

function readyOf({ conditions }: PolicyEventStatus): FoundCondition | undefined {
  return conditions?.find(({ type }) => type === 'Ready');
}

/** The reason of its own for which it is not Ready. */
function ownFailure(status: PolicyEventStatus): FoundCondition | undefined {
  const ready = readyOf(status);
  if (ready === undefined || ready.status === 'True' || !isPolicyFailure(ready.reason)) return undefined;
  // A policy whose own spec cannot be read names no firewalls; where there are some, it is their specs.
  const isTheirs = ready.reason === 'InvalidSpec' && (status.firewalls ?? []).length > 0;
  return isTheirs ? undefined : ready;
}

/** An edit that did not help is reported again. */
function failureKey(condition: FoundCondition): string {
  return `${generationOf(condition)} ${condition.reason}`;
}
