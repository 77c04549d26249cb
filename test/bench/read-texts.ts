// Reading the texts of a large table's pages, and nothing else: by the operator's reader or by a general parser.
import { XMLParser } from 'fast-xml-parser';
import { canonicalHost } from '../../src/core/syntax/address.ts';
import { createRegisteredIpReader } from '../../src/panos/messages/registered-ip-reader.ts';
import { bareTransfer } from './bare-transfer.ts';
import type { PageAccess } from './page-server.ts';

/** Gives the number of entries, or of bytes where nobody looks at them. */
export type Read = () => Promise<number>;

export type ReadParts = {
  readonly read: Read;
  /** Of the last read, the page that took longest: a stall of the event loop. */
  readonly longestMs?: () => number;
  /** What is done with what was read last. */
  readonly takeUp?: Read;
  readonly close?: () => Promise<void>;
};

async function fetchTexts(access: PageAccess): Promise<readonly string[]> {
  const transfer = bareTransfer(access);
  const texts: string[] = [];
  await transfer.read((reply) => texts.push(Buffer.concat(reply).toString()));
  await transfer.close();
  // Without the counts.
  return texts.slice(1, -1);
}

/** Fetches the pages first; only the reading of their texts is measured. */
export async function readTexts(
  access: PageAccess,
  makeParse: () => (text: string) => number,
): Promise<ReadParts> {
  const texts = await fetchTexts(access);
  let longestMs = 0;
  const read = async (): Promise<number> => {
    const parse = makeParse();
    let entries = 0;
    longestMs = 0;
    for (const text of texts) {
      const begun = performance.now();
      entries += parse(text);
      longestMs = Math.max(longestMs, performance.now() - begun);
    }
    return entries;
  };
  return { read, longestMs: () => longestMs };
}

export function fastXmlParser(): (text: string) => number {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    isArray: (name) => name === 'entry' || name === 'member',
  });
  return (text) => {
    const { response } = parser.parse(text, true) as { response: { result: { entry?: readonly unknown[] } } };
    return response.result.entry?.length ?? 0;
  };
}

/**
 * The same parser as a reader could use it: blanks of tags kept, the shape checked strictly, tag lists that repeat
 * shared. What is no XML costs the whole page, where our own reader gives up one entry.
 */
export function checkedParser(): (text: string) => number {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    htmlEntities: true,
    isArray: (name) => name === 'entry' || name === 'member',
  });
  const lists = new Map<string, readonly string[]>();
  const entryOf = (raw: unknown) => {
    const {
      '@ip': ip,
      '@from_agent': fromAgent,
      '@persistent': persistent,
      tag,
    } = elementOf(raw, entryParts);
    if (typeof ip !== 'string' || !isFlag(fromAgent) || !isFlag(persistent)) throw new Error('no entry');
    const { member = [] } = elementOf(tag, ['member']);
    if (!Array.isArray(member)) throw new Error('no members');
    const tags = member.map((one: unknown) => {
      if (typeof one !== 'string') throw new Error('no text');
      return one;
    });
    const key = tags.join('\n');
    const shared = lists.get(key) ?? tags;
    lists.set(key, shared);
    return {
      ip: canonicalHost(ip) ?? ip,
      fromAgent: fromAgent === '1',
      persistent: persistent === '1',
      tags: shared,
    };
  };
  return (text) => {
    const root = elementOf(parser.parse(text, true), ['response']);
    const response = elementOf(root['response'], ['@status', 'result']);
    if (response['@status'] !== 'success') throw new Error('no success');
    const { entry = [], count = '0' } = elementOf(response['result'], ['entry', 'count']);
    if (!Array.isArray(entry)) throw new Error('no entries');
    const entries = entry.map(entryOf);
    if (Number(count) !== entries.length) throw new Error('another count');
    return entries.length;
  };
}

const entryParts = ['@ip', '@from_agent', '@persistent', 'tag'];

/** An element with these attributes and children alone, and between them blanks. */
function elementOf(value: unknown, parts: readonly string[]): Readonly<Record<string, unknown>> {
  if (value === '') return {};
  if (typeof value !== 'object' || value === null) throw new Error('no element');
  for (const [name, inner] of Object.entries(value)) {
    const isBlank = name === '#text' && typeof inner === 'string' && inner.trim() === '';
    if (!isBlank && !parts.includes(name)) throw new Error(`unexpected ${name}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function isFlag(value: unknown): value is '0' | '1' {
  return value === '0' || value === '1';
}

export function ownReader(): (text: string) => number {
  const read = createRegisteredIpReader();
  return (text) => read(text).length;
}
