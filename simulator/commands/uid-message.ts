// Reads a <uid-message>: what the User-ID API was asked to register, unregister, clear, log in and group.

import { CommandError } from '../xml/command-error.ts';
import { expectChildren, onlyChild, readCommand, required, unexpected } from '../xml/command-xml.ts';
import type { Features } from '../device/features.ts';
import { readTags, type UidTag } from './uid-tags.ts';
import { readUserSections, type UserSections } from './user-sections.ts';
import type { XmlElement } from '../xml/xml-reader.ts';

export type UidEntry = {
  /** As sent. */
  readonly ip: string;
  /** Undefined where the entry has no <tag>: all tags of the address. */
  readonly tags: readonly UidTag[] | undefined;
  readonly persistent: boolean | undefined;
};

/**
 * In the order in which the device works them off: what is removed comes before what is added (facts 4.2, 6.1), logins
 * before logouts (facts 6.3), and users are made known before they are tagged.
 */
const sectionNames = [
  'clear',
  'unregister',
  'register',
  'login',
  'logout',
  'groups',
  'unregister-user',
  'register-user',
] as const;

export type SectionName = (typeof sectionNames)[number];

const clearable = ['registered-ip', 'registered-user'] as const;

export type UidMessage = {
  /** The sections that the message has, in the order in which the device works them off. */
  readonly sections: readonly SectionName[];
  readonly clear: readonly (typeof clearable)[number][];
  readonly unregister: readonly UidEntry[];
  readonly register: readonly UidEntry[];
  readonly users: UserSections;
};

const readPersistent = (entry: XmlElement): boolean | undefined => {
  const value = entry.attributes.get('persistent');
  if (value === undefined) return undefined;
  if (value !== '0' && value !== '1') throw new CommandError(17, 'entry -> persistent must be 0 or 1');
  return value === '1';
};

const readEntry = (entry: XmlElement): UidEntry => ({
  ip: required(entry, 'ip'),
  tags: readTags(entry),
  persistent: readPersistent(entry),
});

const readEntries = (section: XmlElement | undefined): UidEntry[] => {
  if (!section) return [];
  expectChildren(section, ['entry']);
  return section.children.map(readEntry);
};

/** `<clear>` empties whole tables, nothing less (facts 4.16). */
const readClear = (clear: XmlElement | undefined): UidMessage['clear'] => {
  if (!clear) return [];
  expectChildren(clear, clearable);
  const names = clearable.filter((name) => clear.children.some((child) => child.name === name));
  if (names.length === 0) throw new CommandError(17, 'clear -> registered-ip is missing');
  for (const what of clear.children) {
    if (!onlyChild(what, ['all'])) throw new CommandError(17, `${what.name} -> all is missing`);
  }
  return names;
};

const readPayload = (payload: XmlElement): UidMessage => {
  expectChildren(payload, sectionNames);
  const sections = new Map(payload.children.map((child) => [child.name, child]));
  if (sections.size < payload.children.length) {
    throw new CommandError(17, 'payload -> a section is given twice');
  }
  return {
    sections: sectionNames.filter((name) => sections.has(name)),
    clear: readClear(sections.get('clear')),
    unregister: readEntries(sections.get('unregister')),
    register: readEntries(sections.get('register')),
    users: readUserSections(sections),
  };
};

/** Refuses what only later releases know. */
const expectFeatures = (message: UidMessage, { memberTimeout, userTags }: Features): void => {
  const tagged = [...message.register, ...message.users['register-user']];
  const hasTimeout = tagged.some(({ tags = [] }) => tags.some(({ timeout }) => timeout !== undefined));
  if (hasTimeout && !memberTimeout) throw new CommandError(17, 'member -> timeout is unexpected');
  const userSection = message.sections.find((name) => /^(?:un)?register-user$/.test(name));
  if (userSection !== undefined && !userTags) {
    throw new CommandError(17, `payload -> ${userSection} is unexpected`);
  }
};

/**
 * Reads a message; `version` is ignored and the order of the children is free (facts 4.1).
 * Throws CommandError: 18 where it is not well-formed, 17 where it is no uid-message of this release.
 */
export const readUidMessage = (document: string, features: Features): UidMessage => {
  const root = readCommand(document);
  if (root.name !== 'uid-message') throw new CommandError(17, `${root.name} is unexpected`);
  expectChildren(root, ['version', 'type', 'payload']);
  const childrenNamed = (name: string): XmlElement[] => root.children.filter((child) => child.name === name);
  const [type] = childrenNamed('type');
  if (type?.text.trim() !== 'update') throw new CommandError(17, 'uid-message -> type must be update');
  const [payload, second] = childrenNamed('payload');
  if (!payload || second) throw new CommandError(17, 'uid-message needs one payload');
  if (payload.text.trim() !== '') throw unexpected(payload, 'text');
  const message = readPayload(payload);
  expectFeatures(message, features);
  return message;
};
