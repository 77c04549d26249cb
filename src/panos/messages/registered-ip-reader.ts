// Reads a page of the registered-ip table: the one reply that can be large, so a strict scanner instead of a parser.
import { canonicalHost } from '../../core/syntax/address.ts';
import { detached } from '../errors/detached.ts';
import { readResult, statusOf } from './envelope.ts';
import type { EntryReader } from './table-kind.ts';
import { invalidResponse } from '../errors/errors.ts';
import {
  atEndTag,
  decodeText,
  endTag,
  rawText,
  type Scanner,
  skipBetween,
  startTag,
  take,
  textContent,
  unexpected,
} from '../xml/xml-scanner.ts';

export type RegisteredIp = {
  /** Canonical text of a host; the device's own text of a range or network. */
  readonly ip: string;
  /** Learned by redistribution, not registered on this device. */
  readonly fromAgent: boolean;
  /** Survives a reboot. */
  readonly persistent: boolean;
  /** Equal lists of one reader are often one instance. */
  readonly tags: readonly string[];
  /** The entry is there, and its tags cannot be read: nothing may be concluded of them. */
  readonly unreadable?: true;
};

/**
 * Makes a reader of pages, one for all pages of a table as it remembers the tag lists that repeat: `<response status="success"><result><entry ip="" from_agent="" persistent=""><tag><member/>...
 * </tag></entry>...<count/></result></response>` ("show object registered-ip", PAN-OS 8.0+).
 * It throws DeviceError: the device's refusal, or InvalidResponse for everything else that is not exactly such a page,
 * cut off anywhere, or whose <count> is not the number of its entries. An empty table is <result/>, or a count of 0.
 * An entry whose address is told and whose tags are no XML costs itself alone: devices do not escape everything that
 * others register (ansible-pan #89, pan-python #14).
 */
export function createRegisteredIpReader(): EntryReader<RegisteredIp> {
  const known: KnownTexts = { tagLists: new Map(), tags: new Map(), bytesLeft: mostBytes };
  return (text) => {
    const scanner: Scanner = { text, at: 0 };
    // What is no plain success is small, and the tree knows all of its shapes.
    if (!enterResponse(scanner)) {
      if (text.length <= largestRefusal) readResult(text);
      throw unexpected(scanner, '<response status="success">');
    }
    const entries = readEntries(scanner, known);
    endTag(scanner, 'response');
    skipBetween(scanner);
    if (scanner.at < text.length) throw unexpected(scanner, 'the end');
    return entries;
  };
}

/**
 * What was read before, by its text as written. Most addresses carry the tag list of many others, and finding a text
 * in a map is several times faster than reading it. Bounded, because every Pod may have a tag of its own.
 */
type KnownTexts = {
  readonly tagLists: Map<string, readonly string[]>;
  readonly tags: Map<string, string>;
  /** What a reader may still keep, roughly: a table larger than any device has would take all memory. */
  bytesLeft: number;
};

const knownTagLists = 10_000;
/** 500,000 addresses with tags of their own take half of it. */
const mostBytes = 128 * 1024 * 1024;
/** Of an entry and of a tag in it, beside their texts. */
const entryBytes = 100;
const tagBytes = 8;
const largestRefusal = 256 * 1024;

function keep(known: KnownTexts, bytes: number): void {
  known.bytesLeft -= bytes;
  if (known.bytesLeft < 0) throw invalidResponse('the table has more text than any device holds', 'read');
}

const xmlDeclaration =
  /^\uFEFF?(?:<\?xml(?:[ \t\r\n]+[a-z]+[ \t\r\n]*=[ \t\r\n]*(?:"[\w.-]*"|'[\w.-]*'))+[ \t\r\n]*\?>)?/;

/** Moves past the root's start tag; false where there is no root that says success. */
function enterResponse(scanner: Scanner): boolean {
  const start = xmlDeclaration.exec(scanner.text)?.[0] ?? '';
  scanner.at = start.length;
  skipBetween(scanner);
  if (!scanner.text.startsWith('<response', scanner.at)) return false;
  const root = startTag(scanner);
  if (root.name !== 'response' || root.empty) return false;
  return statusOf(root.attributes.get('status') ?? '', root.attributes.get('code') ?? '') === 'success';
}

function readEntries(scanner: Scanner, known: KnownTexts): readonly RegisteredIp[] {
  const result = startTag(scanner);
  if (result.name !== 'result') throw unexpected(scanner, '<result>');
  const entries: RegisteredIp[] = [];
  let count: number | undefined;
  while (!result.empty && !atEndTag(scanner)) {
    const head = usualHead(scanner);
    if (head !== undefined) {
      entries.push(readableOrNot(scanner, head, known));
      continue;
    }
    const tag = startTag(scanner);
    if (tag.name === 'entry' && !tag.empty)
      entries.push(readableOrNot(scanner, headOf(scanner, tag.attributes), known));
    else if (tag.name === 'count' && !tag.empty && count === undefined) count = readCount(scanner);
    else throw unexpected(scanner, '<entry> or <count>');
  }
  if (!result.empty) endTag(scanner, 'result');
  if ((count ?? 0) !== entries.length) {
    throw invalidResponse(`it has ${entries.length} entries and a count of ${count ?? 'none'}`, 'read');
  }
  return entries;
}

