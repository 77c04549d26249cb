// Tells the pairs of a message that are another way after it: by the device's answer, or perhaps, where there was none.

import { type Batch, type BatchItem, sectionsOf } from '../../core/message/batch.ts';
import type { RefusedPair } from '../../core/message/refusals.ts';
import { noTags } from '../../core/model/tag-set.ts';

export type ChangedPair = {
  readonly item: BatchItem;
  readonly op: '+' | '-';
  readonly tag: string;
  readonly outcome: 'confirmed' | 'unknown';
  /** It was there and was to stay: the device took it back to register it again, and refused that. */
  readonly refresh: boolean;
};

type Section = RefusedPair['section'];
type Fate = 'done' | 'refused' | 'unknown';

/** The device answered, and refused these. */
export function* changesOf(batch: Batch, refused: readonly RefusedPair[]): Iterable<ChangedPair> {
  const byAddress = Map.groupBy(refused, ({ address }) => address);
  for (const item of batch) {
    const fateOf = fates(item, byAddress.get(item.address) ?? []);
    for (const tag of item.unregister) yield* changed(item, '-', tag, fateOf('unregister', tag));
    for (const tag of item.register) yield* changed(item, '+', tag, fateOf('register', tag));
    for (const tag of item.refresh ?? noTags) {
      const again = fateOf('register', tag);
      const taken = fateOf('unregister', tag);
      if (again === 'done' || taken === 'refused') continue;
      yield* changed(item, '-', tag, again === 'refused' && taken === 'done' ? 'done' : 'unknown', true);
    }
  }
}

/**
 * Nobody knows what came of the message. Pairs that it refreshed are left out: they were there and are wanted, and where
 * one is missing after all the next reading finds it.
 */
export function* doubtsOf(batch: Batch): Iterable<ChangedPair> {
  for (const item of batch) {
    for (const tag of item.unregister) yield* changed(item, '-', tag, 'unknown');
    for (const tag of item.register) yield* changed(item, '+', tag, 'unknown');
  }
}

function* changed(
  item: BatchItem,
  op: '+' | '-',
  tag: string,
  fate: Fate,
  refresh = false,
): Iterable<ChangedPair> {
  if (fate === 'refused') return;
  yield { item, op, tag, outcome: fate === 'done' ? 'confirmed' : 'unknown', refresh };
}

/** Where the device names an address only, and the message has several tags there, it may have done some of them. */
function fates(item: BatchItem, here: readonly RefusedPair[]): (section: Section, tag: string) => Fate {
  if (here.length === 0) return () => 'done';
  const sections = sectionsOf(item);
  return (section, tag) => {
    const refusedHere = here.filter((one) => one.section === section);
    if (refusedHere.some((one) => one.tag === tag)) return 'refused';
    if (refusedHere.every((one) => one.tag !== undefined)) return 'done';
    return sections[section].length > 1 ? 'unknown' : 'refused';
  };
}
