// Reads a <uid-message>: what the User-ID API was asked to register, unregister and clear.
//
// Sources say little about what a device does with a message that is well-formed but odd. Where they are silent
// this reader refuses it as a whole (code 17), so that a client's slip is seen instead of being half applied.

import { CommandError } from './command-error.ts';
import { readXml, XmlError, type XmlElement } from './xml-reader.ts';

export type UidTag = {
  readonly name: string;
  /** As sent; undefined where the member has no timeout. */
  readonly timeout: string | undefined;
};

export type UidEntry = {
  /** As sent. */
  readonly ip: string;
  /** Undefined where the entry has no <tag>: all tags of the address. */
  readonly tags: readonly UidTag[] | undefined;
  readonly persistent: boolean | undefined;
};

export type SectionName = 'clear' | 'unregister' | 'register';

export type UidMessage = {
  /** The sections that the message has, in the order in which the device works them off. */
  readonly sections: readonly SectionName[];
  readonly unregister: readonly UidEntry[];
  readonly register: readonly UidEntry[];
};

const sectionNames: readonly SectionName[] = ['clear', 'unregister', 'register'];

const isSectionName = (name: string): name is SectionName => sectionNames.some((known) => known === name);

const unexpected = (parent: XmlElement, child: string): CommandError =>
  new CommandError(17, `${parent.name} -> ${child} is unexpected`);

/** Refuses text beside child elements and children other than `names`. */
const expectChildren = (element: XmlElement, names: readonly string[]): void => {
  if (element.text.trim() !== '') throw unexpected(element, 'text');
  const stranger = element.children.find((child) => !names.includes(child.name));
  if (stranger) throw unexpected(element, stranger.name);
};

const readTag = (member: XmlElement): UidTag => {
  const child = member.children[0];
  if (child) throw unexpected(member, child.name);
  return { name: member.text, timeout: member.attributes.get('timeout') };
};

const readPersistent = (entry: XmlElement): boolean | undefined => {
  const value = entry.attributes.get('persistent');
  if (value === undefined) return undefined;
  if (value !== '0' && value !== '1') throw new CommandError(17, 'entry -> persistent must be 0 or 1');
  return value === '1';
};

const readEntry = (entry: XmlElement): UidEntry => {
  expectChildren(entry, ['tag']);
  const ip = entry.attributes.get('ip');
  if (ip === undefined) throw new CommandError(17, 'entry -> ip is missing');
  const [tag, second] = entry.children;
  if (second) throw new CommandError(17, 'entry -> tag is given twice');
  if (tag) expectChildren(tag, ['member']);
  if (tag?.children.length === 0) throw new CommandError(17, 'tag -> member is missing');
  return { ip, tags: tag?.children.map(readTag), persistent: readPersistent(entry) };
};

const readEntries = (section: XmlElement | undefined): UidEntry[] => {
  if (!section) return [];
  expectChildren(section, ['entry']);
  return section.children.map(readEntry);
};

/** `<clear>` knows one content: all registered addresses of the table (facts 4.16). */
const checkClear = (clear: XmlElement): void => {
  expectChildren(clear, ['registered-ip']);
  const [what] = clear.children;
  if (!what) throw new CommandError(17, 'clear -> registered-ip is missing');
  expectChildren(what, ['all']);
  if (what.children.length !== 1) throw new CommandError(17, 'registered-ip -> all is missing');
};

const readPayload = (payload: XmlElement): UidMessage => {
  expectChildren(payload, sectionNames);
  const sections = new Map<SectionName, XmlElement>();
  for (const child of payload.children) {
    if (!isSectionName(child.name)) throw unexpected(payload, child.name);
    if (sections.has(child.name)) throw new CommandError(17, `payload -> ${child.name} is given twice`);
    sections.set(child.name, child);
  }
  const clear = sections.get('clear');
  if (clear) checkClear(clear);
  return {
    sections: sectionNames.filter((name) => sections.has(name)),
    unregister: readEntries(sections.get('unregister')),
    register: readEntries(sections.get('register')),
  };
};

/** A well-formed command, or the refusal with code 18. */
export const readCommand = (document: string): XmlElement => {
  try {
    return readXml(document);
  } catch (error) {
    if (error instanceof XmlError) throw new CommandError(18, `malformed command: ${error.message}`);
    throw error;
  }
};

/**
 * Reads a message; `version` is ignored and the order of the children is free (facts 4.1).
 * Throws CommandError: 18 where it is not well-formed, 17 where it is no uid-message.
 */
export const readUidMessage = (document: string): UidMessage => {
  const root = readCommand(document);
  if (root.name !== 'uid-message') throw new CommandError(17, `${root.name} is unexpected`);
  expectChildren(root, ['version', 'type', 'payload']);
  const childrenNamed = (name: string): XmlElement[] => root.children.filter((child) => child.name === name);
  const [type] = childrenNamed('type');
  if (type?.text.trim() !== 'update') throw new CommandError(17, 'uid-message -> type must be update');
  const [payload, second] = childrenNamed('payload');
  if (!payload || second) throw new CommandError(17, 'uid-message needs one payload');
  return readPayload(payload);
};
