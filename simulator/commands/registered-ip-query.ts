// Reads the command `show object registered-ip` and answers it from one table.

import { canonicalAddress } from '../device/address.ts';
import { CommandError } from '../xml/command-error.ts';
import { readNumber } from '../xml/command-xml.ts';
import type { Features } from '../device/features.ts';
import { countReply, outfileReply, pageReply } from '../xml/replies.ts';
import type { Settings } from '../settings.ts';
import type { RegisteredIpTable, Row } from '../device/table.ts';
import type { XmlElement } from '../xml/xml-reader.ts';

type RegisteredIpQuery = {
  /** Canonical text; undefined: every address. */
  readonly ip: string | undefined;
  /** Entries with any of these; empty: every entry. */
  readonly tags: readonly string[];
  readonly limit: number;
  /** 1-based (facts 5.1). */
  readonly startPoint: number;
  readonly countOnly: boolean;
};

const address = (element: XmlElement): string => {
  const ip = canonicalAddress(element.text.trim());
  if (ip === undefined) throw new CommandError(17, 'registered-ip -> ip is invalid');
  return ip;
};

const tagNames = (element: XmlElement): string[] =>
  element.children.map((entry) => {
    const name = entry.name === 'entry' ? entry.attributes.get('name') : undefined;
    if (name === undefined) throw new CommandError(17, `tag -> ${entry.name} is unexpected`);
    return name;
  });

const isCountOption = (all: XmlElement): boolean => {
  const [option, second] = all.children;
  if (!option) return false;
  if (second || option.name !== 'option' || option.text.trim() !== 'count') {
    throw new CommandError(17, `all -> ${second?.name ?? option.name} is unexpected`);
  }
  return true;
};

const nothing: RegisteredIpQuery = {
  ip: undefined,
  tags: [],
  limit: Infinity,
  startPoint: 1,
  countOnly: false,
};

const readFilter = (element: XmlElement): Partial<RegisteredIpQuery> => {
  switch (element.name) {
    case 'all':
      return { countOnly: isCountOption(element) };
    case 'ip':
      return { ip: address(element) };
    case 'tag':
      return { tags: tagNames(element) };
    case 'limit':
      return { limit: readNumber('registered-ip', element) };
    case 'start-point':
      return { startPoint: readNumber('registered-ip', element) };
    default:
      throw new CommandError(17, `registered-ip -> ${element.name} is unexpected`);
  }
};

/** Reads the children of `<registered-ip>`, in any order, each at most once. Throws CommandError 17. */
export const readQuery = (registeredIp: XmlElement): RegisteredIpQuery => {
  const names = registeredIp.children.map((child) => child.name);
  if (new Set(names).size < names.length) {
    throw new CommandError(17, 'registered-ip -> an option is given twice');
  }
  return registeredIp.children.reduce((query, child) => ({ ...query, ...readFilter(child) }), nothing);
};

const matching = (table: RegisteredIpTable, query: RegisteredIpQuery): readonly Row[] => {
  if (query.ip === undefined) return table.rows(query.tags);
  const row = table.get(query.ip);
  return row && (query.tags.length === 0 || query.tags.some((tag) => row.tags.has(tag))) ? [row] : [];
};

/** The answer's text and how many entries it carries. Throws CommandError 17 for paging that a release lacks. */
export const answerQuery = (
  table: RegisteredIpTable,
  query: RegisteredIpQuery,
  { settings, features }: { readonly settings: Settings; readonly features: Features },
): { readonly body: string; readonly entries: number } => {
  const rows = matching(table, query);
  if (!features.paging) {
    if (query.limit !== Infinity || query.startPoint !== 1) {
      throw new CommandError(17, 'registered-ip -> limit is unexpected');
    }
    if (rows.length > settings.limits.pageEntries) return { body: outfileReply, entries: 0 };
  }
  if (query.countOnly) return { body: countReply(rows.length), entries: 0 };
  const first = query.startPoint - 1;
  const page = rows.slice(first, first + Math.min(query.limit, settings.limits.pageEntries));
  return { body: pageReply(page, query.tags, settings), entries: page.length };
};
