// The messages of a purge: removals only, and where one is refused as a whole, halves of it until the culprits stand alone.

import { DeviceError } from '../../core/model/device-error.ts';
import { type Batch, type BatchItem, spaceFor } from '../../core/message/batch.ts';
import type { Group } from '../../core/message/bisection.ts';
import type { RefusedPair } from '../../core/message/refusals.ts';
import { type Attempt, Suspects } from '../../core/message/suspects.ts';
import { noTags, type TagSet } from '../../core/model/tag-set.ts';
import { messageLimits } from './table-sender.ts';

/** So many refusals without an acceptance are the device's doing: the purge is tried again later. */
const mostRefusals = 20;

/** Removals in messages of a size that a device takes. */
export function* batchesOf(removals: ReadonlyMap<string, TagSet>, now: number): Iterable<Batch> {
  let batch: BatchItem[] = [];
  let fits = spaceFor(messageLimits);
  for (const [address, tags] of removals) {
    const next = item(address, tags, now);
    if (!fits(next)) {
      yield batch;
      batch = [];
      fits = spaceFor(messageLimits);
      fits(next);
    }
    batch.push(next);
  }
  if (batch.length > 0) yield batch;
}

export function item(address: string, unregister: TagSet, now: number): BatchItem {
  return { address, register: noTags, unregister, causes: new Map(), since: now };
}

/**
 * Tells what was refused, by name or found in this way.
 * @throws DeviceError what `send` throws, when it is no entry's fault.
 */
export async function sendInHalves(
  batch: Batch,
  now: () => number,
  send: (batch: Batch) => Promise<readonly RefusedPair[]>,
): Promise<readonly RefusedPair[]> {
  const suspects = new Suspects();
  const refused: RefusedPair[] = [];
  const part = (group: Group) => ({
    batch: group.map((one) => item(one.address, one.unregister, now())),
  });
  let attempt: Attempt<{ readonly batch: Batch }> | undefined = suspects.began({ batch });
  while (attempt !== undefined) {
    try {
      refused.push(...(await send(attempt.message.batch)));
      attempt.passed();
    } catch (error) {
      if (!(error instanceof DeviceError) || error.reason !== 'RegistrationRejected') throw error;
      if (suspects.failures >= mostRefusals) throw error;
      const { message } = error;
      refused.push(...attempt.refused(0, 0).map((pair) => ({ ...pair, message })));
    }
    attempt = suspects.next(0, part);
  }
  return refused;
}