type Head = Pick<RegisteredIp, 'ip' | 'fromAgent' | 'persistent'>;

const usual = /<entry ip="([\da-fA-F.:]+)" from_agent="([01])" persistent="([01])">/y;

/** Reads an entry's start tag as devices write it, several times faster than the general way; undefined for others. */
function usualHead(scanner: Scanner): Head | undefined {
  usual.lastIndex = scanner.at;
  const [text, ip = '', fromAgent, persistent] = usual.exec(scanner.text) ?? [];
  if (text === undefined) return undefined;
  scanner.at += text.length;
  return { ip, fromAgent: fromAgent === '1', persistent: persistent === '1' };
}

function headOf(scanner: Scanner, attributes: ReadonlyMap<string, string>): Head {
  const ip = attributes.get('ip') ?? '';
  if (ip === '') throw unexpected(scanner, 'an ip');
  const fromAgent = flag(scanner, attributes, 'from_agent');
  const persistent = flag(scanner, attributes, 'persistent');
  return { ip, fromAgent, persistent };
}

/** An entry that is no XML is over where the next end tag of an entry is; the count of the page tells whether that is so. */
function readableOrNot(scanner: Scanner, head: Head, known: KnownTexts): RegisteredIp {
  const start = scanner.at;
  keep(known, entryBytes + head.ip.length);
  const { bytesLeft } = known;
  try {
    return readEntry(scanner, head, known);
  } catch (error) {
    entryEnd.lastIndex = start;
    if (known.bytesLeft < 0 || !entryEnd.test(scanner.text)) throw error;
    known.bytesLeft = bytesLeft;
    scanner.at = entryEnd.lastIndex;
    return { ...head, ip: addressOf(head), tags: [], unreadable: true };
  }
}

const entryEnd = /<\/entry[ \t\r\n]*>/g;

function addressOf({ ip }: Head): string {
  return detached(canonicalHost(ip) ?? ip);
}

function readEntry(scanner: Scanner, head: Head, known: KnownTexts): RegisteredIp {
  const tags = readTagList(scanner, known);
  endTag(scanner, 'entry');
  keep(known, tags.length * tagBytes);
  return { ...head, ip: addressOf(head), tags };
}

function readTagList(scanner: Scanner, known: KnownTexts): readonly string[] {
  const start = scanner.at;
  const end = scanner.text.indexOf('</entry', start);
  if (end < 0) throw unexpected({ text: scanner.text, at: scanner.text.length }, '</entry>');
  const raw = scanner.text.slice(start, end);
  const before = known.tagLists.get(raw);
  if (before !== undefined) {
    scanner.at = end;
    return before;
  }
  const tags: string[] = [];
  const tag = startTag(scanner);
  if (tag.name !== 'tag') throw unexpected(scanner, '<tag>');
  while (!tag.empty && !atEndTag(scanner)) tags.push(readMember(scanner, known));
  if (!tag.empty) endTag(scanner, 'tag');
  skipBetween(scanner);
  if (!scanner.text.startsWith('</entry', scanner.at)) throw unexpected(scanner, '</entry>');
  // Elsewhere than at the end of the text by which the list would be known again: </entry was in a CDATA section.
  if (scanner.at === end && known.tagLists.size < knownTagLists) {
    keep(known, raw.length);
    known.tagLists.set(detached(raw), tags);
  }
  return tags;
}

function readMember(scanner: Scanner, known: KnownTexts): string {
  skipBetween(scanner);
  if (!take(scanner, '<member>')) {
    const member = startTag(scanner);
    if (member.name !== 'member') throw unexpected(scanner, '<member>');
    if (member.empty) return '';
  }
  const raw = rawText(scanner, 'member');
  if (raw === undefined) {
    const text = textContent(scanner, 'member');
    keep(known, text.length);
    return detached(text);
  }
  const before = known.tags.get(raw);
  if (before !== undefined) return before;
  keep(known, 2 * raw.length);
  const decoded = decodeText(scanner, raw);
  const key = detached(raw);
  const tag = decoded === raw ? key : detached(decoded);
  known.tags.set(key, tag);
  return tag;
}

function flag(scanner: Scanner, attributes: ReadonlyMap<string, string>, name: string): boolean {
  const value = attributes.get(name) ?? '0';
  if (value !== '0' && value !== '1') throw unexpected(scanner, `0 or 1 as ${name}`);
  return value === '1';
}

function readCount(scanner: Scanner): number {
  const digits = textContent(scanner, 'count').trim();
  if (!/^\d{1,9}$/.test(digits)) throw unexpected(scanner, 'a number');
  return Number(digits);
}
