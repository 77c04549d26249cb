// Interprets the ownership marks found in a table: ours, a rival's, both or none.

import { createHash } from 'node:crypto';
import { quoted } from '../syntax/wording.ts';

/** Of TEST-NET-1 (RFC 5737): no Pod ever has it. */
export const markerAddress = '192.0.2.1';
const markerWord = '_owner.';
const idLength = 12;

/** One operator's claim on all tags that begin with the prefix. */
export type Owner = { readonly prefix: string; readonly id: string };

/** The same for every replica and every start of one installation, another for every other one. */
export function ownerId(clusterUid: string, operatorNamespace: string): string {
  return createHash('sha256').update(`${clusterUid}/${operatorNamespace}`).digest('hex').slice(0, idLength);
}

export function markerTag({ prefix, id }: Owner): string {
  return `${prefix}${markerWord}${id}`;
}

/** The owner that a tag speaks of; undefined for an ordinary tag. */
export function ownerOf(tag: string): Owner | undefined {
  const at = tag.lastIndexOf(`.${markerWord}`) + 1;
  const id = tag.slice(at + markerWord.length);
  return at === 0 || id === '' ? undefined : { prefix: tag.slice(0, at), id };
}

/** Some tag could belong to both. */
export function overlaps(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

/**
 * How we stand towards a table:
 *
 *   unknown       its marker address has not been read yet: nothing is written
 *   firstContact  nobody has marked it: registrations go, and tags that nobody claims are held whatever their number
 *   owner         our marker is there
 *   lost          our marker was there and nobody's is now: the table was emptied, or somebody took the marker away
 *   contested     ours and another's: we go on, but for guarded removals
 *   shutOut       another's and not ours: nothing is written
 */
export type Ownership = {
  readonly kind: 'unknown' | 'firstContact' | 'owner' | 'lost' | 'contested' | 'shutOut';
  /** Other installations that have marked an overlapping prefix, sorted by their tags. */
  readonly rivals: readonly Owner[];
};

export const unknownOwnership: Ownership = { kind: 'unknown', rivals: [] };

/** @param tags all that the device itself has at the marker address, whoever's. */
export function sight(before: Ownership, tags: readonly string[], self: Owner): Ownership {
  const rivals = tags
    .toSorted()
    .flatMap((tag) => ownerOf(tag) ?? [])
    .filter(({ prefix, id }) => id !== self.id && overlaps(prefix, self.prefix));
  const marked = tags.includes(markerTag(self));
  if (rivals.length > 0) return { kind: marked ? 'contested' : 'shutOut', rivals };
  if (marked) return { kind: 'owner', rivals };
  return { kind: wasOurs(before) ? 'lost' : 'firstContact', rivals };
}

/** Our mark is there, or was when the table was last looked at. */
export function wasOurs({ kind }: Ownership): boolean {
  return kind === 'owner' || kind === 'contested' || kind === 'lost';
}

/** Whether anything at all may be written. */
export function mayWrite({ kind }: Ownership): boolean {
  return kind !== 'unknown' && kind !== 'shutOut';
}

/** A sentence with the next step; undefined where nobody else claims the table. @param firewall the PanFirewall's name. */
export function conflictOf({ kind, rivals }: Ownership, firewall: string): string | undefined {
  const [rival] = rivals;
  if (rival === undefined) return undefined;
  const consequence =
    kind === 'shutOut' ? 'nothing is written' : 'guarded removals wait, everything else continues';
  return (
    `${ownerWords(rival)} on this table: ${consequence}; ` +
    `give this PanFirewall a prefix of its own, or ${takeover(rival, firewall)}`
  );
}

/** A mark is a tag, which anybody may have written who writes to the device: what it says is quoted unless it is plain. */
const isPlain = (words: string) => /^[\w.-]{1,128}$/.test(words);

/** The beginning of a sentence: who has marked which prefix. */
export function ownerWords({ id, prefix }: Owner): string {
  const shown = (words: string) => (isPlain(words) ? words : quoted(words));
  return `another operator, ${shown(id)}, has marked its tag prefix ${shown(prefix)}`;
}

/** To be pasted, so only where no shell can read more in it than an id. */
function takeover({ id }: Owner, firewall: string): string {
  if (!isPlain(id)) return 'take the mark off the table: no operator of this kind has such an id';
  return `take over the table with kubectl annotate panfw ${firewall} pantag.io/adopt=${id}`;
}
