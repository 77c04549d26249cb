// Reading the texts of a large table's pages, and nothing else: by the operator's reader or by a general parser.
import { XMLParser } from 'fast-xml-parser';
import { createRegisteredIpReader } from '../../src/panos/messages/registered-ip-reader.ts';
import { bareTransfer } from './bare-transfer.ts';
import type { PageAccess } from './page-server.ts';

/** Gives the number of entries, or of bytes where nobody looks at them. */
export type Read = () => Promise<number>;

export type ReadParts = {
  readonly read: Read;
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
  const read = async (): Promise<number> => {
    const parse = makeParse();
    let entries = 0;
    for (const text of texts) entries += parse(text);
    return entries;
  };
  return { read };
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

export function ownReader(): (text: string) => number {
  const read = createRegisteredIpReader();
  return (text) => read(text).length;
}
