// The texts `<key>.<value>` of one label set by the beginning of their keys: sorted once for all policies that ask.

import type { Labels } from '../model/model.ts';
import { legalTag, reservedClusterSuffix } from './tag.ts';

/** The texts of the labels whose keys begin with `start`, each at least once; none for an empty value. */
export type TextsBeginning = (start: string) => Iterable<string>;

type Entry = { readonly text: string; readonly keyLength: number };

/** All of them, in the order of the labels. */
export function allTexts(labels: Labels): TextsBeginning {
  return function* (start) {
    for (const [key, value] of labels) if (value !== '' && key.startsWith(start)) yield `${key}.${value}`;
  };
}

/**
 * The `most` smallest of them, of each kind: texts for any policy, texts that a ClusterPanTagPolicy may not use, and texts
 * that can be no tag. So a policy that keeps fewer than `most` tags gets the same ones, and learns of the same faults, as
 * from all texts, and no longer walks through all labels. A set of few labels is not sorted.
 */
export function smallestTexts(labels: Labels, most: number): TextsBeginning {
  if (labels.size <= most) return allTexts(labels);
  let kinds: readonly (readonly Entry[])[] | undefined;
  return function* (start) {
    kinds ??= sortedByKind(labels);
    for (const sorted of kinds) yield* beginning(sorted, start, most);
  };
}

function sortedByKind(labels: Labels): readonly (readonly Entry[])[] {
  const entries: Entry[] = [];
  for (const [key, value] of labels) {
    if (value !== '') entries.push({ text: `${key}.${value}`, keyLength: key.length });
  }
  entries.sort(byTextThenLongerKey);
  // Two labels can have one text (a: b.c, a.b: c). The longer key begins with all that the shorter one begins with.
  const different = entries.filter(({ text }, i) => text !== entries[i - 1]?.text);
  return [...Map.groupBy(different, ({ text }) => kindOf(text)).values()];
}

function byTextThenLongerKey(a: Entry, b: Entry): number {
  if (a.text < b.text) return -1;
  return a.text === b.text ? b.keyLength - a.keyLength : 1;
}

/** Whatever is put before a text, namespace or prefix, ends in a dot: it makes no text legal or illegal. */
function kindOf(text: string): 'open' | 'reserved' | 'illegal' {
  if (legalTag('x.', text) === undefined) return 'illegal';
  return reservedClusterSuffix(text) ? 'reserved' : 'open';
}

function* beginning(sorted: readonly Entry[], start: string, most: number): Iterable<string> {
  let left = most;
  for (let i = lowerBound(sorted, start); left > 0; i += 1) {
    const entry = sorted[i];
    if (entry === undefined || !entry.text.startsWith(start)) return;
    // A shorter key ends inside `start` (a: b.c for a.b): at most one for each dot of it.
    if (entry.keyLength < start.length) continue;
    yield entry.text;
    left -= 1;
  }
}

/** Where the first text stands that is not before this one. */
function lowerBound(sorted: readonly Entry[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.text ?? '') < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
