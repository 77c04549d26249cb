// Reads the <tag> of an entry, of an address or of a user.

import { CommandError } from '../xml/command-error.ts';
import { expectChildren, onlyChild, unexpected } from '../xml/command-xml.ts';
import type { XmlElement } from '../xml/xml-reader.ts';

export type UidTag = {
  readonly name: string;
  /** As sent; undefined where the member has no timeout. */
  readonly timeout: string | undefined;
};

const readTag = (member: XmlElement): UidTag => {
  const child = member.children[0];
  if (child) throw unexpected(member, child.name);
  return { name: member.text, timeout: member.attributes.get('timeout') };
};

/** The tags of an entry; undefined where it has no <tag>. */
export const readTags = (entry: XmlElement): UidTag[] | undefined => {
  const tag = onlyChild(entry, ['tag']);
  if (tag) expectChildren(tag, ['member']);
  if (tag?.children.length === 0) throw new CommandError(17, 'tag -> member is missing');
  return tag?.children.map(readTag);
};

/** 30 days (facts 4.7). */
const maxTimeoutSeconds = 2_592_000;

/** When a tag runs out: ms since the epoch, Infinity for never, undefined for a timeout that is none. */
export const deadlineOf = ({ timeout = '0' }: UidTag, now: number): number | undefined => {
  const seconds = Number(timeout);
  if (!/^\d{1,7}$/.test(timeout) || seconds > maxTimeoutSeconds) return undefined;
  return seconds === 0 ? Infinity : now + seconds * 1000;
};
