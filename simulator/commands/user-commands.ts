// The commands that read users: `show user ip-user-mapping`, `show user group` and `show object registered-user`.

import { canonicalAddress } from '../device/address.ts';
import { CommandError } from '../xml/command-error.ts';
import { onlyChild, readNumber, unexpected } from '../xml/command-xml.ts';
import { countReply, success } from '../xml/replies.ts';
import type { Users } from '../device/users.ts';
import type { XmlElement } from '../xml/xml-reader.ts';
import { cdata, escapeAttribute, escapeText } from '../xml/xml-writer.ts';

type UserQuery = { readonly vsys: string; readonly now: number };

const field = (name: string, value: string | number): string =>
  `<${name}>${escapeText(String(value))}</${name}>`;

/** `<all/>`, `<all><type>XMLAPI</type></all>` or `<ip>` (facts 6.6). */
export const mappingsReply = (element: XmlElement, users: Users, { vsys, now }: UserQuery): string => {
  const what = onlyChild(element, ['all', 'ip']);
  if (!what) throw new CommandError(17, 'ip-user-mapping -> all is missing');
  const type = what.name === 'all' ? (onlyChild(what, ['type'])?.text.trim() ?? 'XMLAPI') : 'XMLAPI';
  const ip = what.name === 'ip' ? canonicalAddress(what.text.trim()) : undefined;
  const found = [...users.mappings].filter(
    ([address]) => type === 'XMLAPI' && (what.name === 'all' || address === ip),
  );
  const entries = found.map(([address, { user, deadline }]) => {
    // What never runs out is shown with 0, as it is registered.
    const left = deadline === Infinity ? 0 : Math.ceil((deadline - now) / 1000);
    const fields = field('ip', address) + field('vsys', vsys) + field('type', 'XMLAPI') + field('user', user);
    return `<entry>${fields}${field('idle_timeout', left)}${field('timeout', left)}</entry>`;
  });
  return success(`${entries.join('')}<count>${found.length}</count>`);
};

const groupList = (users: Users): string => {
  const lines = [...users.groups.keys()].map((name) => `${name} `);
  return `\n${lines.join('\n')}\n\nTotal: ${lines.length}\n* : Custom Group\n\n`;
};

const groupMembers = (users: Users, name: string): string => {
  const members = users.groups.get(name);
  if (!members) return `User group '${name}' does not exist or does not have members\n`;
  const lines = members.map((user, index) => `[${String(index + 1).padEnd(6)}] ${user}`);
  return `\n\nsource type: xmlapi\n\n${lines.join('\n')}\n\n`;
};

/** `<list/>` or `<name>`: CDATA text as on the command line (facts 6.6). */
export const groupsReply = (element: XmlElement, users: Users): string => {
  const what = onlyChild(element, ['list', 'name']);
  if (!what) throw new CommandError(17, 'group -> list is missing');
  if (what.name === 'name') return success(cdata(groupMembers(users, what.text)));
  const style = onlyChild(what, ['entry'])?.attributes.get('name') ?? 'xmlapi';
  return success(cdata(style === 'xmlapi' ? groupList(users) : '\n\nTotal: 0\n* : Custom Group\n\n'));
};

type Page = { readonly limit: number; readonly start: number; readonly countOnly: boolean };

/** Paging stands inside `all` here (facts 6.2). */
const readPage = (all: XmlElement): Page => {
  const number = (name: string): number | undefined => {
    const found = all.children.find((child) => child.name === name);
    return found && readNumber('all', found);
  };
  const stranger = all.children.find(({ name }) => !['limit', 'start-point', 'option'].includes(name));
  if (stranger) throw unexpected(all, stranger.name);
  const option = all.children.find(({ name }) => name === 'option')?.text.trim();
  if (option !== undefined && option !== 'count') throw new CommandError(17, 'all -> option is unexpected');
  return {
    limit: number('limit') ?? Infinity,
    start: number('start-point') ?? 1,
    countOnly: option === 'count',
  };
};

/** The answer's text and how many entries it carries. */
export const userTagsReply = (
  element: XmlElement,
  users: Users,
  pageEntries: number,
): { readonly body: string; readonly entries: number } => {
  const what = onlyChild(element, ['all', 'user']);
  if (!what) throw new CommandError(17, 'registered-user -> all is missing');
  const page = what.name === 'all' ? readPage(what) : { limit: 1, start: 1, countOnly: false };
  const found = [...users.tags].filter(([user]) => what.name === 'all' || user === what.text);
  if (page.countOnly) return { body: countReply(found.length), entries: 0 };
  const shown = found.slice(page.start - 1, page.start - 1 + Math.min(page.limit, pageEntries));
  const entries = shown.map(([user, tags]) => {
    const members = [...tags.keys()].map((tag) => field('member', tag)).join('');
    return `<entry user="${escapeAttribute(user)}"><tag>${members}</tag></entry>`;
  });
  return { body: success(`${entries.join('')}<count>${shown.length}</count>`), entries: shown.length };
};
