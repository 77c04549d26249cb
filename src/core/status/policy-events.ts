// Events for changes of a policy's status: only for its own doing, never for a firewall's outage.

import type { FoundCondition } from './conditions.ts';
import { type EventNote, isOwnDoing } from './event-note.ts';

/** A policy's status as far as Events depend on it, as found or as written. */
export type ToldPolicyStatus = {
  readonly conditions?: readonly FoundCondition[] | undefined;
  readonly firewalls?: readonly { readonly state: string }[] | undefined;
};

/** What has been told. */
export type PolicyStory = {
  /** Nobody has written a status yet. */
  readonly isNew: boolean;
  /** The generation and the reason of its own for which it was told to be not Ready. */
  readonly trouble: string | undefined;
  /** The generation that has selected Pods, or was told to select none: Pods that come and go later are no news. */
  readonly selecting: number | undefined;
};

/** What has been told by a predecessor: as much as the object's status shows. */
export function foundPolicyStory(found: ToldPolicyStatus | undefined): PolicyStory {
  if (found?.conditions === undefined) return { isNew: true, trouble: undefined, selecting: undefined };
  const trouble = ownTrouble(found);
  const ready = readyOf(found);
  const selecting = ready?.status === 'True' ? generationOf(ready) : undefined;
  return { isNew: ready?.reason === 'NoPods', trouble: trouble && nameOf(trouble), selecting };
}

export function policyEvents(
  story: PolicyStory,
  status: ToldPolicyStatus,
): { readonly story: PolicyStory; readonly events: readonly EventNote[] } {
  const trouble = ownTrouble(status);
  if (trouble !== undefined) {
    const name = nameOf(trouble);
    const note = `${trouble.reason}: ${trouble.message}`;
    return {
      story: { ...story, trouble: name },
      events: name === story.trouble ? [] : [{ reason: 'NotReady', note }],
    };
  }
  const ready = readyOf(status);
  if (ready?.status !== 'True') return { story, events: [] };
  const selecting = generationOf(ready);
  if (ready.reason === 'NoPods') {
    // That it is Ready is told when there is something to be ready with.
    const isNew = story.isNew || story.trouble !== undefined;
    const events: EventNote[] =
      story.selecting === selecting ? [] : [{ reason: 'NoPods', note: ready.message }];
    return { story: { isNew, trouble: undefined, selecting }, events };
  }
  const isNews = story.isNew || story.trouble !== undefined;
  return {
    story: { isNew: false, trouble: undefined, selecting },
    events: isNews ? [{ reason: 'Ready', note: ready.message }] : [],
  };
}

function generationOf({ observedGeneration }: FoundCondition): number {
  return observedGeneration ?? 0;
}

function readyOf({ conditions }: ToldPolicyStatus): FoundCondition | undefined {
  return conditions?.find(({ type }) => type === 'Ready');
}

/** The reason of its own for which it is not Ready. */
function ownTrouble(status: ToldPolicyStatus): FoundCondition | undefined {
  const ready = readyOf(status);
  if (ready === undefined || ready.status === 'True' || !isOwnDoing(ready.reason)) return undefined;
  // A policy whose own spec cannot be read names no firewalls; where there are some, it is their specs.
  const isTheirs = ready.reason === 'InvalidSpec' && (status.firewalls ?? []).length > 0;
  return isTheirs ? undefined : ready;
}

/** An edit that did not help is told again. */
function nameOf(condition: FoundCondition): string {
  return `${generationOf(condition)} ${condition.reason}`;
}
