// Reads the sections of a uid-message that are about users: tags, logins and groups.

import { CommandError } from '../xml/command-error.ts';
import { expectChildren, onlyChild, required } from '../xml/command-xml.ts';
import { readTags, type UidTag } from './uid-tags.ts';
import type { XmlElement } from '../xml/xml-reader.ts';

export type UserTagsEntry = {
  readonly user: string;
  /** Undefined where the entry has no <tag>: all tags of the user. */
  readonly tags: readonly UidTag[] | undefined;
};

export type LoginEntry = {
  readonly name: string;
  readonly ip: string;
  /** In minutes, as sent. */
  readonly timeout: string | undefined;
};

export type LogoutEntry = { readonly name: string | undefined; readonly ip: string };

/** The whole membership; without members the group goes (facts 6.4). */
export type GroupEntry = { readonly name: string; readonly members: readonly string[] };

export type UserSections = {
  readonly login: readonly LoginEntry[];
  readonly logout: readonly LogoutEntry[];
  readonly groups: readonly GroupEntry[];
  readonly 'unregister-user': readonly UserTagsEntry[];
  readonly 'register-user': readonly UserTagsEntry[];
};

const entriesOf = (section: XmlElement | undefined): readonly XmlElement[] => {
  if (section) expectChildren(section, ['entry']);
  return section?.children ?? [];
};

const readTagged = (entry: XmlElement): UserTagsEntry => ({
  user: required(entry, 'user'),
  tags: readTags(entry),
});

/** A HIP report may stand in a login (facts 6.3); it is not looked into. */
const readLogin = (entry: XmlElement): LoginEntry => {
  expectChildren(entry, ['hip-report']);
  return {
    name: required(entry, 'name'),
    ip: required(entry, 'ip'),
    timeout: entry.attributes.get('timeout'),
  };
};

const readLogout = (entry: XmlElement): LogoutEntry => {
  expectChildren(entry, []);
  return { name: entry.attributes.get('name'), ip: required(entry, 'ip') };
};

const readGroup = (entry: XmlElement): GroupEntry => {
  const members = onlyChild(entry, ['members']);
  if (!members) throw new CommandError(17, 'entry -> members is missing');
  return {
    name: required(entry, 'name'),
    members: entriesOf(members).map((member) => required(member, 'name')),
  };
};

export const readUserSections = (sections: ReadonlyMap<string, XmlElement>): UserSections => ({
  login: entriesOf(sections.get('login')).map(readLogin),
  logout: entriesOf(sections.get('logout')).map(readLogout),
  groups: entriesOf(sections.get('groups')).map(readGroup),
  'unregister-user': entriesOf(sections.get('unregister-user')).map(readTagged),
  'register-user': entriesOf(sections.get('register-user')).map(readTagged),
});
