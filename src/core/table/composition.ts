// Composes the next message of a table: changes, and registrations whose timeouts are refreshed.

import type { Agenda } from './agenda.ts';
import { type BatchLimits, type BatchItem, type Fits, spaceFor } from '../message/batch.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { RegistrationTimeouts } from '../timeouts/registration-timeouts.ts';
import { noTags } from '../model/tag-set.ts';

type CompositionParts = {
  readonly mirror: Mirror;
  readonly agenda: Agenda;
  readonly timeouts: RegistrationTimeouts;
};

/** A part of what there is to send. */
export type Portion = {
  /** Absent: every address with something to send. */
  readonly addresses?: Iterable<string> | undefined;
  /** What of it may go now; undefined: nothing. */
  readonly admit: (item: BatchItem) => BatchItem | undefined;
};

type Frame = { readonly limits: BatchLimits; readonly portion: Portion; readonly now: number };

/** `inPart`: addresses of which only a part goes. */
type Composed = { readonly batch: readonly BatchItem[]; readonly inPart: readonly string[] };

/**
 * Changes as they stand in the backlog. Refreshes go where there are none, so that no change waits for them, unless
 * they are late: then they get their share of every message. Empty when there is nothing to send.
 */
export function composeBatch(parts: CompositionParts, frame: Frame): Composed {
  const { limits, portion, now } = frame;
  const fits = spaceFor(limits);
  const refresh = () => (portion.addresses === undefined ? refreshes(parts, frame, fits) : []);
  const late = parts.timeouts.isLate(now) ? refresh() : [];
  const { batch, inPart } = changes(parts, portion, fits);
  if (late.length + batch.length === 0) return { batch: refresh(), inPart };
  return { batch: [...late, ...batch], inPart };
}

function changes({ agenda, timeouts }: CompositionParts, portion: Portion, fits: Fits): Composed {
  const batch: BatchItem[] = [];
  const inPart: string[] = [];
  for (const [address, since] of agenda.backlog.entriesOf(portion.addresses)) {
    const { register, unregister } = agenda.differ.diff(address);
    const causeOf = agenda.differ.causesAt(address);
    const why = new Map(unregister.map((tag) => [tag, causeOf(tag)]));
    const whole = { ...timeouts.stamp, address, register, unregister, causes: why, since };
    const item = portion.admit(whole);
    if (item === undefined) continue;
    if (!fits(item)) break;
    batch.push(item);
    // What is left of it goes on waiting since then.
    if (item !== whole) inPart.push(address);
  }
  return { batch, inPart };
}

const nothingElse = { register: noTags, unregister: noTags, causes: new Map() };

/**
 * All tags that the device surely holds of ours at an address begin anew together, those too whose removal waits or is
 * held: what somebody is to approve must not end by itself. None during a full read: an entry that is taken back and
 * registered again may change its page. However small the quota, one address goes.
 */
function refreshes(
  { mirror, agenda, timeouts }: CompositionParts,
  { portion, now }: Frame,
  fits: Fits,
): BatchItem[] {
  if (mirror.reading) return [];
  const { backlog } = agenda;
  const batch: BatchItem[] = [];
  let left = timeouts.quota(backlog.size > 0);
  for (const address of timeouts.due(now)) {
    // Its change goes first, and it comes after that.
    if (backlog.has(address)) continue;
    const { tags } = mirror.at(address);
    if (tags.length === 0) {
      timeouts.drop(address);
      continue;
    }
    const item = portion.admit({ ...timeouts.stamp, ...nothingElse, address, refresh: tags, since: now });
    if (item === undefined) continue;
    left -= tags.length;
    if ((left < 0 && batch.length > 0) || !fits(item)) break;
    batch.push(item);
  }
  return batch;
}
